"""The bound, the sequence of thresholds and what ends it, on counts that can be done by hand."""

from dataclasses import replace

import numpy as np
import pytest

from harmsweep.policy.ladders import PrecisionTarget
from harmsweep.policy.share_bounds import transported_bound
from harmsweep.release.learn_then_test import (
    Flagged,
    Sample,
    count_flagged,
    count_passing,
    pass_chances,
    thresholds_to_try,
)

TARGET = PrecisionTarget(precision=0.95, confidence=0.95, prevalence=0.5)
ERROR = 0.05


def counts(*rows: tuple[int, int], harmless: int = 10_000) -> Flagged:
    """Flagged and right groups, and as many posts, of 400 harmful and many harmless ones."""
    groups, right = (np.array(column) for column in zip(*rows, strict=True))
    whole = {"harmful_groups": 400, "harmless_groups": harmless}
    whole |= {"harmful_posts": 400, "harmless_posts": harmless}
    return Flagged(groups, right, right, groups, right, **whole)


def test_sixty_groups_are_needed_whatever_the_bound_says():
    assert count_passing(counts((59, 59)), TARGET, ERROR) == 0
    assert count_passing(counts((60, 60)), TARGET, ERROR) == 1


@pytest.mark.parametrize(("prevalence", "passes"), [(0.5, 1), (0.05, 1), (0.01, 0)])
def test_the_rarer_the_harm_the_fewer_harmless_groups_may_be_flagged(
    prevalence: float, passes: int
):
    target = TARGET._replace(prevalence=prevalence)
    assert count_passing(counts((202, 200)), target, ERROR) == passes


def test_the_bound_is_at_the_stated_prevalence():
    found = counts((202, 200))
    expected = transported_bound(200, 400, 2, 10_000, prevalence=0.02, error=0.01)
    assert found.bound(0.02, 0.01) == pytest.approx([float(expected)])


def test_the_sequence_ends_at_its_first_failure():
    rows = [(60, 60), (93, 92), (700, 100), (400, 400)]
    assert count_passing(counts(*rows), TARGET, ERROR) == 2
    assert count_passing(counts(rows[2], *rows), TARGET, ERROR) == 0


def test_a_large_group_that_is_all_wrong_is_seen():
    found = counts((200, 198))
    assert count_passing(found, TARGET, ERROR) == 1
    campaign = replace(found, posts=np.array([900]), right_posts=np.array([198]))
    assert count_passing(campaign, TARGET, ERROR) == 0


def test_a_group_counts_once_and_is_right_only_if_all_its_flagged_posts_are():
    sample = Sample(
        scores=np.array([0.9, 0.8, 0.7, 0.9, 0.6, 0.2]),
        truth=np.array([True, True, False, False, True, False]),
        groups=np.array(["a", "a", "a", "b", "c", "c"]),
    )
    found = count_flagged(sample, np.array([0.9, 0.75, 0.7, 0.1]))
    assert found.groups.tolist() == [2, 2, 2, 3]
    assert found.right_groups.tolist() == [1, 1, 0, 0]
    assert (found.posts.tolist(), found.right_posts.tolist()) == ([2, 3, 4, 6], [1, 2, 2, 3])
    # Each has a harmless post: a group is harmful, and found, where it has none.
    assert (found.harmful_groups, found.harmless_groups) == (0, 3)
    assert found.found_groups.tolist() == [0, 0, 0, 0]
    assert (found.harmful_posts, found.harmless_posts) == (3, 3)
    assert sample.prevalence == pytest.approx((2 / 3 + 0 + 1 / 2) / 3)


def alone(scores: list[float], truth: list[bool]) -> Sample:
    """Posts each in a group of its own."""
    return Sample(np.array(scores), np.array(truth), np.arange(len(scores)))


def test_thresholds_fall_from_the_most_promising_to_a_half_and_never_below():
    scores = np.linspace(0.01, 0.99, 400)
    validation = alone(list(scores), list(scores > 0.3))
    tried = thresholds_to_try(validation, TARGET, error=ERROR, groups=400)
    assert np.all(np.diff(tried) < 0)
    assert tried[-1] == 0.5
    # The start flags more than sixty of 400, and not the whole upper half.
    assert 60 < 400 * (1 - tried[0]) < 200


def test_the_sequence_does_not_depend_on_a_label_of_the_certify_part():
    """It is given the number of its groups and nothing else."""
    validation = alone([0.9] * 80 + [0.1] * 400, [True] * 80 + [False] * 400)
    more, fewer = (thresholds_to_try(validation, TARGET, error=ERROR, groups=n) for n in (960, 480))
    assert more.tolist() == fewer.tolist() == [0.9, 0.5]


def test_nothing_flagged_on_validation_leaves_nothing_to_test():
    validation = alone([0.1, 0.4999], [True, False])
    assert len(thresholds_to_try(validation, TARGET, error=ERROR, groups=100)) == 0


def test_scores_of_one_get_a_threshold_below_one():
    validation = alone([1.0] * 90 + [0.1] * 400, [True] * 90 + [False] * 400)
    assert thresholds_to_try(validation, TARGET, error=ERROR, groups=490)[0] == 0.9999


def test_where_nothing_is_likely_to_pass_the_lowest_threshold_is_tested_alone():
    validation = alone([0.9] * 90, [False] * 90)
    assert thresholds_to_try(validation, TARGET, error=ERROR, groups=90).tolist() == [0.5]


def test_chances_weigh_enough_groups_against_few_wrong_ones():
    found = counts((10, 10), (60, 60), (90, 40), harmless=1000)
    chances = pass_chances(found, TARGET, error=ERROR, ratio=2)
    assert chances.argmax() == 1
    assert chances[0] < 0.01
    assert chances[2] < 0.01

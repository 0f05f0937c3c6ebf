"""The bound, the sequence of thresholds and what ends it, on counts that can be done by hand."""

import numpy as np
import pytest
from scipy import stats

from harmsweep.policy.ladders import PrecisionTarget
from harmsweep.release.learn_then_test import (
    Flagged,
    Sample,
    count_flagged,
    count_passing,
    lower_bound,
    pass_chances,
    thresholds_to_try,
)

TARGET = PrecisionTarget(precision=0.95, confidence=0.95)


def counts(*rows: tuple[int, int]) -> Flagged:
    """Flagged and right groups, and as many posts."""
    groups, right = (np.array(column) for column in zip(*rows, strict=True))
    return Flagged(groups, right, groups, right)


def test_the_bound_is_the_exact_one_sided_one():
    right, of = np.array([0, 55, 60, 92]), np.array([9, 62, 60, 93])
    tests = [stats.binomtest(r, n, alternative="greater") for r, n in zip(right, of, strict=True)]
    exact = [test.proportion_ci(0.95, method="exact").low for test in tests]
    assert lower_bound(right, of, 0.95) == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize(("wrong", "groups"), [(0, 60), (1, 93), (2, 124), (3, 153)])
def test_how_many_groups_a_precision_of_095_takes(wrong: int, groups: int):
    assert count_passing(counts((groups, groups - wrong)), TARGET) == 1
    assert count_passing(counts((groups - 2, groups - 2 - wrong)), TARGET) == 0


def test_sixty_groups_are_needed_whatever_the_bound_says():
    assert count_passing(counts((59, 59)), PrecisionTarget(0.5, 0.95)) == 0
    assert count_passing(counts((60, 60)), PrecisionTarget(0.5, 0.95)) == 1


def test_the_sequence_ends_at_its_first_failure():
    rows = [(60, 60), (93, 92), (100, 90), (400, 400)]
    assert count_passing(counts(*rows), TARGET) == 2
    assert count_passing(counts(rows[2], *rows), TARGET) == 0


def test_a_large_group_that_is_all_wrong_is_seen():
    found = counts((200, 198))
    assert count_passing(found, TARGET) == 1
    posts = Flagged(found.groups, found.right_groups, np.array([240]), np.array([198]))
    assert count_passing(posts, TARGET) == 0


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
    assert sample.prevalence == pytest.approx((2 / 3 + 0 + 1 / 2) / 3)


def alone(scores: list[float], truth: list[bool]) -> Sample:
    """Posts each in a group of its own."""
    return Sample(np.array(scores), np.array(truth), np.arange(len(scores)))


def test_thresholds_fall_from_the_most_promising_to_a_half_and_never_below():
    scores = np.linspace(0.01, 0.99, 400)
    validation = alone(list(scores), list(scores > 0.3))
    tried = thresholds_to_try(validation, TARGET, groups=400)
    assert np.all(np.diff(tried) < 0)
    assert tried[-1] == 0.5
    # The start flags more than sixty of 400, and not the whole upper half.
    assert 60 < 400 * (1 - tried[0]) < 200


def test_the_sequence_does_not_depend_on_a_label_of_the_certify_part():
    """It is given the number of its groups and nothing else."""
    validation = alone([0.9] * 80, [True] * 80)
    more, fewer = (thresholds_to_try(validation, TARGET, groups=n) for n in (800, 80))
    assert more.tolist() == fewer.tolist() == [0.9, 0.5]


def test_nothing_flagged_on_validation_leaves_nothing_to_test():
    validation = alone([0.1, 0.4999], [True, False])
    assert len(thresholds_to_try(validation, TARGET, groups=100)) == 0


def test_scores_of_one_get_a_threshold_below_one():
    validation = alone([1.0] * 90, [True] * 90)
    assert thresholds_to_try(validation, TARGET, groups=90)[0] == 0.9999


def test_where_nothing_is_likely_to_pass_the_lowest_threshold_is_tested_alone():
    validation = alone([0.9] * 90, [False] * 90)
    assert thresholds_to_try(validation, TARGET, groups=90).tolist() == [0.5]


def test_chances_weigh_enough_groups_against_enough_right_ones():
    chances = pass_chances(counts((10, 10), (60, 60), (90, 70)), TARGET, ratio=2)
    assert chances.argmax() == 1
    assert chances[0] < 0.01
    assert chances[2] < 0.01

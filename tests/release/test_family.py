"""Claims of one certificate share its error: by hand, and on planted truth."""

import numpy as np
import pytest

from harmsweep.policy.ladders import PrecisionTarget
from harmsweep.release.family import ThresholdSequence, holm_levels
from harmsweep.release.learn_then_test import Flagged

TARGET = PrecisionTarget(0.95, 0.95, prevalence=0.1)
RUNS = 600


def sequence(*wrong: int, confidence: float = 0.95) -> ThresholdSequence:
    """Thresholds at which all of 900 harmful groups and so many of 2,100 others are flagged."""
    counts = np.array(wrong)
    right = np.full(len(counts), 900)
    whole = {"harmful_groups": 900, "harmless_groups": 2100}
    whole |= {"harmful_posts": 900, "harmless_posts": 2100}
    groups = right + counts
    flagged = Flagged(groups, right, right, groups, right, **whole)
    thresholds = np.linspace(0.9, 0.5, len(counts))
    return ThresholdSequence(TARGET._replace(confidence=confidence), thresholds, flagged)


NEVER = 2000


def test_what_is_done_with_leaves_its_error_to_the_others():
    levels = holm_levels([sequence(0), sequence(NEVER), sequence(0, NEVER)], share=1)
    assert levels == pytest.approx([0.05 / 3, 0.05 / 2, 0.05 / 2])


def test_where_nothing_passes_each_has_an_equal_part():
    assert holm_levels([sequence(NEVER)] * 4, share=0.5) == pytest.approx([0.00625] * 4)


def test_where_all_pass_at_once_none_had_more():
    assert holm_levels([sequence(0)] * 4, share=1) == pytest.approx([0.0125] * 4)


def test_each_has_a_part_of_its_own_error():
    levels = holm_levels([sequence(NEVER), sequence(NEVER, confidence=0.9)], share=1)
    assert levels == pytest.approx([0.025, 0.05])


def test_of_nothing_there_is_no_level():
    assert holm_levels([], share=1) == []


def test_the_claims_of_a_certificate_hold_together():
    """Six harms just below their precision beside one that passes all of its tests."""
    rng, shared, alone = np.random.default_rng(5), 0, 0
    for wrong in rng.binomial(2100, 0.006, (RUNS, 6)):
        tests = [sequence(0), *map(sequence, wrong)]
        levels = holm_levels(tests, share=1)
        shared += any(t.passing(e) for t, e in zip(tests[1:], levels[1:], strict=True))
        alone += any(test.passing(0.05) for test in tests[1:])
    assert shared <= 0.05 * RUNS < alone

"""How many labels of a random sample a promise takes, by the exact binomial test."""

from typing import NamedTuple

import numpy as np
from scipy import stats

from harmsweep.policy.claims import LEAST_GROUPS
from harmsweep.policy.share_bounds import lower_bound

# More labels than these are no plan for people.
MOST_LABELS = 20_000


class SampleSize(NamedTuple):
    """So many labels, of which so many may be wrong, and how likely a model passes that is good."""

    labels: int
    wrong: int
    power: float


def size_of(labels: int, *, precision: float, level: float, expected: float) -> SampleSize | None:
    """What a number of labels can show of a precision at an error; None where it can show nothing.

    `expected` is the true precision of the model for which the power is told.
    """
    wrong = np.arange(labels + 1)
    passing = lower_bound(labels - wrong, labels, level) >= precision
    if labels < LEAST_GROUPS or not passing[0]:
        return None
    most = int(passing.sum()) - 1
    return SampleSize(labels, most, float(stats.binom.cdf(most, labels, 1 - expected)))


def fewest_labels(
    *, precision: float, level: float, expected: float, power: float
) -> SampleSize | None:
    """The fewest labels with the power; None where not even MOST_LABELS have it.

    Looked for among the fewest for each number of wrong ones: any more labels for as many wrong
    ones only lose power.
    """
    for wrong in range(MOST_LABELS):
        # The bound of n - wrong of n reaches the precision from this n on.
        least = _least(wrong, precision, level)
        if least > MOST_LABELS:
            return None
        chance = float(stats.binom.cdf(wrong, least, 1 - expected))
        if chance >= power:
            return SampleSize(least, wrong, chance)
    return None


def _least(wrong: int, precision: float, level: float) -> int:
    low, high = wrong + 1, MOST_LABELS + 1
    while low < high:
        middle = (low + high) // 2
        if lower_bound(middle - wrong, middle, level) >= precision:
            high = middle
        else:
            low = middle + 1
    return max(low, LEAST_GROUPS)

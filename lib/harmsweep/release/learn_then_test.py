"""The choice of a threshold whose precision is guaranteed, by learn-then-test in a fixed sequence.

Angelopoulos et al., "Learn then Test" (2021), with the fixed sequence of Bauer ("Multiple testing
in clinical trials", 1991): thresholds and their order are fixed on the validation part, then tested
in turn on the certify part, each at the whole level, up to the first that fails. A false claim
needs the first wrong threshold of the sequence to pass its own test, so looking at several
thresholds costs no correction.

The unit is the split group: posts of one group share an author or a text, so their labels are no
independent draws. A flagged group counts once, and is right only if all its flagged posts are.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harmsweep.policy.certificates import LEAST_GROUPS, LEAST_THRESHOLD
from harmsweep.policy.ladders import PrecisionTarget

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

# Each threshold flags this many times the validation groups of the one before it: a finer grid
# gains little threshold and gives chance more occasions to end the sequence.
STEP = 1.1
# With less than this chance at every threshold only the lowest is tested: its counts say most.
HOPELESS = 0.01
# Decimals of a threshold.
PLACES = 4


@dataclass(frozen=True)
class Sample:
    """Labelled posts of one harm: each one's score, whether it is harmful, and its split group."""

    scores: Floats
    truth: Bools
    groups: NDArray[Any]

    @cached_property
    def places(self) -> NDArray[np.intp]:
        """The number of each post's group, from 0."""
        return np.unique(self.groups, return_inverse=True)[1]

    @cached_property
    def group_count(self) -> int:
        """How many groups there are."""
        return int(self.places.max()) + 1 if len(self.places) else 0

    @property
    def prevalence(self) -> float | None:
        """The share of harmful posts, each group counting once."""
        if not self.group_count:
            return None
        return float((np.bincount(self.places, self.truth) / np.bincount(self.places)).mean())

    def highest(self, chosen: Bools) -> Floats:
        """The highest score in each group among the posts that are kept, or minus infinity."""
        by_group = np.full(self.group_count, -np.inf)
        np.maximum.at(by_group, self.places[chosen], self.scores[chosen])
        return by_group


@dataclass(frozen=True)
class Flagged:
    """What each of some thresholds flags, and how much of it is right."""

    groups: Ints
    right_groups: Ints
    posts: Ints
    right_posts: Ints


def count_flagged(sample: Sample, thresholds: Floats) -> Flagged:
    """What each threshold flags: scores at or above it."""
    # A group is flagged by its highest score, and wrong by the highest of its harmless posts.
    groups = _reach(sample.highest(np.ones_like(sample.truth)), thresholds)
    wrong = _reach(sample.highest(~sample.truth), thresholds)
    right_posts = _reach(sample.scores[sample.truth], thresholds)
    return Flagged(groups, groups - wrong, _reach(sample.scores, thresholds), right_posts)


def _reach(values: Floats, thresholds: Floats) -> Ints:
    below = np.searchsorted(np.sort(values), thresholds, side="left")
    return np.asarray(len(values) - below, dtype=np.int64)


def lower_bound(right: Ints, of: Ints, confidence: float) -> Floats:
    """The exact one-sided lower bound on a share (Clopper and Pearson, 1934); 0 for none right."""
    return np.where(right > 0, stats.beta.ppf(1 - confidence, right, of - right + 1), 0.0)


def thresholds_to_try(validation: Sample, target: PrecisionTarget, *, groups: int) -> Floats:
    """The sequence to test on a part of so many groups, falling; empty where nothing is flagged.

    It starts at the threshold that is the most likely to pass: higher ones flag too few groups to
    show anything, and to fail at one of them would end the sequence.
    """
    grid = _grid(validation.highest(np.ones_like(validation.truth)))
    if not len(grid):
        return grid
    counts = count_flagged(validation, grid)
    chances = pass_chances(counts, target, ratio=groups / validation.group_count)
    return grid[int(np.argmax(chances)) if chances.max() >= HOPELESS else -1 :]


def _grid(highest: Floats) -> Floats:
    """Falling thresholds down to the least, each flagging STEP times the groups, or one more."""
    falling = np.sort(highest[highest >= LEAST_THRESHOLD])[::-1]
    if not len(falling):
        return falling
    ranks = np.ceil(STEP ** np.arange(np.log(len(falling)) / np.log(STEP) + 1)).astype(int)
    scores = falling[np.unique(np.minimum(ranks, len(falling))) - 1]
    # Cut, not rounded, so that the score itself is still flagged.
    cut = np.minimum(np.floor(scores * 10**PLACES), 10**PLACES - 1) / 10**PLACES
    return np.unique(np.append(cut, LEAST_THRESHOLD))[::-1]


def pass_chances(validation: Flagged, target: PrecisionTarget, *, ratio: float) -> Floats:
    """How likely each threshold is to pass on a part of `ratio` times the validation's groups.

    The chance of enough flagged groups (gamma-Poisson), times that of enough right ones among as
    many as are to be expected; both with Jeffreys' prior.
    """
    enough = stats.nbinom.sf(LEAST_GROUPS - 1, validation.groups + 0.5, 1 / (1 + ratio))
    expected = np.maximum(np.round(validation.groups * ratio), LEAST_GROUPS)
    # The test passes where more groups are right than this.
    most_failing = stats.binom.isf(1 - target.confidence, expected, target.precision)
    precision = (validation.right_groups + 0.5) / (validation.groups + 1)
    return np.asarray(enough * stats.binom.sf(most_failing, expected, precision))


def count_passing(counts: Flagged, target: PrecisionTarget) -> int:
    """How many thresholds of the sequence pass before the first that fails.

    Besides the test itself, the flagged posts must show the precision too: a large group that is
    all wrong counts once among the groups.
    """
    bounds = lower_bound(counts.right_groups, counts.groups, target.confidence)
    holds = (counts.groups >= LEAST_GROUPS) & (bounds >= target.precision)
    holds &= counts.right_posts >= target.precision * counts.posts
    return int(np.logical_and.accumulate(holds).sum())

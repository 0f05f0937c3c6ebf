"""The choice of a threshold whose precision is guaranteed, by learn-then-test in a fixed sequence.

Angelopoulos et al., "Learn then Test" (2021), with the fixed sequence of Bauer ("Multiple testing
in clinical trials", 1991): thresholds and their order are fixed on the validation part, then tested
in turn on the certify part, each at the whole level, up to the first that fails. A false claim
needs the first wrong threshold of the sequence to pass its own test, so looking at several
thresholds costs no correction.

The unit is the split group: posts of one group share an author or a text, so their labels are no
independent draws. A flagged group counts once, and is right only if all its flagged posts are.

The precision is that at the prevalence which the policy states, not that of the labelled posts: see
`transported_bound`. For it a group is harmful where all its posts are, so that every wrong group is
one of the harmless ones.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from harmsweep.policy.claims import LEAST_GROUPS, LEAST_THRESHOLD
from harmsweep.policy.ladders import PrecisionTarget
from harmsweep.policy.share_bounds import lower_bound, precision_at, transported_bound

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
    """What each of some thresholds flags, how much of it is right, and of what there is in all.

    Found groups are those that are right and have harmful posts alone, of `harmful_groups`.
    """

    groups: Ints
    right_groups: Ints
    found_groups: Ints
    posts: Ints
    right_posts: Ints
    harmful_groups: int
    harmless_groups: int
    harmful_posts: int
    harmless_posts: int

    @property
    def wrong_groups(self) -> Ints:
        """The flagged groups that are not right."""
        return self.groups - self.right_groups

    def bound(self, prevalence: float, error: float) -> Floats:
        """The lower bound on each threshold's precision at a prevalence."""
        classes = (self.found_groups, self.harmful_groups, self.wrong_groups, self.harmless_groups)
        return transported_bound(*classes, prevalence=prevalence, error=error)


def count_flagged(sample: Sample, thresholds: Floats) -> Flagged:
    """What each threshold flags: scores at or above it."""
    # A group is flagged by its highest score, and wrong by the highest of its harmless posts.
    highest, worst = sample.highest(np.ones_like(sample.truth)), sample.highest(~sample.truth)
    harmful = np.isneginf(worst)
    groups, wrong = _reach(highest, thresholds), _reach(worst, thresholds)
    return Flagged(
        groups=groups,
        right_groups=groups - wrong,
        found_groups=_reach(highest[harmful], thresholds),
        posts=_reach(sample.scores, thresholds),
        right_posts=_reach(sample.scores[sample.truth], thresholds),
        harmful_groups=int(harmful.sum()),
        harmless_groups=int((~harmful).sum()),
        harmful_posts=int(sample.truth.sum()),
        harmless_posts=int((~sample.truth).sum()),
    )


def _reach(values: Floats, thresholds: Floats) -> Ints:
    below = np.searchsorted(np.sort(values), thresholds, side="left")
    return np.asarray(len(values) - below, dtype=np.int64)


def thresholds_to_try(
    validation: Sample, target: PrecisionTarget, *, error: float, groups: int
) -> Floats:
    """The sequence to test on a part of so many groups, falling; empty where nothing is flagged.

    It starts at the threshold that is the most likely to pass a test of this error: higher ones
    flag too few groups to show anything, and to fail at one of them would end the sequence.
    """
    grid = _grid(validation.highest(np.ones_like(validation.truth)))
    if not len(grid):
        return grid
    counts = count_flagged(validation, grid)
    ratio = groups / validation.group_count
    chances = pass_chances(counts, target, error=error, ratio=ratio)
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


def pass_chances(
    validation: Flagged, target: PrecisionTarget, *, error: float, ratio: float
) -> Floats:
    """How likely each threshold is to pass on a part of `ratio` times the validation's groups.

    The chance of enough flagged groups (gamma-Poisson), times that of few enough wrong ones among
    as many harmless groups as are to be expected; both with Jeffreys' prior.
    """
    enough = stats.nbinom.sf(LEAST_GROUPS - 1, validation.groups + 0.5, 1 / (1 + ratio))
    harmful, harmless = (
        round(n * ratio) for n in (validation.harmful_groups, validation.harmless_groups)
    )
    found = np.minimum(np.round(validation.found_groups * ratio), harmful)
    sensitivity = lower_bound(found, harmful, error / 2)
    odds = _prevalence(target) / (1 - _prevalence(target))
    most_false = sensitivity * odds * (1 - target.precision) / target.precision
    # The test passes where fewer harmless groups are flagged than this.
    least_failing = stats.binom.ppf(error / 2, harmless, np.minimum(most_false, 1))
    false_positives = (validation.wrong_groups + 0.5) / (validation.harmless_groups + 1)
    few = stats.binom.cdf(least_failing - 1, harmless, false_positives)
    return np.asarray(enough * few, dtype=float)


def count_passing(counts: Flagged, target: PrecisionTarget, error: float) -> int:
    """How many thresholds of the sequence pass before the first that fails, each at this error.

    Besides the test itself, the flagged posts must show the precision too: a large group that is
    all wrong counts once among the groups.
    """
    holds = counts.groups >= LEAST_GROUPS
    holds &= counts.bound(_prevalence(target), error) >= target.precision
    holds &= shown_by_posts(counts, target) >= target.precision
    return int(np.logical_and.accumulate(holds).sum())


def shown_by_posts(counts: Flagged, target: PrecisionTarget) -> Floats:
    """The precision of the flagged posts at the target's prevalence, as it was counted."""
    wrong = counts.posts - counts.right_posts
    return precision_at(
        sensitivity=counts.right_posts / max(counts.harmful_posts, 1),
        false_positives=wrong / max(counts.harmless_posts, 1),
        prevalence=_prevalence(target),
    )


def _prevalence(target: PrecisionTarget) -> float:
    assert target.prevalence is not None, "a policy's lint asks for it"
    return target.prevalence

"""How far annotators agree on what they labelled by hand: Cohen's kappa and Krippendorff's alpha.

Kappa is of two annotators, alpha of all of them together: 1 is agreement, 0 what chance alone would
give. Alpha is computed here, in a few lines after its paper: the packages that have it are under
another licence than this project, or no longer kept.
"""

import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harmsweep.evaluation.intervals import Floats, group_weights, interval
from harmsweep.labels.sources import HAND, UNNAMED
from harmsweep.lake.delta import query

RESAMPLES, SEED = 1000, 1
# By post, each annotator's label.
Votes = Mapping[tuple[date, str], Mapping[str, int]]


@dataclass(frozen=True)
class Pair:
    """Two annotators of a harm: their common posts, the share of them on which they agree."""

    harm: str
    first: str
    second: str
    posts: int
    agreed: float
    kappa: float


@dataclass(frozen=True)
class Agreement:
    """A harm's posts with two annotators or more: alpha, and its 95 % interval over posts."""

    harm: str
    annotators: int
    posts: int
    labels: int
    alpha: float
    low: float
    high: float


def hand_votes(lake: Path) -> dict[str, Votes]:
    """The labels by hand of annotators who are named, by harm."""
    sql = f"""SELECT harm, day, post_id, annotator, label FROM labels_v1
        WHERE source = '{HAND}' AND annotator <> '{UNNAMED}'
        ORDER BY harm, day, post_id, annotator"""
    by_harm: dict[str, dict[tuple[date, str], dict[str, int]]] = defaultdict(dict)
    for row in query(lake, sql).to_pylist():
        votes = by_harm[row["harm"]].setdefault((row["day"], row["post_id"]), {})
        votes[row["annotator"]] = row["label"]
    return dict(by_harm)


def agreement(harm: str, votes: Votes) -> Agreement:
    """What a harm's annotators come to together; alpha is NaN where there is nothing to compare."""
    common = [by for by in votes.values() if len(by) > 1]
    counts = np.array([[list(by.values()).count(value) for value in (0, 1)] for by in common])
    counts = counts.reshape(-1, 2)
    names = np.arange(len(counts)).astype(str)
    weights = group_weights(names, resamples=RESAMPLES, seed=SEED)
    low, high = interval(np.concatenate([alphas(counts, drawn) for drawn in weights]))
    people = {name for by in common for name in by}
    return Agreement(harm, len(people), len(common), int(counts.sum()), alpha(counts), low, high)


def alpha(counts: NDArray[np.int64]) -> float:
    """Krippendorff's alpha of nominal values, from how often each unit was given each value."""
    return float(alphas(counts, np.ones((1, len(counts))))[0])


def alphas(counts: NDArray[np.int64], weights: Floats) -> Floats:
    """Alpha under several weightings of the units: counts units by values, weights by units.

    NaN where no unit has two values, or all values are alike. Krippendorff, "Computing
    Krippendorff's alpha-reliability", 2011, section E.
    """
    values = counts.sum(axis=1)
    paired = values > 1
    counts, values, weights = counts[paired], values[paired], weights[:, paired]
    # Of each unit, the ordered pairs of unequal values over what each value is paired with.
    unequal = (values**2 - (counts**2).sum(axis=1)) / (values - 1)
    totals = weights @ counts
    total = totals.sum(axis=1)
    expected = total**2 - (totals**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        result = 1 - (total - 1) * (weights @ unequal) / expected
    return np.where(expected > 0, result, np.nan)


def pairs(harm: str, votes: Votes) -> Iterator[Pair]:
    """Every two annotators with posts in common, those with the most first.

    Kappa is NaN where both gave all of these posts one and the same label.
    """
    from sklearn.exceptions import UndefinedMetricWarning
    from sklearn.metrics import cohen_kappa_score

    common: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for by in votes.values():
        for first, second in combinations(sorted(by), 2):
            common[first, second].append((by[first], by[second]))
    for (first, second), labels in sorted(common.items(), key=lambda item: (-len(item[1]), item)):
        one, other = np.array(labels).T
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UndefinedMetricWarning)
            kappa = float(cohen_kappa_score(one, other, labels=[0, 1]))
        yield Pair(harm, first, second, len(labels), float((one == other).mean()), kappa)

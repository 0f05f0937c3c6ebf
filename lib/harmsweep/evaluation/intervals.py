"""AUROC and AUC-PR with intervals from resampling whole groups."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Resamples are worked off in blocks of about this many weights: 80 MB at 8 bytes.
BLOCK = 10_000_000


def weighted_auroc_auprc(truth: Bools, scores: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """AUROC and AUC-PR of rows under each of several weightings, resamples by rows.

    Ties count half in AUROC; AUC-PR is average precision. NaN where a class has no weight.
    """
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(scores[order]) > 0])
    ordered = weights[:, order]
    positive = np.add.reduceat(ordered * truth[order], starts, axis=1)
    negative = np.add.reduceat(ordered * ~truth[order], starts, axis=1)
    positives, negatives = positive.sum(axis=1), negative.sum(axis=1)
    below = np.cumsum(negative, axis=1) - negative / 2
    right = np.cumsum(positive[:, ::-1], axis=1)[:, ::-1]
    wrong = np.cumsum(negative[:, ::-1], axis=1)[:, ::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(right + wrong > 0, right / (right + wrong), 0.0)
        auroc = (positive * below).sum(axis=1) / (positives * negatives)
        auc_pr = (positive * precision).sum(axis=1) / positives
    one_class = (positives == 0) | (negatives == 0)
    return np.where(one_class, np.nan, auroc), np.where(one_class, np.nan, auc_pr)


def auroc_auprc(truth: Bools, scores: Floats) -> tuple[float, float]:
    """AUROC and AUC-PR of the rows as they are."""
    auroc, auc_pr = weighted_auroc_auprc(truth, scores, np.ones((1, len(truth))))
    return float(auroc[0]), float(auc_pr[0])


def bootstrap_auroc_auprc(
    truth: Bools,
    scores: Mapping[str, Floats],
    groups: NDArray[np.str_],
    *,
    resamples: int,
    seed: int,
) -> dict[str, tuple[Floats, Floats]]:
    """AUROC and AUC-PR of each scorer over the same resamples of whole groups."""
    parts: dict[str, list[tuple[Floats, Floats]]] = {name: [] for name in scores}
    for weights in group_weights(groups, resamples=resamples, seed=seed):
        for name, values in scores.items():
            parts[name].append(weighted_auroc_auprc(truth, values, weights))
    return {
        name: (np.concatenate([a for a, _ in pairs]), np.concatenate([p for _, p in pairs]))
        for name, pairs in parts.items()
    }


def group_weights(groups: NDArray[np.str_], *, resamples: int, seed: int) -> Iterator[Floats]:
    """How often each row is drawn when whole groups are, resamples by rows, block by block."""
    names, codes = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(seed)
    share = np.full(len(names), 1 / len(names))
    step = max(1, BLOCK // max(1, len(groups)))
    for start in range(0, resamples, step):
        drawn = rng.multinomial(len(names), share, size=min(step, resamples - start))
        yield drawn[:, codes].astype(np.float64)


def interval(values: Floats) -> tuple[float, float]:
    """The central 95 % of resampled values, leaving out those without both classes."""
    known = values[np.isfinite(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)

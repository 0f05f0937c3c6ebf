"""ROC and precision-recall curves with bands from resampling whole groups."""

from dataclasses import dataclass

import numpy as np

from harmsweep.evaluation.intervals import Floats, group_weights
from harmsweep.evaluation.records import MODEL
from harmsweep.evaluation.scored import ScoredRows
from harmsweep.model.conf import Evaluation

# Where curves are drawn: false-positive rates of the one, recalls of the other.
GRID = np.linspace(0, 1, 101)
# A band needs fewer resamples than an interval that is written down.
RESAMPLES = 200


@dataclass(frozen=True)
class Curve:
    """Heights over a grid, with the band that 95 % of the resamples lie in, where there is one."""

    height: Floats
    low: Floats | None = None
    high: Floats | None = None


def curves(rows: ScoredRows, options: Evaluation, *, seed: int) -> tuple[Curve, Curve]:
    """The ROC and the precision-recall curve of rows of both classes."""
    roc, pr = _heights(rows, np.ones(len(rows.truth)))
    if len(set(rows.groups)) < options.min_groups:
        return Curve(roc), Curve(pr)
    blocks = group_weights(rows.groups, resamples=RESAMPLES, seed=seed)
    pairs = [_heights(rows, weights) for block in blocks for weights in block]
    return _band(roc, [r for r, _ in pairs]), _band(pr, [p for _, p in pairs])


def _band(height: Floats, drawn: list[Floats]) -> Curve:
    low, high = np.nanquantile(np.array(drawn), [0.025, 0.975], axis=0)
    return Curve(height, low, high)


def _heights(rows: ScoredRows, weights: Floats) -> tuple[Floats, Floats]:
    """True-positive rates by false-positive rate, and precisions by recall, over `GRID`.

    NaN where a class has no weight.
    """
    order = np.argsort(-rows.scores[MODEL], kind="stable")
    scores, truth, ordered = rows.scores[MODEL][order], rows.truth[order], weights[order]
    ends = np.r_[np.flatnonzero(np.diff(scores)), len(scores) - 1]  # ties are flagged together
    right, wrong = np.cumsum(ordered * truth)[ends], np.cumsum(ordered * ~truth)[ends]
    if not (right[-1] and wrong[-1]):
        return np.full(len(GRID), np.nan), np.full(len(GRID), np.nan)
    recall, rate = right / right[-1], wrong / wrong[-1]
    roc = np.interp(GRID, np.r_[0.0, rate], np.r_[0.0, recall])
    with np.errstate(invalid="ignore"):
        precision = np.nan_to_num(right / (right + wrong))
    # Between two thresholds precision is that of the first that reaches the recall, as average
    # precision counts it: straight lines between points would promise too much (Davis, ICML 2006).
    reached = np.searchsorted(recall, np.clip(GRID, 1e-9, 1) - 1e-12)
    return roc, precision[np.minimum(reached, len(precision) - 1)]

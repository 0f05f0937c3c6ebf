"""Shares of rows with intervals, and the thresholds that posts are called flagged by.

Thresholds are chosen on the certify part and judged on the test part, so that none is chosen by
the rows that it is judged on. Only a certificate (docs/certificates.md) guarantees one.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmsweep.evaluation.intervals import Bools, Floats, group_weights, interval
from harmsweep.evaluation.records import MODEL, Record
from harmsweep.evaluation.scored import ScoredRows
from harmsweep.model.conf import Evaluation
from harmsweep.policy.share_bounds import exact_interval

# Where heads are compared and fairness is judged, a head flags this share of the harmless posts.
FALSE_POSITIVES = 0.05
# A precision of fewer flagged posts than this is chance.
LEAST_FLAGGED = 10


def share(
    what: Bools, of: Bools, groups: NDArray[Any], options: Evaluation, *, seed: int
) -> Record:
    """The share of the rows `of` that are `what`, its interval over whole groups, and how many.

    Without rows there is no value, and with fewer than `min_groups` groups no interval. Where no
    row is or every row is, which resampling cannot vary, its ends are exact for as many groups.
    """
    chosen, names = what[of], groups[of]
    count = len(set(names))
    facts: Record = {"value": None, "low": None, "high": None, "n": len(chosen), "groups": count}
    if not len(chosen):
        return facts
    facts["value"] = float(chosen.mean())
    if count < options.min_groups:
        return facts
    if chosen.all() or not chosen.any():
        number = count * int(chosen.all())
        facts["low"], facts["high"] = map(float, exact_interval(number, count))
        return facts
    blocks = group_weights(names, resamples=options.resamples, seed=seed)
    drawn = [weights @ chosen / weights.sum(axis=1) for weights in blocks]
    facts["low"], facts["high"] = interval(np.concatenate(drawn))
    return facts


def threshold_by_rate(rows: ScoredRows, rate: float = FALSE_POSITIVES) -> float | None:
    """The score that no more than a share of the harmless rows exceeds; None without such rows."""
    harmless = rows.scores[MODEL][~rows.truth]
    return float(np.quantile(harmless, 1 - rate, method="higher")) if len(harmless) else None


def threshold_by_precision(rows: ScoredRows, precision: float) -> float | None:
    """The lowest score from which on enough rows are flagged, and so many of them rightly.

    Equal scores are flagged together. None where there is no such score.
    """
    order = np.argsort(-rows.scores[MODEL], kind="stable")
    scores, right = rows.scores[MODEL][order], np.cumsum(rows.truth[order])
    flagged = np.arange(1, len(scores) + 1)
    last_of_ties = np.r_[scores[1:] < scores[:-1], True][: len(scores)]
    good = last_of_ties & (flagged >= LEAST_FLAGGED) & (right >= precision * flagged)
    return float(scores[np.flatnonzero(good)[-1]]) if good.any() else None


def at_threshold(rows: ScoredRows, threshold: float, options: Evaluation, *, seed: int) -> Record:
    """Precision and recall of the rows that score `threshold` or more, as shares."""
    flagged: Bools = _scores(rows) >= threshold
    return {
        "threshold": threshold,
        "flagged": int(flagged.sum()),
        "precision": share(rows.truth, flagged, rows.groups, options, seed=seed),
        "recall": share(flagged, rows.truth, rows.groups, options, seed=seed),
    }


def _scores(rows: ScoredRows) -> Floats:
    return rows.scores[MODEL]

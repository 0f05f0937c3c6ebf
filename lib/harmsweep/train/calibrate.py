"""Fit each head's calibration on the validation part, and measure it on the test part."""

from collections.abc import Iterable

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from harmsweep.bootstrap import Bools, Floats
from harmsweep.calibration import Calibration

# Fewer groups of a class say too little even for two numbers: such a head stays as it is.
LEAST_OF_A_CLASS = 10
# Below about 1,000 rows isotonic steps overfit (Niculescu-Mizil and Caruana, ICML 2005, section 5).
ISOTONIC_ROWS = 1000
BINS = 10


def calibration(logits: Floats, truth: Bools, groups: Iterable[str]) -> Calibration:
    """The calibration of a head by its rows of the validation part; a group weighs as one row.

    Platt scaling is Platt (1999) with his smoothed targets, which keep separable data finite.
    """
    names = np.asarray(list(groups))
    positives, negatives = (len(set(names[truth == known])) for known in (True, False))
    if min(positives, negatives) < LEAST_OF_A_CLASS:
        few = f"{positives} positive and {negatives} negative groups to calibrate on"
        return Calibration(note=f"as trained: {few}")
    _, places, sizes = np.unique(names, return_inverse=True, return_counts=True)
    weights = 1.0 / sizes[places]
    if positives + negatives >= ISOTONIC_ROWS:
        return _isotonic(logits, truth, weights)
    return _platt(logits, truth, weights)


def _platt(logits: Floats, truth: Bools, weights: Floats) -> Calibration:
    positives, negatives = weights[truth].sum(), weights[~truth].sum()
    target = np.where(truth, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    # A row with a target between the classes counts as both, by shares.
    rows = np.concatenate([logits, logits])[:, None]
    known = np.repeat([1, 0], len(logits))
    shares = np.concatenate([weights * target, weights * (1 - target)])
    model = LogisticRegression(C=np.inf, max_iter=1000).fit(rows, known, sample_weight=shares)
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    if slope <= 0:
        return Calibration(note="as trained: higher scores were not more often right")
    return Calibration(method="platt", x=(slope, intercept))


def _isotonic(logits: Floats, truth: Bools, weights: Floats) -> Calibration:
    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    fitted.fit(logits, truth.astype(float), sample_weight=weights)
    x, y = fitted.X_thresholds_, np.clip(fitted.y_thresholds_, 0, 1)
    if len(x) < 2:
        return Calibration(note="as trained: all scores are equal")
    return Calibration(method="isotonic", x=tuple(map(float, x)), y=tuple(map(float, y)))


def calibration_errors(probabilities: Floats, truth: Bools, weights: Floats) -> Floats:
    """Expected calibration error under each of several weightings, resamples by rows.

    Naeini et al. (AAAI 2015), with bins of equally many rows instead of equal width: most posts
    score near 0, where equal widths would put them all in one bin.
    """
    order = np.argsort(probabilities, kind="stable")
    starts = np.unique(np.linspace(0, len(order), BINS, endpoint=False).astype(int))
    ordered = weights[:, order]
    gaps = np.add.reduceat(ordered * (probabilities - truth)[order], starts, axis=1)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(gaps).sum(axis=1) / ordered.sum(axis=1))


def reliability(probabilities: Floats, truth: Bools) -> list[dict[str, float]]:
    """The bins of a reliability diagram: mean probability, share of positives, rows."""
    order = np.argsort(probabilities, kind="stable")
    bins = [part for part in np.array_split(order, BINS) if len(part)]
    return [
        {
            "predicted": float(probabilities[part].mean()),
            "observed": float(truth[part].mean()),
            "rows": len(part),
        }
        for part in bins
    ]

"""Fit each head's calibration on the validation part."""

from collections.abc import Iterable

import numpy as np
import torch
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from harmsweep.evaluation.intervals import Bools, Floats
from harmsweep.model.calibration import Calibration

# Fewer groups of a class say too little even for two numbers: such a head stays as it is.
LEAST_OF_A_CLASS = 10
# Below about 1,000 rows isotonic steps overfit (Niculescu-Mizil and Caruana, ICML 2005, section 5).
ISOTONIC_ROWS = 1000


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


def judged(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Logits and targets, rows by heads, as networks in training are compared by them.

    Each head is brought to the scale of its targets (NaN is absent). Heads with fewer than
    10 rows of a class say too little and are left out, unless all have fewer.
    """
    right, wrong = (targets == 1).sum(dim=0), (targets == 0).sum(dim=0)
    places = (torch.minimum(right, wrong) >= LEAST_OF_A_CLASS).nonzero().flatten().tolist()
    if not places:
        return logits, targets
    columns = [_rescaled(logits[:, head], targets[:, head]) for head in places]
    return torch.stack(columns, dim=1), targets[:, places]


def _rescaled(logits: Tensor, targets: Tensor) -> Tensor:
    known = ~targets.isnan()
    said, truth = logits[known].double().numpy(), targets[known].numpy() > 0.5
    model = LogisticRegression(C=np.inf, max_iter=1000).fit(said[:, None], truth)
    return logits * float(model.coef_[0, 0]) + float(model.intercept_[0])


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

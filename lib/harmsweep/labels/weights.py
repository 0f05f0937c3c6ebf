"""Weights of labels by the inverse of their chance to be made, capped."""

import numpy as np

from harmsweep.evaluation.intervals import Floats

# Halvings of the interval in which the cap lies: more change no bit.
HALVINGS = 60


def inverse_weights(chances: Floats, *, cap: float) -> Floats:
    """Weights of 1 / chance with a mean of 1 and none above `cap`, a number above 1.

    What is above is cut (Cole and Hernan, 2008), which leaves Kish's effective size at 1 / cap of
    the labels or more: no weight is over cap times the mean.
    """
    weights = 1.0 / chances
    if not len(weights):
        return weights
    low, high = float(weights.min()), float(weights.max())
    # The highest value to cut at that is `cap` times the mean of what it leaves.
    if high > cap * weights.mean():
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            is_fine = middle <= cap * np.minimum(weights, middle).mean()
            low, high = (middle, high) if is_fine else (low, middle)
        weights = np.minimum(weights, low)
    return np.asarray(weights / weights.mean())

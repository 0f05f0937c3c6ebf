"""From a head's logit to a probability (the identity, Platt scaling or isotonic steps), and how far
probabilities are from what happens.

Fitted on the validation part, kept in the manifest as plain numbers, applied alike by every scorer.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from harmsweep.conf import Frozen

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
BINS = 10


class Calibration(Frozen):
    """How a head's logits become probabilities.

    `platt`: x is (slope, intercept) of another logit. `isotonic`: x are logits in order and y the
    probabilities there, straight lines between them. `none`: the logit as it is, and why in `note`.
    """

    method: Literal["none", "platt", "isotonic"] = "none"
    x: tuple[float, ...] = ()
    y: tuple[float, ...] = ()
    note: str = Field(default="", max_length=200)

    @model_validator(mode="after")
    def _fits_its_method(self) -> "Calibration":
        if not np.isfinite([*self.x, *self.y]).all():
            raise ValueError("a number is not finite")
        if self.method == "platt" and (len(self.x) != 2 or self.y or not self.x[0] > 0):
            raise ValueError("platt needs a slope above 0 and an intercept")
        if self.method == "isotonic" and not self._is_monotone():
            raise ValueError("isotonic needs rising x, and y in [0, 1] that never falls")
        return self

    def _is_monotone(self) -> bool:
        rising = len(self.x) > 1 and np.all(np.diff(self.x) > 0)
        same = len(self.x) == len(self.y)
        return bool(rising and same and np.all(np.diff([0.0, *self.y, 1.0]) >= 0))

    def probabilities(self, logits: Floats) -> Floats:
        """The probability of each logit; a logit that is no number stays one."""
        if self.method == "isotonic":
            # np.interp would make an infinite logit the outermost value: a broken output must show.
            inside = np.interp(logits, self.x, self.y)
            return np.where(np.isfinite(logits), inside, np.nan)
        slope, intercept = self.x if self.method == "platt" else (1.0, 0.0)
        with np.errstate(over="ignore"):  # exp of a very low logit is infinite, and its share 0
            return 1.0 / (1.0 + np.exp(-(slope * logits + intercept)))


IDENTITY = Calibration()


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

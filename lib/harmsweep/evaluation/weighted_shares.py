"""Shares of posts that were drawn with unequal chances, with intervals."""

from dataclasses import dataclass
from math import nan

from harmsweep.evaluation.intervals import Bools, Floats


@dataclass(frozen=True)
class WeightedShare:
    """A share, its interval, and how many rows it rests on; NaN without rows."""

    value: float
    low: float
    high: float
    n: int
    # So many rows of equal weight would say as much.
    effective: float


def effective_size(weights: Floats) -> float:
    """How many rows of equal weight have the variance of these (Kish, 1965, section 11.7)."""
    return float(weights.sum() ** 2 / (weights**2).sum()) if len(weights) else 0.0


def weighted_share(what: Bools, weights: Floats, *, error: float = 0.05) -> WeightedShare:
    """The share of the weight that is `what` (Hajek, 1971), for weights of 1 / chance.

    The interval is Clopper and Pearson's for the effective size that the estimate's variance comes
    to (Korn and Graubard, 1998); at 0 or 1, which has none, for Kish's.
    """
    count, total = len(weights), float(weights.sum())
    if not count:
        return WeightedShare(value=nan, low=nan, high=nan, n=0, effective=0.0)
    value = float((weights * what).sum() / total)
    effective = effective_size(weights)
    if what.any() and not what.all():
        residuals = weights * (what - value)
        variance = float((residuals**2).sum()) / total**2
        effective = min(float(count), value * (1 - value) / variance)
    low, high = _exact(value * effective, effective, error)
    return WeightedShare(value, low, high, count, effective)


def _exact(right: float, of: float, error: float) -> tuple[float, float]:
    """Clopper and Pearson's interval, of numbers that need not be whole."""
    from scipy.special import betaincinv

    low = float(betaincinv(right, of - right + 1, error / 2)) if right > 0 else 0.0
    high = float(betaincinv(right + 1, of - right, 1 - error / 2)) if right < of else 1.0
    return low, high

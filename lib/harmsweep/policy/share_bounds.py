"""Exact bounds on shares, and the precision at a prevalence that follows from two of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Whole numbers: one, or an array of them.
Whole = Any


def lower_bound(right: Whole, of: Whole, error: float) -> Floats:
    """The exact one-sided lower bound on a share (Clopper and Pearson, 1934); 0 for none right.

    The share is below it in at most `error` of all samples.
    """
    # Not scipy.stats: importing it would double the start of every command that reads a claim.
    from scipy.special import betaincinv

    right, of = np.asarray(right), np.asarray(of)
    bound = betaincinv(np.maximum(right, 1), of - right + 1.0, error)
    return np.where(right > 0, bound, 0.0)


def upper_bound(count: Whole, of: Whole, error: float) -> Floats:
    """The exact one-sided upper bound on a share: 1 for all, and where there was none to count."""
    count, of = np.asarray(count), np.asarray(of)
    return 1 - lower_bound(of - count, of, error)


def exact_interval(count: Whole, of: Whole, error: float = 0.05) -> tuple[Floats, Floats]:
    """The exact two-sided interval of a share, each end with half of the error."""
    return lower_bound(count, of, error / 2), upper_bound(count, of, error / 2)


def precision_at(
    *, sensitivity: Floats | float, false_positives: Floats | float, prevalence: float
) -> Floats:
    """The precision at a prevalence, by Bayes' rule; 0 where nothing harmful is flagged."""
    right = np.asarray(prevalence * sensitivity, dtype=float)
    all_flagged = right + (1 - prevalence) * np.asarray(false_positives, dtype=float)
    nothing = np.zeros_like(all_flagged)
    return np.asarray(np.divide(right, all_flagged, out=nothing, where=right > 0))


def transported_bound(
    found: Whole, harmful: Whole, wrong: Whole, harmless: Whole, *, prevalence: float, error: float
) -> Floats:
    """A lower bound on the precision at a prevalence that need not be that of the sample.

    By label shift (Saerens, Latinne and Decaestecker, 2002): what is flagged of harmful and of
    harmless groups is unchanged, and only how many there are of each differs. `found` of `harmful`
    and `wrong` of `harmless` groups are flagged; each of the two shares has half of the error.
    """
    return precision_at(
        sensitivity=lower_bound(found, harmful, error / 2),
        false_positives=upper_bound(wrong, harmless, error / 2),
        prevalence=prevalence,
    )

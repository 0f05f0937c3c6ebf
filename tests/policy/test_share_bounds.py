"""Bounds on shares against scipy's exact tests, and the precision that follows from two of them."""

import numpy as np
import pytest
from scipy import stats

from harmsweep.policy.share_bounds import (
    exact_interval,
    lower_bound,
    precision_at,
    transported_bound,
    upper_bound,
)


def test_the_bounds_are_the_exact_one_sided_ones():
    right, of = np.array([0, 55, 60, 92]), np.array([9, 62, 60, 93])
    pairs = list(zip(right, of, strict=True))
    below = [stats.binomtest(r, n, alternative="greater") for r, n in pairs]
    above = [stats.binomtest(r, n, alternative="less") for r, n in pairs]
    lows = [test.proportion_ci(0.95, method="exact").low for test in below]
    highs = [test.proportion_ci(0.95, method="exact").high for test in above]
    assert lower_bound(right, of, 0.05) == pytest.approx(lows, abs=1e-9)
    assert upper_bound(right, of, 0.05) == pytest.approx(highs, abs=1e-9)


@pytest.mark.parametrize(("count", "of"), [(0, 20), (7, 20), (20, 20)])
def test_the_interval_is_the_exact_two_sided_one(count: int, of: int):
    exact = stats.binomtest(count, of).proportion_ci(0.95, method="exact")
    assert exact_interval(count, of) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_what_was_never_looked_at_is_bounded_by_nothing():
    assert (lower_bound(0, 0, 0.05), upper_bound(0, 0, 0.05)) == (0, 1)


@pytest.mark.parametrize(
    ("prevalence", "expected"), [(0.5, 0.95), (0.1, 0.679), (0.01, 0.161), (0.001, 0.019)]
)
def test_precision_falls_with_prevalence(prevalence: float, expected: float):
    """What has 0.95 where half of the posts are harmful."""
    found = precision_at(sensitivity=0.95, false_positives=0.05, prevalence=prevalence)
    assert found == pytest.approx(expected, abs=5e-4)


def test_where_nothing_harmful_is_flagged_nothing_is_precise():
    found = precision_at(sensitivity=np.array([0.0, 0.5]), false_positives=0.0, prevalence=0.1)
    assert found.tolist() == [0.0, 1.0]


def test_each_share_has_half_of_the_error():
    sensitivity, false_positives = lower_bound(80, 100, 0.025), upper_bound(1, 900, 0.025)
    right, wrong = 0.02 * sensitivity, 0.98 * false_positives
    bound = transported_bound(80, 100, 1, 900, prevalence=0.02, error=0.05)
    assert bound == pytest.approx(right / (right + wrong))


def test_the_precision_is_below_its_bound_no_more_often_than_said():
    """2,000 samples at a prevalence of 0.3, of what flags 0.6 and 0.01 of the two kinds."""
    rng = np.random.default_rng(1)
    found, wrong = rng.binomial(300, 0.6, 2000), rng.binomial(700, 0.01, 2000)
    bound = transported_bound(found, 300, wrong, 700, prevalence=0.02, error=0.2)
    true = precision_at(sensitivity=0.6, false_positives=0.01, prevalence=0.02)
    assert 0.02 < float((bound > true).mean()) <= 0.2

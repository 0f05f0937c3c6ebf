"""Calibrations that are fitted, and how far probabilities are from what happens."""

import numpy as np
import pytest

from harmsweep.model.calibration import IDENTITY, Floats, calibration_errors, reliability
from harmsweep.training.calibration_fit import calibration


def expit(logits: Floats | float) -> Floats:
    return IDENTITY.probabilities(np.asarray(logits))


RNG = np.random.default_rng(3)
LOGITS = RNG.normal(size=4000)
# What happens is half as sure as the logits say.
TRUTH = RNG.random(4000) < expit(LOGITS / 2 - 1)
GROUPS = [f"g{n}" for n in range(4000)]


def test_platt_finds_the_line_that_the_truth_was_drawn_by() -> None:
    found = calibration(LOGITS[:900], TRUTH[:900], GROUPS[:900])
    assert found.method == "platt"
    slope, intercept = found.x
    assert slope == pytest.approx(0.5, abs=0.2) and intercept == pytest.approx(-1, abs=0.2)


def test_many_rows_get_steps_that_are_near_the_truth() -> None:
    found = calibration(LOGITS, TRUTH, GROUPS)
    assert found.method == "isotonic"
    assert found.probabilities(np.array([0.0]))[0] == pytest.approx(expit(-1), abs=0.08)


def test_separable_classes_give_finite_numbers() -> None:
    logits = np.r_[np.full(20, -1.0), np.full(20, 1.0)]
    found = calibration(logits, logits > 0, GROUPS[:40])
    assert found.method == "platt" and found.probabilities(np.array([1.0]))[0] < 0.99


def test_copies_of_one_group_count_once() -> None:
    # One positive group of 500 rows is one group: too few to calibrate on.
    groups = ["same"] * 500 + GROUPS[:400]
    truth = np.r_[np.ones(500, bool), np.zeros(400, bool)]
    found = calibration(RNG.normal(size=900), truth, groups)
    assert found.method == "none" and "1 positive and 400 negative groups" in found.note


def test_scores_that_are_wrong_way_round_are_left_as_they_are() -> None:
    found = calibration(-LOGITS[:900] * 9, TRUTH[:900], GROUPS[:900])
    assert found.method == "none" and found.note


def test_the_error_is_the_distance_between_said_and_seen() -> None:
    said = np.repeat([0.1, 0.9], 50)
    seen = np.r_[np.arange(50) < 20, np.arange(50) < 40]
    weights = np.ones((1, 100))
    # Bins of ten rows with one probability each: 0.1 said, and rows of a bin alike.
    coarse = calibration_errors(said, seen, weights)[0]
    assert coarse == pytest.approx((20 * 0.9 + 30 * 0.1 + 40 * 0.1 + 10 * 0.9) / 100)
    nothing = calibration_errors(seen.astype(float), seen, weights)[0]
    assert nothing == 0


def test_the_error_is_zero_where_each_bin_is_right_on_average() -> None:
    said = np.full(100, 0.5)
    seen = np.arange(100) % 2 == 0
    assert calibration_errors(said, seen, np.ones((1, 100)))[0] == pytest.approx(0)


def test_a_reliability_diagram_has_the_rows_of_every_bin() -> None:
    bins = reliability(expit(LOGITS), TRUTH)
    assert sum(part["rows"] for part in bins) == 4000
    assert [part["predicted"] for part in bins] == sorted(part["predicted"] for part in bins)

"""Logits to probabilities, by the numbers that a manifest holds."""

import numpy as np
import pytest
from pydantic import ValidationError

from harmsweep.model.calibration import IDENTITY, Calibration

STEPS = Calibration(method="isotonic", x=(-1.0, 1.0, 3.0), y=(0.0, 0.5, 1.0))


def test_without_a_calibration_a_logit_is_its_own_probability() -> None:
    assert IDENTITY.probabilities(np.array([0.0, np.log(3)])).tolist() == pytest.approx([0.5, 0.75])


def test_platt_is_a_line_on_the_logit() -> None:
    platt = Calibration(method="platt", x=(2.0, np.log(3)))
    assert platt.probabilities(np.array([0.0]))[0] == pytest.approx(0.75)
    assert platt.probabilities(np.array([-np.log(3) / 2]))[0] == pytest.approx(0.5)


def test_isotonic_goes_straight_from_step_to_step_and_stays_at_its_ends() -> None:
    assert STEPS.probabilities(np.array([-9, 0, 2, 9.0])).tolist() == [0, 0.25, 0.75, 1]


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_broken_logit_is_no_probability_of_a_step(broken: float) -> None:
    assert np.isnan(STEPS.probabilities(np.array([broken]))[0])


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "platt", "x": (0.0, 1.0)},
        {"method": "platt", "x": (-1.0, 1.0)},
        {"method": "platt", "x": (1.0,)},
        {"method": "platt", "x": (1.0, float("nan"))},
        {"method": "isotonic", "x": (0.0, 0.0), "y": (0.1, 0.2)},
        {"method": "isotonic", "x": (0.0, 1.0), "y": (0.2, 0.1)},
        {"method": "isotonic", "x": (0.0, 1.0), "y": (0.2, 1.1)},
        {"method": "isotonic", "x": (0.0, 1.0), "y": (0.2,)},
        {"method": "sigmoid"},
    ],
    ids=str,
)
def test_numbers_that_would_turn_the_order_round_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Calibration.model_validate(wrong)

"""A promise that holds is hardly ever ruled out, and one that fell is soon."""

import numpy as np
import pytest

from harmsweep.release.conf import load_release
from harmsweep.release.confidence_sequence import ConfidenceSequence

SEQUENCE = ConfidenceSequence(1000)
RUNS = 400


def share_ruled_out(
    sequence: ConfidenceSequence, promise: float, *periods: tuple[int, float], within: int = 0
) -> float:
    """Of planted streams, each of labels at a precision, the share in which a promise falls.

    Those are left out that fell before the last `within` labels.
    """
    draws = np.random.default_rng(7)
    fell, counted = 0, 0
    for _ in range(RUNS):
        right = [bool(x) for n, p in periods for x in draws.random(n) < p]
        if within and sequence.rules_out(promise, right[:-within]):
            continue
        counted += 1
        fell += sequence.rules_out(promise, right)
    return fell / counted


@pytest.mark.parametrize("promise", [0.8, 0.9, 0.95, 0.99])
def test_a_promise_that_just_holds_is_ruled_out_in_under_a_twentieth_of_years(promise: float):
    """By Ville's inequality at most 0.05; 0.05 of 400 are 20, and 31 has a chance of 0.01."""
    assert share_ruled_out(SEQUENCE, promise, (1000, promise)) <= 31 / RUNS


@pytest.mark.parametrize(("promise", "least"), [(0.8, 0.6), (0.9, 0.8), (0.95, 0.92), (0.99, 0.99)])
@pytest.mark.parametrize("before", [0, 200, 600])
def test_a_precision_a_tenth_below_is_found_out_within_200_labels(
    promise: float, least: float, before: int
):
    periods = ((before, promise), (200, promise - 0.1))
    assert share_ruled_out(SEQUENCE, promise, *periods, within=200) >= least


def test_each_year_has_the_error_for_itself():
    good, bad = [True] * 999, [False] * 3
    assert SEQUENCE.rules_out(0.95, good + bad) == SEQUENCE.rules_out(0.95, [True, *bad[1:]])
    assert not SEQUENCE.rules_out(0.95, [True] * 5000)


def test_what_is_ruled_out_is_all_above_a_bound():
    right = [n % 4 > 0 for n in range(200)]  # three of four
    bound = SEQUENCE.upper_bound(right)
    assert 0.75 < bound < 0.9
    assert not SEQUENCE.rules_out(bound - 0.001, right)
    assert SEQUENCE.rules_out(bound + 0.001, right)
    assert SEQUENCE.rules_out(0.999, right)


def test_what_was_ruled_out_stays_so_whatever_comes():
    wrong, right = [False] * 40, [True] * 400
    assert SEQUENCE.rules_out(0.9, wrong + right)
    assert SEQUENCE.upper_bound(wrong + right) == SEQUENCE.upper_bound(wrong)


def test_without_labels_nothing_is_ruled_out():
    assert SEQUENCE.upper_bound([]) == 1


def test_the_year_of_the_configuration_is_that_of_its_labels_a_day():
    watch = load_release().watch
    assert watch.sequence.labels == 365 * watch.labels_per_day

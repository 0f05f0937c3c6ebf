"""Shares with intervals, and thresholds that another part chose."""

import numpy as np
import pytest

from harmsweep.evaluation.scored import ScoredRows
from harmsweep.evaluation.shares import (
    at_threshold,
    share,
    threshold_by_precision,
    threshold_by_rate,
)
from harmsweep.model.conf import Evaluation


def rows(truth: list[int], scores: list[float]) -> ScoredRows:
    n = len(truth)
    names = np.array([f"g{i}" for i in range(n)])
    return ScoredRows("spam", np.array(truth) > 0, {"model": np.array(scores)}, names, names, names)


def test_a_share_has_an_interval_around_it_and_says_how_many(options: Evaluation):
    what = np.array([True, False] * 20)
    found = share(what, np.ones(40, bool), np.arange(40), options, seed=1)
    assert (found["value"], found["n"], found["groups"]) == (0.5, 40, 40)
    assert 0.3 < found["low"] < 0.5 < found["high"] < 0.7


def test_whole_groups_are_resampled(options: Evaluation):
    # Four rows of a group agree: a quarter as many independent rows, and twice the interval.
    what = np.repeat([True, False] * 20, 4)
    alone, together = (
        share(what, np.ones(160, bool), np.arange(160) // size, options, seed=1) for size in (1, 4)
    )
    assert together["high"] - together["low"] > 1.5 * (alone["high"] - alone["low"])


def test_few_groups_have_no_interval_and_no_rows_no_value(options: Evaluation):
    what, of = np.ones(4, bool), np.array([True, True, False, False])
    assert share(what, of, np.arange(4), options, seed=1)["value"] == 1.0
    assert share(what, of, np.arange(4), options, seed=1)["low"] is None
    assert share(what, ~what, np.arange(4), options, seed=1)["value"] is None


def test_where_none_or_all_are_an_interval_is_exact(options: Evaluation):
    none = share(np.zeros(100, bool), np.ones(100, bool), np.arange(100), options, seed=1)
    every = share(np.ones(100, bool), np.ones(100, bool), np.arange(100), options, seed=1)
    assert (none["low"], none["high"]) == (0.0, pytest.approx(0.0362, abs=1e-4))
    assert (every["low"], every["high"]) == (pytest.approx(0.9638, abs=1e-4), 1.0)


def test_the_threshold_of_a_rate_is_passed_by_so_many_harmless_rows():
    found = rows([0] * 100 + [1] * 3, [*np.linspace(0, 0.99, 100), 0.5, 0.6, 0.7])
    score = threshold_by_rate(found, 0.05)
    assert score is not None
    assert (found.scores["model"][~found.truth] > score).sum() == 4
    assert threshold_by_rate(rows([1, 1], [0.2, 0.3])) is None


def test_the_threshold_of_a_precision_is_the_lowest_that_keeps_it():
    truth = [1] * 9 + [0] + [1] * 9 + [0] * 9
    scores = [1 - i / 100 for i in range(len(truth))]
    # 18 of 19 are right at 0.82, and 18 of 20 at 0.81; no ten are all right.
    assert threshold_by_precision(rows(truth, scores), 0.9) == pytest.approx(0.81)
    assert threshold_by_precision(rows(truth, scores), 0.99) is None


def test_equal_scores_are_flagged_together():
    truth = [1] * 12 + [0] * 12
    assert threshold_by_precision(rows(truth, [0.5] * 24), 0.9) is None
    assert threshold_by_precision(rows(truth, [0.5] * 24), 0.5) == 0.5


def test_a_threshold_gives_precision_and_recall(options: Evaluation):
    found = at_threshold(rows([1, 1, 0, 1], [0.9, 0.8, 0.8, 0.1]), 0.8, options, seed=1)
    assert found["flagged"] == 3
    assert found["precision"]["value"] == pytest.approx(2 / 3)
    assert found["recall"]["value"] == pytest.approx(2 / 3)

"""Curves agree with the areas that are reported beside them."""

import numpy as np
import pytest

from harmsweep.evaluation.curves import GRID, curves
from harmsweep.evaluation.intervals import auroc_auprc
from harmsweep.evaluation.scored import ScoredRows
from harmsweep.model.conf import Evaluation


def rows(truth: list[int], scores: list[float]) -> ScoredRows:
    names = np.array([f"g{i}" for i in range(len(truth))])
    return ScoredRows("spam", np.array(truth) > 0, {"model": np.array(scores)}, names, names, names)


def test_the_curves_hold_the_areas(options: Evaluation):
    rng = np.random.default_rng(3)
    truth = (rng.random(400) < 0.4).astype(int)
    found = rows(truth.tolist(), (truth + rng.normal(size=400)).round(1).tolist())
    auroc, auc_pr = auroc_auprc(found.truth, found.scores["model"])
    roc, pr = curves(found, options, seed=1)
    assert np.trapezoid(roc.height, GRID) == pytest.approx(auroc, abs=0.01)
    assert pr.height.mean() == pytest.approx(auc_pr, abs=0.02)


def test_the_band_holds_the_curve_and_is_missing_with_few_groups(options: Evaluation):
    many = rows([0, 1] * 30, [i % 7 / 7 + i % 2 / 5 for i in range(60)])
    for curve in curves(many, options, seed=1):
        assert curve.low is not None and curve.high is not None
        inside = (curve.low <= curve.height) & (curve.height <= curve.high)
        assert inside.mean() > 0.9
        assert (curve.high - curve.low).max() > 0.05
    assert curves(rows([0, 1, 1], [0.1, 0.2, 0.3]), options, seed=1)[0].low is None


def test_ties_are_one_step():
    always = rows([0, 1, 0, 1], [0.5] * 4)
    roc, pr = curves(always, Evaluation(resamples=100, min_groups=9, baseline_rows=1), seed=1)
    assert roc.height == pytest.approx(GRID)
    assert pr.height == pytest.approx(np.full(len(GRID), 0.5))

"""AUROC and AUC-PR against scikit-learn, and their resampling by group."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from harmsweep.evaluation.intervals import (
    auroc_auprc,
    bootstrap_auroc_auprc,
    interval,
    weighted_auroc_auprc,
)

RNG = np.random.default_rng(3)
TRUTH = RNG.random(200) < 0.3
# One decimal: many ties.
SCORES = np.round(RNG.normal(size=200) + TRUTH, 1)


def test_areas_are_those_of_scikit_learn_with_ties() -> None:
    expected = roc_auc_score(TRUTH, SCORES), average_precision_score(TRUTH, SCORES)
    assert auroc_auprc(TRUTH, SCORES) == pytest.approx(expected)


def test_weights_count_like_repeated_rows() -> None:
    weights = RNG.integers(0, 4, size=(3, 200)).astype(float)
    auroc, auc_pr = weighted_auroc_auprc(TRUTH, SCORES, weights)
    for place, weight in enumerate(weights):
        expected = roc_auc_score(TRUTH, SCORES, sample_weight=weight)
        assert auroc[place] == pytest.approx(expected)
        expected = average_precision_score(TRUTH, SCORES, sample_weight=weight)
        assert auc_pr[place] == pytest.approx(expected)


def test_one_class_has_no_area() -> None:
    assert np.isnan(auroc_auprc(np.ones(3, dtype=bool), np.arange(3.0))).all()


def test_a_group_is_drawn_as_a_whole() -> None:
    # Two groups that are copies of each other: any draw of them has the same area.
    truth = np.array([True, False, False] * 2)
    scores = np.array([0.9, 0.95, 0.1] * 2)
    groups = np.array(["a"] * 3 + ["b"] * 3)
    drawn = bootstrap_auroc_auprc(truth, {"model": scores}, groups, resamples=50, seed=1)["model"][
        0
    ]
    assert set(drawn) == {0.5}


def test_scorers_share_their_resamples() -> None:
    groups = np.arange(200).astype(str)
    drawn = bootstrap_auroc_auprc(TRUTH, {"a": SCORES, "b": SCORES}, groups, resamples=20, seed=1)
    assert np.array_equal(drawn["a"][0], drawn["b"][0])


def test_an_interval_leaves_out_what_is_not_known() -> None:
    assert interval(np.array([0.5, np.nan, 0.5])) == (0.5, 0.5)

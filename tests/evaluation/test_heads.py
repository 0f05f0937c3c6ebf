"""What follows from a head's figures."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from harmsweep.evaluation.heads import (
    BELOW,
    NO_BASELINE,
    NO_FIGURE,
    NO_INTERVAL,
    WORSE,
    doubts,
    head_records,
    verdict,
)
from harmsweep.model.conf import Evaluation

HEAD: dict[str, Any] = {
    "auroc": 0.8, "low": 0.7, "high": 0.9, "positive_groups": 40, "negative_groups": 50,
    "few": False, "baseline": 0.75, "best_baseline": "text", "worse_than_baseline": False,
    "difference_low": 0.01,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "better than text alone"),
        ({"difference_low": -0.01}, "not told from text alone"),
        ({"worse_than_baseline": True}, "review only: worse than text alone"),
        ({"few": True}, "review only: fewer than 30 positives"),
        (
            {"low": None, "positive_groups": 6},
            "review only: 6 groups of a class tell nothing of a new one",
        ),
        ({"auroc": None, "low": None}, "review only: one class in the test part"),
        ({"baseline": None, "difference_low": None}, "no baseline to compare with"),
    ],
)
def test_the_verdict_is_the_first_reason_that_holds(changes: dict[str, Any], told: str):
    assert verdict(HEAD | changes) == told


def test_a_head_has_intervals_calibration_and_its_stored_baseline(
    make_frame: Callable[..., pd.DataFrame], options: Evaluation
):
    truth = [1.0, 0.0] * 40
    rows = make_frame({"spam": truth}, {"spam": ([0.9, 0.1] * 3 + [0.1, 0.9]) * 10})
    stored = {
        "harm": "spam", "dataset": "all", "best_baseline": "text", "baseline_text_auroc": 0.9,
        "difference": -0.15, "difference_low": -0.2, "difference_high": -0.1,
        "worse_than_baseline": True,
    }  # fmt: skip
    evaluation = {"records": [stored, stored | {"dataset": "sms", "baseline_text_auroc": 0.1}]}
    [head] = head_records(rows, ["spam"], evaluation, options, seed=1)
    assert head["low"] < head["auroc"] == 0.75 < head["high"]
    assert head["ap_low"] < head["auc_pr"] < head["ap_high"]
    # Said 0.9 or 0.1, and wrong in a quarter: off by 0.15 on both sides.
    assert head["ece"] == pytest.approx(0.15) and head["ece_low"] < 0.15 < head["ece_high"]
    assert (head["baseline"], head["difference"], head["review_only"]) == (0.9, -0.15, True)
    assert (head["n"], head["positives"], head["few"]) == (80, 40, False)


def test_a_head_of_few_positives_or_one_class_is_for_review_only(
    make_frame: Callable[..., pd.DataFrame], options: Evaluation
):
    labels = {"spam": [1.0] * 29 + [0.0] * 60, "hate": [0.0] * 89}
    rows = make_frame(labels, {"spam": [0.3] * 89, "hate": [0.3] * 89})
    few, none = head_records(rows, ["spam", "hate"], {}, options, seed=1)
    assert few["few"] and few["review_only"] and few["auroc"] == 0.5
    assert none["auroc"] is None and none["review_only"] and none["verdict"].endswith("test part")


GOOD: dict[str, Any] = {
    "harm": "hate", "dataset": "all", "auroc": 0.8, "low": 0.7, "high": 0.9, "difference": 0.05,
    "difference_low": -0.01, "difference_high": 0.1, "worse_than_baseline": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "held_against"),
    [
        ({}, set()),
        ({"difference": 0.0}, set()),
        ({"worse_than_baseline": True, "difference": -0.1}, {WORSE}),
        ({"difference": -0.001}, {BELOW}),
        ({"difference_low": None}, {NO_INTERVAL}),
        ({"difference_low": float("nan")}, {NO_INTERVAL}),
        ({"difference": -0.6, "difference_low": None}, {BELOW, NO_INTERVAL}),
        ({"difference": None}, {NO_BASELINE}),
        ({"difference": None, "low": None}, {NO_BASELINE, NO_INTERVAL}),
        ({"auroc": None}, {NO_FIGURE}),
        ({"auroc": float("nan"), "low": None}, {NO_FIGURE}),
    ],
)
def test_whatever_is_short_of_its_baseline_or_of_an_interval_is_held_against_a_head(
    changes: dict[str, Any], held_against: set[str]
):
    assert doubts([GOOD, GOOD | changes]).keys() == held_against


def test_a_doubt_names_the_head_with_its_dataset_or_language():
    below = GOOD | {"difference": -0.1}
    rows = [below, below | {"dataset": "sms"}, below | {"language": "de"}]
    assert doubts(rows) == {BELOW: ["hate", "hate (sms)", "hate (de)"]}


def test_a_record_that_lacks_figures_is_no_praise():
    assert doubts([{"harm": "hate", "dataset": "all"}]) == {NO_FIGURE: ["hate"]}

"""What thresholds cost, at the prevalence of a policy rather than the test part's own."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from harmsweep.evaluation.ordinary import ELSEWHERE, ORDINARY, Flagging
from harmsweep.evaluation.threshold_costs import (
    COSTS,
    FLAGGED,
    FLAGGED_VIEWS,
    LABELLED,
    MISSED,
    MISSED_VIEWS,
    Costs,
    threshold_costs,
)
from harmsweep.model.conf import Background, Evaluation
from harmsweep.paths import CONF
from harmsweep.policy.file import load_policy

BACKGROUND = Background(ordinary=("reddit",), collections={"hate": ("sms",)})
NONE = float("nan")
SCORES = [0.9] * 3 + [0.2] * 7 + [0.1] * 18 + [0.7] * 2
VIEWS = [1.0] * 3 + [2.0] * 7 + [5.0] * 18 + [30.0] * 2


@pytest.fixture
def by() -> Flagging:
    return Flagging(load_policy(CONF / "policy" / "default.yaml"), None, BACKGROUND)


@pytest.fixture
def rows(make_frame: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    """Ten harmful posts, three of them found at 0.5, and twenty ordinary ones, two flagged."""
    labels = {"hate": [1.0] * 10 + [NONE] * 20}
    datasets = ["davidson"] * 10 + ["reddit"] * 20
    return make_frame(labels, {"hate": SCORES}, dataset=datasets, views=VIEWS)


def only(rows: pd.DataFrame, by: Flagging, options: Evaluation, harm: str = "hate") -> Costs:
    [costs] = threshold_costs(rows, harm, by, options, seed=1)
    return costs


def test_costs_are_put_together_at_the_prevalence_that_the_policy_states(
    rows: pd.DataFrame, by: Flagging, options: Evaluation
) -> None:
    costs = only(rows, by, options)
    assert (costs.prevalence, costs.stated, costs.rungs) == (0.01, True, {"review": 0.5})
    at = costs.at(0.5)
    assert at[FLAGGED] == pytest.approx(0.01 * 0.3 + 0.99 * 0.1)
    assert at[MISSED] == pytest.approx(0.7)
    assert at[MISSED_VIEWS] == pytest.approx(14 / 17)
    # Views by post: harmful 0.3 of 1.7 flagged, ordinary 3 of 7.5.
    seen, all_views = 0.01 * 0.3 + 0.99 * 3, 0.01 * 1.7 + 0.99 * 7.5
    assert at[FLAGGED_VIEWS] == pytest.approx(seen / all_views)


def test_a_higher_threshold_flags_no_more_and_misses_no_less(
    rows: pd.DataFrame, by: Flagging, options: Evaluation
) -> None:
    curves = only(rows, by, options).curves
    for name in COSTS:
        steps = np.diff(curves[name].height)
        assert (steps <= 1e-12).all() if name.startswith("flagged") else (steps >= -1e-12).all()


def test_bands_hold_the_curve_and_are_never_of_no_width_where_nothing_is_flagged(
    rows: pd.DataFrame, by: Flagging, options: Evaluation
) -> None:
    costs = only(rows, by, options)
    for name in (FLAGGED, MISSED):
        curve = costs.curves[name]
        assert curve.low is not None and curve.high is not None
        assert (curve.low <= curve.height + 1e-12).all()
        assert (curve.high >= curve.height - 1e-12).all()
    at = costs.at(0.95)
    assert at[FLAGGED] == 0 and at[MISSED] == 1
    # Of 20 groups none: up to 0.168 of them, and of 10 up to 0.308, as Clopper and Pearson have it.
    assert at["flagged_high"] == pytest.approx(0.01 * 0.3085 + 0.99 * 0.1684, abs=1e-3)
    assert at["missed_low"] == pytest.approx(1 - 0.3085, abs=1e-3)
    assert at["flagged_views_high"] is None and at["missed_views_low"] is None


def test_few_groups_have_no_band(rows: pd.DataFrame, by: Flagging, options: Evaluation) -> None:
    harmful = rows[(rows["label_hate"] != 1) | (rows.index < 4)]
    assert only(harmful, by, options).at(0.5)["missed_low"] is None
    few = rows[(rows["label_hate"] == 1) | (rows.index > 26)]
    costs = only(few, by, options)
    assert costs.at(0.5)["flagged_low"] is None and costs.at(0.5)["missed_low"] is not None


def test_benign_posts_are_ordinary_ones_then_other_collections_then_labelled_ones(
    rows: pd.DataFrame, by: Flagging, options: Evaluation
) -> None:
    assert only(rows, by, options).benign_kind == ORDINARY
    rows["dataset"] = rows["dataset"].replace("reddit", "sms")
    assert only(rows, by, options).benign_kind == ELSEWHERE
    rows["label_hate"] = rows["label_hate"].fillna(0.0)
    costs = only(rows, by, options)
    assert (costs.benign_kind, costs.benign, costs.benign_groups) == (LABELLED, 20, 20)


def test_a_harm_without_a_stated_prevalence_has_an_assumed_one_and_may_have_no_rung(
    make_frame: Callable[..., pd.DataFrame], by: Flagging, options: Evaluation
) -> None:
    given = make_frame({"violence": [1.0, 0.0]}, {"violence": [0.9, 0.1]}, views=[NONE, NONE])
    costs = only(given, by, options, "violence")
    assert (costs.prevalence, costs.stated) == (0.01, False)
    assert costs.at(0.5)[FLAGGED_VIEWS] is None and costs.at(0.5)[MISSED_VIEWS] is None
    without = Flagging(by.policy.model_copy(update={"rules": {}}), None, BACKGROUND)
    assert not only(given, without, options, "violence").rungs


def test_a_head_without_a_harmful_or_a_benign_post_has_no_costs(
    rows: pd.DataFrame, by: Flagging, options: Evaluation
) -> None:
    for label in (0.0, 1.0):
        given = rows[rows.index < 10].assign(label_hate=label)
        assert not [*threshold_costs(given, "hate", by, options, seed=1)]


def test_each_stated_prevalence_has_costs_of_its_own(
    rows: pd.DataFrame, by: Flagging, options: Evaluation
) -> None:
    [rule] = by.policy.rules["hate"]
    rules = {"hate": (rule, rule.model_copy(update={"prevalence": 0.2}))}
    both = Flagging(by.policy.model_copy(update={"rules": rules}), None, BACKGROUND)
    found = [*threshold_costs(rows, "hate", both, options, seed=1)]
    assert [costs.prevalence for costs in found] == [0.01, 0.2]
    assert found[0].at(0.5)[MISSED] == found[1].at(0.5)[MISSED]

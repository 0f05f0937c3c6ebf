"""Which posts are free of a harm, and at which rung of a policy a head flags them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from certifying import certificate, claim

from harmsweep.evaluation.ordinary import (
    ELSEWHERE,
    ORDINARY,
    Flagging,
    any_head_records,
    ordinary_records,
)
from harmsweep.model.conf import Background, Evaluation
from harmsweep.paths import CONF
from harmsweep.policy.file import Policy, load_policy

BACKGROUND = Background(ordinary=("reddit",), collections={"hate": ("sms",), "spam": ("edos",)})
NONE = float("nan")


@pytest.fixture
def policy() -> Policy:
    return load_policy(CONF / "policy" / "default.yaml")


@pytest.fixture
def rows(make_frame: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    """Ten posts of each collection; one in ten of sms, and two of reddit, look like hate."""
    datasets = np.repeat(["sms", "edos", "reddit"], 10)
    hate = [0.9, *[0.1] * 19, 0.5, 0.6, *[0.1] * 8]
    spam = [*[0.9] * 10, *[0.1] * 19, 0.8]
    labels = {"hate": [NONE] * 30, "spam": [*[1.0] * 10, *[NONE] * 20]}
    return make_frame(labels, {"hate": hate, "spam": spam}, dataset=datasets)


def test_labelled_posts_and_those_of_no_background_count_in_no_share(
    rows: pd.DataFrame, policy: Policy, options: Evaluation
) -> None:
    rows.loc[21, "label_hate"] = 1.0
    by = Flagging(policy, None, BACKGROUND)
    found = {
        (r["harm"], r["posts"]): (r["value"], r["n"])
        for r in ordinary_records(rows, ["hate", "spam"], by, options, seed=1)
        if r["action"] == "review"
    }
    assert found == {
        ("hate", ORDINARY): (pytest.approx(1 / 9), 9),
        ("hate", ELSEWHERE): (0.1, 10),
        ("spam", ORDINARY): (0.1, 10),
        ("spam", ELSEWHERE): (0.0, 10),
    }


def test_a_rung_that_is_not_certified_flags_none_and_one_that_is_flags_from_its_threshold(
    rows: pd.DataFrame, policy: Policy, options: Evaluation
) -> None:
    held = claim(0.95, 0.6, prevalence=0.01, counts={"harmless_groups": 200_000})
    for known, value, score in ((None, 0.0, None), (held, 0.1, 0.6)):
        claims = certificate(known, policy=policy.policy_version) if known else None
        by = Flagging(policy, claims, BACKGROUND)
        removed = [
            r
            for r in ordinary_records(rows, ["hate"], by, options, seed=1)
            if (r["posts"], r["action"]) == (ORDINARY, "remove")
        ]
        assert [(r["value"], r["threshold"]) for r in removed] == [(value, score)]


def test_a_post_that_two_heads_flag_counts_once_in_all(
    rows: pd.DataFrame, policy: Policy, options: Evaluation
) -> None:
    rows.loc[20, "p_spam"] = 0.9
    by = Flagging(policy, None, BACKGROUND)
    found = {
        r["posts"]: (r["value"], r["n"])
        for r in any_head_records(rows, ["hate", "spam"], by, options, seed=1)
    }
    assert found == {ORDINARY: (0.3, 10), ELSEWHERE: (0.05, 20)}


def test_a_harm_without_a_rule_flags_nothing(
    rows: pd.DataFrame, policy: Policy, options: Evaluation
) -> None:
    without = policy.model_copy(update={"rules": {}})
    by = Flagging(without, None, BACKGROUND)
    assert not [*ordinary_records(rows, ["hate"], by, options, seed=1)]
    assert {r["value"] for r in any_head_records(rows, ["hate"], by, options, seed=1)} == {0.0}


def test_conf_names_collections_that_have_no_labels_of_the_harm(shared_data: Path) -> None:
    import json

    from harmsweep.model.conf import load_training

    lines = (shared_data / "labels.jsonl").read_text().splitlines()
    labelled = {(row["harm"], row["dataset"]) for row in map(json.loads, lines)}
    background = load_training().background
    declared = {(h, d) for h in background.collections for d in background.of(h)}
    assert not declared & labelled

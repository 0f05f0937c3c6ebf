"""What each score leads to under a policy, and that nothing unsound leads to an action."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import DataFrame

from harmsweep.policy.file import Policy
from harmsweep.stages.decide.stage import decisions

pytestmark = pytest.mark.spark

EVERYWHERE = ("all", "all")


ROWS: dict[str, dict[str, Any]] = {
    "removed": {"hate": 0.97},
    "at": {"spam": 0.9},
    "below": {"spam": 0.79999},
    "severe": {"spam": 0.89, "hate": 0.951},
    "margin": {"spam": 0.96, "sexism": 0.95},
    "tie": {"spam": 0.95, "sexism": 0.95},
    "ads": {"hate": 0.35, "surface": "ads"},
    "germany": {"hate": 0.6},
    "nan": {"hate": math.nan, "spam": math.nan},
    "inf": {"hate": math.inf},
    "above": {"spam": 1.5},
    "negative": {"spam": -1.0},
    "no heads": {},
    "french": {"spam": 0.99, "language": "fr"},
    "near": {"spam": 0.75, "status": "scored_partial", "reason": "video unsupported"},
    "far": {"spam": 0.69, "status": "scored_partial", "reason": "video unsupported"},
    "damaged": {"spam": 0.1, "status": "scored_partial", "reason": "image undecodable"},
    "damaged and harmful": {"spam": 0.95, "status": "scored_partial", "reason": "text capped"},
    "damaged and near": {"spam": 0.75, "status": "scored_partial", "reason": "text capped"},
    "unread": {"spam": 0.1, "status": "scored_partial", "reason": "text not embedded"},
    "both": {
        "spam": 0.1,
        "status": "scored_partial",
        "reason": "image undecodable; video unsupported",
    },
    "quarantined": {"status": "quarantined", "reason": "nothing to score"},
    "failed": {"hate": 0.99, "status": "failed", "reason": "not finite"},
}


See = Callable[..., DataFrame]
Found = dict[str, dict[tuple[str, str], dict[str, Any]]]


def decide(see: See, policy: Policy, model_version: str) -> Found:
    found: Found = {name: {} for name in ROWS}
    for row in decisions(see(ROWS, policy), policy, model_version).collect():
        found[row["post_id"]][row["surface"], row["jurisdiction"]] = row.asDict()
    return found


@pytest.fixture(scope="module")
def decided(see: See, policy: Policy) -> Found:
    """Decisions of an approved model by post and scope."""
    return decide(see, policy, "m-1")


@pytest.fixture(scope="module")
def unapproved(see: See, policy: Policy) -> Found:
    """Decisions of a model that the policy does not name."""
    return decide(see, policy, "m-2")


@pytest.mark.parametrize(
    ("post", "harm", "action"),
    [
        ("removed", "hate", "remove"),
        ("at", "spam", "remove"),
        ("severe", "hate", "remove"),  # over spam's demotion with the larger margin
        ("margin", "spam", "remove"),  # 0.06 over its threshold, sexism 0.05
        ("tie", "spam", "remove"),  # the policy names spam first
        ("germany", "hate", "review"),
        ("damaged and harmful", "spam", "remove"),
    ],
)
def test_the_most_severe_rung_wins(decided: Found, post: str, harm: str, action: str):
    row = decided[post][EVERYWHERE]
    assert (row["harm"], row["action"], row["reason"]) == (harm, action, "threshold_met")
    assert row["score"] >= row["threshold"]


@pytest.mark.parametrize("post", ["below", "no heads", "far"])
def test_what_reaches_no_threshold_gets_no_row(decided: Found, post: str):
    assert decided[post] == {}


@pytest.mark.parametrize("post", ["nan", "inf", "above", "negative"])
def test_a_score_that_is_no_probability_leads_to_nothing(decided: Found, post: str):
    assert decided[post] == {}


def test_a_rule_of_a_surface_holds_for_posts_there_only(decided: Found):
    assert {scope: r["action"] for scope, r in decided["ads"].items()} == {("ads", "all"): "remove"}
    assert ("ads", "all") not in decided["removed"]


def test_each_jurisdiction_has_a_decision_of_its_own(decided: Found):
    actions = {scope: row["action"] for scope, row in decided["germany"].items()}
    assert actions == {EVERYWHERE: "review", ("all", "DE"): "demote"}


def test_every_action_of_an_unapproved_model_becomes_review(decided: Found, unapproved: Found):
    assert unapproved.keys() == decided.keys()
    for post, scopes in unapproved.items():
        for scope, row in scopes.items():
            assert row["action"] == "review"
            assert row["policy_action"] == decided[post][scope]["policy_action"]


def test_a_language_that_is_not_certified_goes_to_review(decided: Found):
    row = decided["french"][EVERYWHERE]
    assert (row["action"], row["policy_action"]) == ("review", "remove")
    assert json.loads(row["evidence"])["automation"] == "language_not_certified"


@pytest.mark.parametrize(
    ("post", "harm", "score", "reason"),
    [
        ("near", "spam", 0.75, "near_threshold"),
        ("damaged and near", "spam", 0.75, "near_threshold"),
        ("damaged", "none", None, "damaged_input"),
        ("unread", "none", None, "damaged_input"),
        ("both", "none", None, "damaged_input"),
        ("quarantined", "none", None, "damaged_input"),
        ("failed", "none", None, "damaged_input"),
    ],
)
def test_a_post_that_was_not_seen_whole_goes_to_review(
    decided: Found, post: str, harm: str, score: float | None, reason: str
):
    row = decided[post][EVERYWHERE]
    assert (row["action"], row["harm"], row["score"], row["reason"]) == (
        "review",
        harm,
        score,
        reason,
    )


def test_the_evidence_names_every_score_and_what_was_seen(decided: Found):
    assert json.loads(decided["severe"][EVERYWHERE]["evidence"]) == {
        "scores": {"hate": 0.951, "spam": 0.89},
        "status": "scored",
        "inputs": ["text"],
        "automation": "allowed",
    }

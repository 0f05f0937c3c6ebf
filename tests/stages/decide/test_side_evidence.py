"""Known media, copies and other people's comments lead to a person, and to nothing else."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from builders import post, scored
from enforcement_lake import model_ref
from pyspark.sql import DataFrame, SparkSession

from harmsweep.lake import delta
from harmsweep.paths import CONF
from harmsweep.policy.file import Policy, load_policy
from harmsweep.policy.ladders import Rule, Rung
from harmsweep.stages.decide.side_evidence import harmful_comments
from harmsweep.stages.decide.stage import decide_day, decisions
from harmsweep.tables.catalog import COMMENT_SCORES, DECISIONS, ESCALATIONS, POSTS, SCORES

pytestmark = pytest.mark.spark

DAY = date(2026, 10, 1)
HASH = "0f" * 32
POSTS_SEEN: dict[str, dict[str, Any]] = {
    "known": {"spam": 0.1},
    "known and removed": {"hate": 0.97},
    "known and unscored": {"status": "failed", "reason": "not finite"},
    "good": {"spam": 0.1},
    "held": {"spam": 0.1},
    "mobbed": {"hate": 0.3, "spam": 0.1},
    "mobbed and near": {"spam": 0.75, "status": "scored_partial", "reason": "video unsupported"},
    "teased": {"spam": 0.1},
    "odd comment": {"spam": 0.1},
    "other model's comment": {"spam": 0.1},
    "copied": {"spam": 0.1},
    "copied and removed": {"hate": 0.97},
}


def match(post: str, **changes: Any) -> dict[str, Any]:
    rest = {"post_id": post, "bank": "mocking", "hash": HASH, "media_hash": HASH, "distance": 12}
    return rest | {"quality": 90, "kind": "hate", "status": "evidence"} | changes


def comment(post: str, score: float, **changes: Any) -> dict[str, Any]:
    rest = {"post_id": post, "harm": "hate", "score": score, "comment_id": "c7", "comments": 200}
    return rest | changes


MATCHES = [
    match("known", bank="slurs", kind="harassment", distance=20, hash="1e" * 32),
    match("known"),
    match("known and removed"),
    match("known and unscored"),
    match("good", status="suppressed", reason="known good"),
    match("good", bank="logos", kind="known_good", distance=2),
    match("held", status="held", reason="over its budget"),
]
COMMENTS = [
    comment("mobbed", 0.97),
    comment("mobbed", 0.99, harm="harassment", comment_id="c9"),
    comment("mobbed and near", 0.999),
    comment("teased", 0.8999),
    comment("odd comment", math.nan),
    comment("odd comment", 7.0, harm="spam"),
    comment("other model's comment", 0.99, model_version="m-2"),
]
MEDIA = [
    {"post_id": name, "kind": "image", "uri": "a.jpg", "status": "ok", "content_hash": "aa"}
    for name in ("copied", "copied and removed")
]
CLUSTER = {"cluster": HASH, "distance": 3, "size": 9, "judged": 4, "harmful": 3}
CLUSTERS = [{"content_hash": "aa", **CLUSTER}]
Found = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def decided(see: Callable[..., DataFrame], policy: Policy) -> Found:
    """Each post's decisions everywhere, by an approved model."""
    seen = see(
        POSTS_SEEN, policy, matches=MATCHES, media=MEDIA, clusters=CLUSTERS, comments=COMMENTS
    )
    found: Found = {name: [] for name in POSTS_SEEN}
    for row in decisions(seen, policy, "m-1").collect():
        if row["jurisdiction"] == "all":
            found[row["post_id"]].append(row.asDict())
    return found


def only(decided: Found, post: str) -> tuple[dict[str, Any], dict[str, Any]]:
    (row,) = decided[post]
    return row, json.loads(row["evidence"])


@pytest.mark.parametrize("post", ["known", "known and unscored"])
def test_known_media_are_reviewed_with_the_nearest_bank_named(decided: Found, post: str):
    row, evidence = only(decided, post)
    assert [row[n] for n in ("action", "policy_action", "reason", "harm", "score")] == [
        "review", "review", "known_media", "hate", None,
    ]  # fmt: skip
    nearest = evidence["known_media"][0]
    assert nearest == {
        "distance": 12, "bank": "mocking", "harm": "hate", "hash": HASH, "position": 0,
    }  # fmt: skip


def test_every_bank_that_holds_a_picture_is_named(decided: Found):
    _, evidence = only(decided, "known")
    assert [found["bank"] for found in evidence["known_media"]] == ["mocking", "slurs"]


def test_a_score_still_leads_to_more_than_a_match_does(decided: Found):
    row, evidence = only(decided, "known and removed")
    assert (row["action"], row["reason"]) == ("remove", "threshold_met")
    assert evidence["known_media"][0]["bank"] == "mocking"


@pytest.mark.parametrize("post", ["good", "held"])
def test_a_match_that_is_suppressed_or_held_leads_to_nothing(decided: Found, post: str):
    assert decided[post] == []


def test_two_hundred_hostile_comments_lead_to_review_at_most(decided: Found):
    row, evidence = only(decided, "mobbed")
    names = ("action", "policy_action", "reason", "harm", "score", "threshold")
    assert [row[n] for n in names] == [
        "review", "review", "comments", "harassment", 0.99, 0.9,
    ]  # fmt: skip
    assert [found["comment_id"] for found in evidence["comments"]] == ["c9", "c7"]
    assert evidence["comments"][0]["comments"] == 200


def test_what_the_post_itself_says_is_named_before_its_comments(decided: Found):
    row, evidence = only(decided, "mobbed and near")
    assert (row["action"], row["reason"], row["harm"]) == ("review", "near_threshold", "spam")
    assert evidence["comments"][0]["score"] == 0.999


@pytest.mark.parametrize("post", ["teased", "odd comment", "other model's comment"])
def test_comments_below_the_threshold_or_unsound_lead_to_nothing(decided: Found, post: str):
    assert decided[post] == []


def test_a_head_that_needs_more_of_a_post_needs_more_of_a_comment(
    spark: SparkSession, policy: Policy
) -> None:
    ladder = (Rung(action="review", threshold=0.99),)
    strict = Rule(surface="all", jurisdiction="all", ladder=ladder)
    careful = policy.model_copy(update={"rules": {"hate": (strict,), "spam": policy.rules["spam"]}})
    told = [("below", "hate", 0.98), ("above", "hate", 0.995), ("other", "spam", 0.91)]
    comments = spark.createDataFrame(
        [(DAY, post, 1, "m-1", harm, score, "c1", 1) for post, harm, score in told],
        "day date, post_id string, revision int, model_version string, harm string, score double,"
        " comment_id string, comments int",
    )
    found = harmful_comments(comments, careful).collect()
    assert {row["post_id"] for row in found} == {"above", "other"}


def test_a_cluster_is_evidence_and_no_reason(decided: Found):
    assert decided["copied"] == []
    row, evidence = only(decided, "copied and removed")
    assert row["reason"] == "threshold_met"
    (copy,) = evidence["copies"]
    assert copy == CLUSTER


def test_an_escalated_post_gets_no_decision(
    spark: SparkSession, lake: Path, add_rows: Callable[..., None]
):
    names = ("escalated", "other")
    add_rows([post(name) for name in names], POSTS, lake)
    # So high that every policy decides about it.
    add_rows([scored(name, hate=0.99) for name in names], SCORES, lake)
    raised = match("escalated", day=DAY, revision=1, position=0, bank="worst", content_hash="aa")
    raised |= {"contact": "duty officer", "matched_at": datetime(2026, 10, 2, tzinfo=UTC)}
    stored = {name: raised[name] for name in ESCALATIONS.schema.names}
    add_rows([stored], ESCALATIONS, lake)
    policy = CONF / "policy" / "default.yaml"
    decide_day(lambda: spark, lake, DAY, policy=load_policy(policy), model=model_ref("m-1"))
    assert delta.rows(DECISIONS, lake).column("post_id").to_pylist() == ["other"]
    (version,) = set(delta.rows(DECISIONS, lake).column("policy_version").to_pylist())
    assert (lake / "policy" / f"{version}.yaml").read_text() == policy.read_text()


def test_a_head_that_is_kept_out_leads_to_nothing_in_production(
    spark: SparkSession, lake: Path, add_rows: Callable[..., None]
):
    add_rows([post(name) for name in ("hateful", "spammy", "discussed")], POSTS, lake)
    scores = [scored("hateful", hate=0.99), scored("spammy", spam=0.99), scored("discussed")]
    add_rows(scores, SCORES, lake)
    told = {"comment_id": "c1", "harm": "hate", "score": 0.99, "comments": 1}
    told |= {"day": DAY, "post_id": "discussed", "revision": 1, "model_version": "m-1"}
    add_rows([told], COMMENT_SCORES, lake)
    policy = load_policy(CONF / "policy" / "default.yaml")
    model = replace(model_ref("m-1"), kept_out=("hate",))
    decide_day(lambda: spark, lake, DAY, policy=policy, model=model)
    assert delta.rows(DECISIONS, lake).column("post_id").to_pylist() == ["spammy"]

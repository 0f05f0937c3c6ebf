"""A stated precision acts from the certificate's threshold, in its languages, and never without."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from builders import rule, rung, trial_policy
from pyspark.sql import DataFrame

from harmsweep.policy.certificates import (
    Certificate,
    Claim,
    Counts,
    Population,
    Source,
    build_certificate,
)
from harmsweep.policy.file import Policy, load_policy
from harmsweep.stages.decide.stage import decisions

pytestmark = pytest.mark.spark

MODEL = "m0123456789ab0123456789ab01234567"
LADDER = (
    rung("remove", precision=0.95, confidence=0.95),
    rung("demote", precision=0.9, confidence=0.95),
    rung("review", 0.7),
)
POLICY = trial_policy(
    {"hate": [rule(*LADDER)]},
    mode="production",
    approved_models=[MODEL],
    languages=["en", "de", "fr"],
)
POSTS: dict[str, dict[str, Any]] = {
    "removed": {"hate": 0.8},
    "demoted": {"hate": 0.7999},
    "early": {"hate": 0.65},
    "below": {"hate": 0.5999},
    "near": {"hate": 0.55, "status": "scored_partial", "reason": "video unsupported"},
    "german": {"hate": 0.91, "language": "de"},
    "german and lower": {"hate": 0.89, "language": "de"},
    "french": {"hate": 0.99, "language": "fr"},
    "polish": {"hate": 0.99, "language": "pl"},
    "unknown": {"hate": 0.99, "language": "und"},
    "other harm": {"spam": 0.99},
}
Found = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def stated(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    path = tmp_path_factory.mktemp("policy") / "trial.yaml"
    path.write_text(POLICY, encoding="utf-8")
    return load_policy(path)


def claim(language: str, precision: float, threshold: float, reason: str = "") -> Claim:
    counts = Counts(
        threshold=threshold, flagged_groups=200, right_groups=200, flagged_posts=300,
        right_posts=300, recall=0.5, lower_bound=0.985,
    )  # fmt: skip
    about = Population(posts=900, groups={"sms": 700}, prevalence=0.4)
    promise = {"precision": precision, "confidence": 0.95}
    return Claim(
        harm="hate", language=language, **promise, reason=reason, counts=counts, population=about
    )


@pytest.fixture(scope="module")
def certificate(stated: Policy) -> Certificate:
    claims = [
        claim("en", 0.95, 0.8),
        claim("en", 0.9, 0.6),
        claim("de", 0.95, 0.9),
        claim("de", 0.9, 0.85, reason="12 groups are flagged"),
        claim("fr", 0.95, 0.9, reason="41 of 62 flagged groups are right"),
    ]
    source = Source(snapshot="s0123456789ab", first=date(2026, 9, 1), last=date(2026, 9, 9))
    return build_certificate(MODEL, stated.policy_version, source, claims)


@pytest.fixture(scope="module")
def decide(see: Callable[..., DataFrame], stated: Policy) -> Callable[..., Found]:
    """A function that gives each post's decision under a certificate or none."""

    def decided(certificate: Certificate | None, model: str = MODEL) -> Found:
        found = decisions(see(POSTS, stated), stated, model, certificate).collect()
        return {row["post_id"]: row.asDict() for row in found}

    return decided


@pytest.fixture(scope="module")
def decided(decide: Callable[..., Found], certificate: Certificate) -> Found:
    return decide(certificate)


@pytest.mark.parametrize(
    ("post", "action", "threshold"),
    [
        ("removed", "remove", 0.8),
        ("demoted", "demote", 0.6),
        ("early", "demote", 0.6),  # certified below the score of a review
        ("german", "remove", 0.9),
        ("german and lower", "review", 0.7),  # its demotion is not certified
        ("french", "review", 0.7),
        ("polish", "review", 0.7),
        ("unknown", "review", 0.7),
    ],
)
def test_each_language_has_its_certified_thresholds(
    decided: Found, post: str, action: str, threshold: float
):
    row = decided[post]
    assert (row["action"], row["threshold"]) == (action, threshold)
    assert row["reason"] == "threshold_met"


@pytest.mark.parametrize("post", ["below", "other harm"])
def test_what_reaches_nothing_gets_no_row(decided: Found, post: str):
    assert post not in decided


def test_near_is_near_the_lowest_certified_threshold(decided: Found):
    row = decided["near"]
    assert (row["action"], row["reason"], row["threshold"]) == ("review", "near_threshold", 0.6)


def test_the_evidence_names_the_certificate(decided: Found, certificate: Certificate):
    found = {post: json.loads(row["evidence"]) for post, row in decided.items()}
    assert {evidence["certificate"] for evidence in found.values()} == {certificate.digest}
    assert found["removed"]["automation"] == "allowed"
    assert found["polish"]["automation"] == "language_not_certified"


def test_without_a_certificate_all_is_review(decide: Callable[..., Found]):
    found = decide(None)
    assert (
        {row["action"] for row in found.values()}
        == {row["policy_action"] for row in found.values()}
        == {"review"}
    )
    assert "early" not in found
    evidence = json.loads(found["removed"]["evidence"])
    assert evidence["automation"] == "no_certificate"
    assert "certificate" not in evidence


def test_a_certificate_does_not_replace_a_persons_approval(
    decide: Callable[..., Found], certificate: Certificate
):
    found = decide(certificate, "m99999999999999999999999999999999")
    assert {row["action"] for row in found.values()} == {"review"}
    assert json.loads(found["removed"]["evidence"])["automation"] == "model_not_approved"

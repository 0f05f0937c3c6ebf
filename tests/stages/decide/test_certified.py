"""A stated precision acts from the certificate's threshold, in its languages, and never without."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from builders import rule, rung, trial_policy
from certifying import MODEL, PREVALENCE, certificate, claim
from pyspark.sql import DataFrame

from harmsweep.policy.certificates import Certificate
from harmsweep.policy.file import Policy, load_policy
from harmsweep.stages.decide.stage import decisions

pytestmark = pytest.mark.spark

LADDER = (
    rung("remove", precision=0.95, confidence=0.95),
    rung("demote", precision=0.9, confidence=0.95),
    rung("review", 0.7),
)
POLICY = trial_policy(
    {
        "hate": [rule(*LADDER, prevalence=PREVALENCE)],
        "spam": [
            rule(
                rung("demote", precision=0.9, confidence=0.95), rung("review", 0.97), prevalence=0.1
            )
        ],
    },
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
    "other harm": {"spam": 0.95},
    "elsewhere": {"hate": 0.8, "dataset": "forum", "surface": "stories"},
    "on stories": {"hate": 0.95, "surface": "stories"},
    "of another collection": {"hate": 0.65, "dataset": "sms"},
}
Found = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def stated(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    path = tmp_path_factory.mktemp("policy") / "trial.yaml"
    path.write_text(POLICY, encoding="utf-8")
    return load_policy(path)


@pytest.fixture(scope="module")
def certified(stated: Policy) -> Certificate:
    here = {("live", "feed"): 500, ("forum", "feed"): 80, ("forum", "stories"): 70}
    claims = [
        claim(0.95, 0.8, places=here),
        claim(0.9, 0.6, places=here),
        claim(0.95, 0.9, language="de"),
        claim(0.9, 0.85, language="de", reason="12 groups are flagged"),
        claim(0.95, 0.9, language="fr", reason="41 of 62 flagged groups are right"),
    ]
    return certificate(*claims, policy=stated.policy_version)


@pytest.fixture(scope="module")
def decide(see: Callable[..., DataFrame], stated: Policy) -> Callable[..., Found]:
    """A function that gives each post's decision under a certificate or none."""

    def decided(
        certificate: Certificate | None,
        model: str = MODEL,
        figures: set[tuple[str, str]] | None = None,
    ) -> Found:
        seen = see(POSTS, stated)
        found = decisions(seen, stated, model, certificate, figures=figures).collect()
        return {row["post_id"]: row.asDict() for row in found}

    return decided


@pytest.fixture(scope="module")
def decided(decide: Callable[..., Found], certified: Certificate) -> Found:
    return decide(certified)


@pytest.mark.parametrize(
    ("post", "action", "threshold"),
    [
        ("removed", "remove", 0.8),
        ("demoted", "demote", 0.6),
        ("early", "demote", 0.6),  # certified below the score of a review
        ("elsewhere", "remove", 0.8),
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


@pytest.mark.parametrize(
    ("post", "asked", "threshold"),
    [("on stories", "remove", 0.8), ("of another collection", "demote", 0.6)],
)
def test_a_post_that_no_claim_is_about_goes_to_people_who_read_why(
    decided: Found, post: str, asked: str, threshold: float
):
    """Each alone is known to the claim: `live` on the feed, and stories of `forum`."""
    row = decided[post]
    assert (row["action"], row["policy_action"], row["threshold"]) == ("review", asked, threshold)
    assert row["reason"] == "outside_population"
    assert json.loads(row["evidence"])["automation"] == "allowed"


def test_a_suspended_claim_sends_what_it_flags_to_people_who_read_why(
    decide: Callable[..., Found], certified: Certificate
):
    """Even below the policy's own review; the milder claim stands, for what it flags alone."""
    strict, mild, *_ = certified.claims
    found = decide(certified.suspending({mild.name}))
    row = found["early"]
    assert (row["action"], row["policy_action"], row["threshold"]) == ("review", "demote", 0.6)
    assert row["reason"] == "claim_suspended"
    assert found["removed"]["action"] == "remove"
    assert decide(certified.suspending({strict.name}))["removed"]["action"] == "demote"


def test_a_language_without_figures_is_reviewed_whatever_is_certified_in_it(
    decide: Callable[..., Found], certified: Certificate
):
    """Figures of another harm there, and of this harm elsewhere, say nothing of it."""
    found = decide(certified, figures={("hate", "en"), ("spam", "de")})
    row = found["german"]
    assert (row["action"], row["policy_action"], row["threshold"]) == ("review", "remove", 0.9)
    assert row["reason"] == "language_without_figures"
    assert json.loads(row["evidence"])["automation"] == "allowed"
    assert (found["removed"]["action"], found["demoted"]["action"]) == ("remove", "demote")
    # What the policy itself sends to people goes there for its own reason.
    for post in ("german and lower", "french"):
        assert (found[post]["action"], found[post]["reason"]) == ("review", "threshold_met")
    nowhere = decide(certified, figures=set())
    assert {row["action"] for row in nowhere.values()} == {"review"}
    assert nowhere.keys() == found.keys()


@pytest.mark.parametrize("post", ["german", "french", "polish", "unknown", "removed"])
def test_a_claim_acts_on_no_post_of_another_or_of_an_unknown_language(
    decide: Callable[..., Found], stated: Policy, post: str
):
    """The only claim is of Portuguese, and all of these posts pass its threshold."""
    of_another = claim(0.95, 0.5, language="pt")
    row = decide(certificate(of_another, policy=stated.policy_version))[post]
    assert (row["action"], row["reason"]) == ("review", "threshold_met")


@pytest.mark.parametrize("post", ["below", "other harm"])
def test_what_reaches_nothing_gets_no_row(decided: Found, post: str):
    assert post not in decided


def test_near_is_near_the_lowest_certified_threshold(decided: Found):
    row = decided["near"]
    assert (row["action"], row["reason"], row["threshold"]) == ("review", "near_threshold", 0.6)


def test_the_evidence_names_the_certificate(decided: Found, certified: Certificate):
    found = {post: json.loads(row["evidence"]) for post, row in decided.items()}
    assert {evidence["certificate"] for evidence in found.values()} == {certified.digest}
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
    decide: Callable[..., Found], certified: Certificate
):
    found = decide(certified, "m99999999999999999999999999999999")
    assert {row["action"] for row in found.values()} == {"review"}
    assert json.loads(found["removed"]["evidence"])["automation"] == "model_not_approved"

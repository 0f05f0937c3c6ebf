"""What guardrails permit, on literal decisions: plain Python."""

import math
from dataclasses import replace
from typing import Any

import pytest
from one_scope import DEMOTE, OPEN, POST, REMOVE, REVIEW, SCOPE, act, after

from harmsweep.digests import uniform_hash
from harmsweep.enforcement.rules.guardrails import Guardrails, allowed, is_probability


@pytest.mark.parametrize(
    "change",
    [
        {"score": None},
        {"score": math.nan},
        {"score": math.inf},
        {"score": -math.inf},
        {"score": 1.01},
        {"score": -0.01},
        {"score": 0.94},
        {"threshold": None},
        {"threshold": math.nan},
    ],
    ids=repr,
)
def test_an_unsound_decision_is_a_review(change: dict[str, Any]):
    effect = act([], replace(REMOVE, **change))
    assert effect is not None
    assert effect.action == "review"


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_a_probability_is_passed_on(score: float):
    assert is_probability(score)
    assert allowed(SCOPE, replace(REVIEW, score=score), POST, OPEN).score == score


@pytest.mark.parametrize("score", [None, math.nan, math.inf, -0.001, 1.001])
def test_what_is_no_probability_is_not_passed_on(score: float | None):
    assert not is_probability(score)
    assert allowed(SCOPE, replace(REMOVE, score=score), POST, OPEN).score is None


def test_a_score_on_its_threshold_acts():
    assert allowed(SCOPE, replace(REMOVE, score=0.95), POST, OPEN).action == "remove"


CERTIFIED = ("hate", "all", "all", "remove", "en", 0.95)
HERE = frozenset({("live", "feed")})
LIVE = replace(POST, dataset="live", surface="feed")


def test_a_model_that_is_not_approved_gets_reviews():
    for certified in (None, {CERTIFIED: HERE}):
        guardrails = Guardrails(approved=False, certified=certified)
        assert allowed(SCOPE, REMOVE, POST, guardrails).action == "review"


def test_a_certified_threshold_acts_and_no_other():
    guardrails = Guardrails(approved=True, certified={CERTIFIED: HERE})
    assert allowed(SCOPE, REMOVE, LIVE, guardrails).action == "remove"
    assert allowed(SCOPE, DEMOTE, LIVE, guardrails).action == "review"
    bare = replace(REMOVE, threshold=None)
    assert not guardrails.permits(SCOPE, bare, LIVE)
    for n, other in enumerate(("spam", "feed", "DE", "label", "de", 0.9)):
        changed = {(*CERTIFIED[:n], other, *CERTIFIED[n + 1 :]): HERE}
        assert allowed(SCOPE, REMOVE, LIVE, Guardrails(True, changed)).action == "review"


@pytest.mark.parametrize("place", [{"dataset": "sms"}, {"surface": "stories"}, {"dataset": ""}])
def test_a_certified_threshold_acts_on_the_posts_that_it_is_about(place: dict[str, str]):
    guardrails = Guardrails(approved=True, certified={CERTIFIED: HERE})
    assert allowed(SCOPE, REMOVE, replace(LIVE, **place), guardrails).action == "review"


def test_a_ramp_reaches_its_share_of_the_authors_and_leaves_all_others_as_they_are():
    scope = uniform_hash("ramp/a1")
    for first, last, reached in [
        (0.0, scope + 1e-9, True), (0.0, scope, False), (scope, 1.0, True), (0.0, 0.0, False),
        (scope + 1e-9, 1.0, False),
    ]:  # fmt: skip
        guardrails = Guardrails(approved=True, first=first, last=last)
        assert (act([], REMOVE, guardrails=guardrails) is not None) is reached
        assert (act(after(REMOVE), None, 2, guardrails=guardrails) is not None) is reached


def test_a_greater_share_loses_nobody():
    authors = [f"a{n}" for n in range(500)]
    shares = [
        {a for a in authors if Guardrails(approved=True, last=share).in_rollout(a)}
        for share in (0.0, 0.05, 0.2, 1.0)
    ]
    assert shares[0] < shares[1] < shares[2] < shares[3] == set(authors)
    rest = {a for a in authors if Guardrails(approved=True, first=0.2).in_rollout(a)}
    assert rest == set(authors) - shares[2]


def test_all_are_reached_where_nothing_says_otherwise():
    assert Guardrails(approved=True, first=0.0, last=1.0, holdout=0.0) == OPEN

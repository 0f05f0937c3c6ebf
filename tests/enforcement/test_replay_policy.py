"""Whether a past action follows from its scores: by its thresholds, policy and certificate."""

from pathlib import Path
from typing import Any

import pytest
from certifying import certificate, claim
from replaying import keep_policy, outcome, rewrite_decisions, rewrite_ledger

from harmsweep.enforcement.replay import UNCHECKED
from harmsweep.lake import delta
from harmsweep.policy.certificates import write_certificate
from harmsweep.policy.file import PolicyError, load_policy
from harmsweep.tables.catalog import DECISIONS

pytestmark = pytest.mark.torch


def as_if_under(lake: Any, path: Path, model_version: str = "m-1", **changes: Any) -> None:
    """Make what was done to `removed` say that it was done under the policy of a file."""
    policy_version = load_policy(path, kept=True).policy_version
    versions = {"policy_version": policy_version, "model_version": model_version}
    rewrite_decisions(lake, **versions)
    rewrite_ledger(lake, "removed", **versions, **changes)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (2e-6, ("same", "")),
        (-9e-6, ("same", "")),
        (1.5e-5, ("differs", "by 1.5e-05")),
        (-0.1, ("differs", "the other side of the threshold")),
        (float("nan"), ("differs", "by nan")),
    ],
)
def test_scores_are_the_same_within_a_hundred_thousandth(known, model, more, expected):
    known.sweep()
    keep_policy(known)
    model.more = more
    assert outcome(known) == expected


@pytest.mark.parametrize("more", [-1e-9, 1e-9])
def test_a_score_on_its_threshold_may_come_out_a_little_beside_it(known, model, more):
    known.sweep(remove=0.99)
    keep_policy(known, remove=0.99)
    model.more = more
    assert outcome(known) == ("same", "")


def test_a_severer_rung_that_is_missed_by_a_little_is_no_difference(known, model):
    known.sweep(remove=0.900000001)
    keep_policy(known, remove=0.900000001)
    model.more = 2e-9
    assert outcome(known, "demoted") == ("same", "")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"score": 0.9, "threshold": 0.95}, "the ledger has no score over a threshold"),
        ({"threshold": None}, "the ledger has no score over a threshold"),
        ({"harm": "sexism"}, "by nan"),
        ({"threshold": 0.9}, "its policy gives remove for hate from 0.95 on"),
        ({"action": "label"}, "its policy gives label for hate nowhere there"),
        ({"surface": "stories"}, "its policy gives remove for hate nowhere there"),
        ({"action": "demote", "threshold": 0.85}, "its policy gives remove for hate, not demote"),
    ],
)
def test_an_entry_that_its_policy_does_not_bear_out_differs(known, changes, why):
    known.sweep()
    keep_policy(known)
    rewrite_decisions(known, **{k: v for k, v in changes.items() if k == "surface"})
    rewrite_ledger(known, "removed", **changes)
    assert outcome(known) == ("differs", why)


def test_without_its_policy_only_score_and_threshold_are_compared(known):
    known.sweep()
    assert outcome(known) == ("same", UNCHECKED)
    assert outcome(known, policy=known.policy()) == ("same", "")
    keep_policy(known, version=2)
    assert outcome(known) == ("same", UNCHECKED)


def test_without_its_decision_only_score_and_threshold_are_compared(known):
    known.sweep()
    keep_policy(known)
    delta.stored(known.root, DECISIONS.name).delete()
    assert outcome(known) == ("same", UNCHECKED)


def test_a_policy_in_the_lake_that_is_refused_by_now_hides_no_other(known):
    known.sweep()
    keep_policy(known)
    (known.root / "policy" / "old.yaml").write_text("name: old\n", encoding="utf-8")
    assert outcome(known) == ("same", "")


@pytest.mark.parametrize(
    ("now", "then"),
    [("languages: [en]", "languages: [en, eng]"), ("review_only: []", "review_only: [violence]")],
)
def test_a_policy_that_acted_is_compared_whatever_is_refused_by_now(known, now: str, then: str):
    known.sweep()
    path = keep_policy(known)
    assert now in path.read_text(encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace(now, then), encoding="utf-8")
    with pytest.raises(PolicyError):
        load_policy(path)
    as_if_under(known, path)
    assert outcome(known) == outcome(known, policy=path) == ("same", "")


def test_an_action_of_a_model_that_the_policy_does_not_approve_differs(known):
    known.sweep()
    path = keep_policy(known)
    path.write_text(path.read_text().replace("[m-1, m-2]", "[m-2]"), encoding="utf-8")
    as_if_under(known, path)
    assert outcome(known) == ("differs", "its policy approves no action of the model")


def test_an_action_in_a_language_that_the_policy_leaves_to_people_differs(known):
    known.sweep()
    keep_policy(known)
    rewrite_decisions(known, language="de")
    assert outcome(known) == ("differs", "its policy acts on nothing in de")


WITH_PRECISION = "{action: remove, precision: 0.95, confidence: 0.95}"


AS_BEFORE = {"found_groups": None, "harmful_groups": None, "harmless_groups": None}


def certified(folder: Path, policy: str, threshold: float) -> None:
    """A certificate from before rules stated a prevalence: `remove` for hate from there on."""
    before = claim(0.95, threshold, prevalence=None, level=None, counts=AS_BEFORE)
    old = certificate(before, policy=policy, use=None, tests=None)
    write_certificate(old, folder)


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (0.97, ("same", "")),
        (0.98, ("differs", "its policy gives remove for hate from 0.98 on")),
        (None, ("differs", "its policy gives remove for hate nowhere there")),
    ],
)
def test_in_production_the_threshold_is_the_certificates(known, model, threshold, expected):
    known.sweep()
    model.manifest.model_version = "m0123456789ab0123456789ab01234567"
    path = keep_policy(known)
    text = path.read_text(encoding="utf-8").replace("demonstration", "production")
    text = text.replace("m-2", "m0123456789ab0123456789ab01234567").replace(
        "{action: remove, threshold: 0.95}", WITH_PRECISION
    )
    ladder = f"{WITH_PRECISION}\n    - {{action: demote, threshold: 0.85}}"
    text = text.replace(ladder, WITH_PRECISION).replace(
        f"  spam:\n  - surface: all\n    jurisdiction: all\n    ladder:\n    - {WITH_PRECISION}",
        "  spam:\n  - surface: all\n    jurisdiction: all\n    ladder:\n"
        "    - {action: review, threshold: 0.9}",
    )
    path.write_text(text, encoding="utf-8")
    as_if_under(known, path, "m0123456789ab0123456789ab01234567", threshold=0.97)
    if threshold:
        version = load_policy(path, kept=True).policy_version
        certified(known.model.parent / "certificates", version, threshold)
    assert outcome(known) == expected

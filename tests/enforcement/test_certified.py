"""A sweep acts on a certified threshold while its certificate stands, and on no other."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest
from builders import rule, rung, trial_policy
from certifying import MODEL, PREVALENCE, certificate, claim

from harmsweep.enforcement.state.policy_binding import PolicyBinding, load_policy_binding
from harmsweep.enforcement.sweep import sweep
from harmsweep.errors import DataRefused
from harmsweep.lake import delta, writes
from harmsweep.model.reference import ModelRef
from harmsweep.operations import suspensions
from harmsweep.policy.certificates import Certificate, CertificateRefused, write_certificate
from harmsweep.policy.file import load_policy
from harmsweep.stages.decide.stage import decide_day
from harmsweep.stages.enforce import enforce_day
from harmsweep.tables.catalog import DECISIONS

pytestmark = pytest.mark.spark
DAY = date(2026, 10, 1)
LADDER = (
    rung("remove", precision=0.95, confidence=0.95),
    rung("demote", precision=0.9, confidence=0.95),
    rung("review", 0.5),
)
POLICY = trial_policy(
    {"hate": [rule(*LADDER, prevalence=PREVALENCE)]},
    mode="production",
    approved_models=[MODEL],
    caps={"default": {"apply": 100, "release": 100}},
)


class Certified:
    """A lake with three scored posts, a policy that states precisions, and its certificate."""

    def __init__(self, lake: Any, scored: Callable[..., dict[str, Any]], spark: Any) -> None:
        self.spark = spark
        self.lake, self.folder = lake, lake.root / "certificates"
        self.policy = lake.root / "stated.yaml"
        self.policy.write_text(POLICY, encoding="utf-8")
        scores = {"removed": 0.9, "demoted": 0.7, "reviewed": 0.55}
        lake.put_scores(
            [scored(name, model_version=MODEL, hate=score) for name, score in scores.items()]
        )
        self.path = write_certificate(self.certificate(), self.folder)

    def certificate(self) -> Certificate:
        """Removal from 0.8, demotion from 0.6."""
        version = load_policy(self.policy).policy_version
        return certificate(claim(0.95, 0.8), claim(0.9, 0.6), policy=version)

    def decide(self, **of_model: Any) -> None:
        """Decide about the day."""
        self._run(partial(decide_day, lambda: self.spark), **of_model)

    def enforce(self) -> dict[str, int]:
        """Sweep the day."""
        return dict(self._run(enforce_day).counts)

    def _run(self, stage: Callable[..., Any], **of_model: Any) -> Any:
        model = ModelRef(MODEL, self.folder.parent / "manifest.json", **of_model)
        return stage(self.lake.root, DAY, policy=load_policy(self.policy), model=model)


@pytest.fixture
def certified(fresh: Any, rows: tuple[Any, Callable[..., dict[str, Any]]], spark: Any) -> Certified:
    return Certified(fresh, rows[1], spark)


def test_certified_thresholds_act(certified: Certified):
    certified.decide()
    certified.enforce()
    assert certified.lake.states() == {
        "removed": "remove", "demoted": "demote", "reviewed": "review",
    }  # fmt: skip


@pytest.mark.parametrize(("language", "removed"), [("en", "remove"), ("de", "review")])
def test_nothing_is_done_in_a_language_without_figures(
    certified: Certified, language: str, removed: str
):
    certified.decide(figures=frozenset({("hate", language)}))
    certified.enforce()
    assert certified.lake.states()["removed"] == removed


def test_without_a_certificate_every_post_goes_to_review(certified: Certified):
    certified.path.unlink()
    certified.decide()
    certified.enforce()
    assert set(certified.lake.states().values()) == {"review"}


def test_a_certificate_that_was_withdrawn_after_decide_stops_the_sweep(certified: Certified):
    certified.decide()
    certified.path.unlink()
    with pytest.raises(DataRefused, match="older than its scores or certificate; run decide first"):
        certified.enforce()
    certified.decide()
    certified.enforce()
    assert set(certified.lake.states().values()) == {"review"}


def test_a_claim_that_was_suspended_after_decide_stops_the_sweep(certified: Certified):
    """Then what it led to becomes review, and what another claim led to stands."""
    certified.decide()
    certified.enforce()
    policy = load_policy(certified.policy)
    claim, root = certified.certificate().claims[0], certified.lake.root
    pair = f"{MODEL}/{policy.policy_version}"
    suspensions.suspend(root, pair, claim.name, reason="audits")
    with pytest.raises(DataRefused, match="run decide first"):
        certified.enforce()
    model = ModelRef(MODEL, certified.folder.parent / "manifest.json")
    binding = load_policy_binding(root, policy, MODEL, model.certificates)
    sweep(root, DAY, binding)  # whatever the decisions say
    assert certified.lake.states() == {
        "removed": "review", "demoted": "demote", "reviewed": "review",
    }  # fmt: skip


def test_a_changed_certificate_is_refused(certified: Certified):
    changed = certified.path.read_text().replace('"threshold":0.8', '"threshold":0.55')
    certified.path.write_text(changed.replace('"threshold": 0.8', '"threshold": 0.55'))
    with pytest.raises(CertificateRefused):
        certified.decide()
    assert certified.lake.ledger() == []


def test_a_sweep_acts_on_no_post_that_the_certificate_is_not_about(certified: Certified):
    """Whatever the decisions say: the posts are looked at again."""
    certified.decide()
    policy, root = load_policy(certified.policy), certified.lake.root
    elsewhere = certificate(
        claim(0.95, 0.8, places={("live", "stories"): 90}), claim(0.9, 0.6),
        policy=policy.policy_version,
    )  # fmt: skip
    sweep(root, DAY, PolicyBinding(policy, MODEL, elsewhere))
    assert certified.lake.states()["removed"] == "review"
    assert certified.lake.states()["demoted"] == "demote"


@pytest.mark.parametrize(
    "change",
    [{"threshold": 0.6}, {"threshold": 0.1}, {"language": "de"}],
    ids=repr,
)
def test_a_decision_that_the_certificate_does_not_bear_out_becomes_a_review(
    certified: Certified, change: dict[str, Any]
):
    """A removal at the demotion's threshold, at one of nobody's, or in another language."""
    certified.decide()
    policy = load_policy(certified.policy)
    where = {"day": DAY, "model_version": MODEL, "policy_version": policy.policy_version}
    found = delta.rows(DECISIONS, certified.lake.root).to_pylist()
    of_pair = [row for row in found if row["policy_version"] == policy.policy_version]
    changed = [row | (change if row["post_id"] == "removed" else {}) for row in of_pair]
    writes.write_rows(changed, DECISIONS, certified.lake.root, where=where)
    root = certified.lake.root
    sweep(root, DAY, PolicyBinding(policy, MODEL, certified.certificate()))
    assert certified.lake.states()["removed"] == "review"
    assert certified.lake.states()["demoted"] == "demote"

"""Held batches: let go by name, with approvals, or refused."""

from collections.abc import Callable
from typing import Any

import pytest
from builders import DAY

from harmsweep.enforcement.circuit_breaker import approvals, batches
from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.state.day_ledger import now_micros
from harmsweep.enforcement.state.policy_binding import PolicyBinding
from harmsweep.enforcement.undo import undo
from harmsweep.errors import DataRefused, Held
from harmsweep.operations import audit, switch
from harmsweep.operations.switch import Stopped
from harmsweep.policy.archive import keep_policy
from harmsweep.policy.file import load_policy
from harmsweep.review import verdicts
from harmsweep.review.apply_now import apply_now
from harmsweep.stages.enforce import enforce_day


@pytest.fixture
def waiting(fresh: Any) -> Any:
    """A lake in which the removal of 'spam' waits, and 'removed' and 'demoted' of hate."""
    with pytest.raises(Held):
        fresh.sweep(apply=0)
    return fresh


def binding(lake: Any) -> PolicyBinding:
    return PolicyBinding(load_policy(lake.policy(apply=0)), "m-1")


def named(lake: Any, harm: str) -> batches.Waiting:
    return next(b for b in batches.waiting(lake.root) if b.batch.harm == harm)


def approve(lake: Any, harm: str, user: Callable[[str], None], *names: str) -> None:
    for name in names:
        user(name)
        approvals.approve(
            lake.root, batches.approval_request(lake.root, named(lake, harm)), "looks right"
        )


def test_a_batch_waits_until_two_others_approve_and_one_lets_it_go(waiting, user):
    hate = named(waiting, "hate")
    assert (hate.effects, hate.model_version) == (2, "m-1")
    with pytest.raises(Held, match=r"needs 2 approvals .* and has 0"):
        batches.resume(waiting.root, hate.batch.name, binding(waiting))
    with pytest.raises(DataRefused, match=f"planned by {hate.planners[0]}"):
        approve(waiting, "hate", user, *hate.planners)
    approve(waiting, "hate", user, "one", "one")
    with pytest.raises(Held, match=r"has 1 \(one\)"):
        batches.resume(waiting.root, hate.batch.name, binding(waiting))
    approve(waiting, "hate", user, "two")
    found = batches.resume(waiting.root, hate.batch.name, binding(waiting))
    assert found.counts == {"effects": 2, "left": 0}
    assert waiting.states() == {"removed": "remove", "demoted": "demote", "reviewed": "review"}
    assert [b.batch.harm for b in batches.waiting(waiting.root)] == ["spam"]
    for dry_run in (True, False):
        again = batches.resume(waiting.root, hate.batch.name, binding(waiting), dry_run=dry_run)
        assert again.counts == {"effects": 0, "finished": 0}
    with pytest.raises(DataRefused, match="no such batch waits"):
        batches.discard(waiting.root, hate.batch.name, reason="too late")
    acts = [(o["operator"], o["act"]) for o in audit.operations(waiting.root, hate.batch.name)]
    assert acts == [("one", "approve"), ("two", "approve"), ("two", "resume")]


def test_what_changed_since_it_was_held_is_refused_and_the_rest_let_go(waiting, user, rows):
    post, _ = rows
    approve(waiting, "hate", user, "one", "two")
    others = [post(name) for name in ("demoted", "reviewed", "clean", "spam")]
    waiting.put_posts([*others, post("removed", 1, "superseded"), post("removed", 2)])
    name, before = named(waiting, "hate").batch.name, waiting.content()
    dry = batches.resume(waiting.root, name, binding(waiting), dry_run=True)
    assert waiting.content() == before
    assert [o for o in audit.operations(waiting.root, name) if o["act"] == "resume"] == []
    found = batches.resume(waiting.root, name, binding(waiting))
    assert dry.counts == found.counts
    assert [e["subject_id"] for e in waiting.ledger("discarded")] == ["removed"]
    assert found.counts == {"effects": 1, "left": 1}
    assert waiting.states()["demoted"] == "demote"
    assert [b.batch.harm for b in batches.waiting(waiting.root)] == ["spam"]


def test_a_refused_batch_never_happens_under_its_pair(waiting):
    spam = named(waiting, "spam")
    found = batches.discard(waiting.root, spam.batch.name, reason="broken head")
    assert found.counts == {"effects": 1}
    again = batches.discard(waiting.root, spam.batch.name, reason="broken head")
    assert again.counts == {"effects": 0, "finished": 0}
    assert [b.batch.harm for b in batches.waiting(waiting.root)] == ["hate"]
    with pytest.raises(Held):
        waiting.sweep(apply=0)
    assert waiting.states() == {"reviewed": "review"}
    assert [r["subject_id"] for r in waiting.ledger("discarded")] == ["spam"]


NAMES = [f"p{n}" for n in range(40)]


@pytest.fixture
def flooded(fresh: Any, rows: Any) -> Any:
    """A lake in which 40 removals of hate wait, but for a sample that was sent to review."""
    post, scored = rows
    fresh.put_posts([post(name) for name in NAMES])
    fresh.put_scores([scored(name, hate=0.99) for name in NAMES])
    with pytest.raises(Held):
        fresh.sweep(apply=0)
    return fresh


def test_a_refused_batch_leaves_its_sample_to_the_reviewers(flooded):
    sampled = {e["subject_id"] for e in flooded.ledger() if e["cause_kind"] == "sample"}
    assert 0 < len(sampled) < 15
    found = batches.discard(flooded.root, named(flooded, "hate").batch.name, reason="broken head")
    assert found.counts == {"effects": 40 - len(sampled)}
    assert {e["subject_id"] for e in flooded.ledger("discarded")} == {*NAMES} - sampled
    assert flooded.states() == dict.fromkeys(sampled, "review")


def test_the_sample_is_counted_and_approved_with_its_batch(flooded):
    sampled = {e["effect_key"] for e in flooded.ledger() if e["cause_kind"] == "sample"}
    batch = named(flooded, "hate")
    assert batch.effects == 40
    waits = {e["effect_key"] for e in flooded.ledger("held")}
    assert batches.approval_request(flooded.root, batch).digest == approvals.digest_of(
        waits | sampled
    )


def test_a_sample_that_a_reviewer_freed_is_counted_no_more_and_voids_no_approval(flooded):
    before = batches.approval_request(flooded.root, named(flooded, "hate"))
    name = next(e["subject_id"] for e in flooded.ledger() if e["cause_kind"] == "sample")
    row = verdicts.decide(flooded.root, name, "benign", rationale="a quote")
    options = {"kind": "verdict", "source_id": row["verdict_id"], "clock": now_micros}
    apply_now(flooded.root, row["day"], **options)
    after = named(flooded, "hate")
    assert after.effects == 39
    assert batches.approval_request(flooded.root, after).digest == before.digest


def test_a_refused_batch_waits_no_more_though_its_sample_is_still_being_read(flooded):
    batches.discard(flooded.root, named(flooded, "hate").batch.name, reason="broken head")
    assert batches.waiting(flooded.root) == []


def test_a_sample_is_left_to_its_readers_by_every_other_pair_while_its_batch_waits(flooded):
    sampled = {e["subject_id"] for e in flooded.ledger() if e["cause_kind"] == "sample"}
    with pytest.raises(Held):
        flooded.sweep(version=2, apply=1000)
    assert flooded.states() == dict.fromkeys(sampled, "review")
    batches.discard(flooded.root, named(flooded, "hate").batch.name, reason="a typo")
    flooded.sweep(version=3, apply=1000)
    assert flooded.states() == dict.fromkeys(NAMES, "remove")


def test_a_sampled_post_that_is_gone_is_left_and_not_refused(flooded, rows, user):
    post, _ = rows
    gone = next(e["subject_id"] for e in flooded.ledger() if e["cause_kind"] == "sample")
    rest = [post(name) for name in NAMES if name != gone]
    flooded.put_posts([*rest, post(gone, 1, "deleted")])
    approve(flooded, "hate", user, "one", "two")
    found = batches.resume(flooded.root, named(flooded, "hate").batch.name, binding(flooded))
    assert found.counts == {"effects": 39, "left": 1}
    assert flooded.ledger("discarded") == []


def test_an_approval_is_of_what_the_batch_was(waiting, user, rows):
    post, scored = rows
    approve(waiting, "spam", user, "one", "two")
    names = ["removed", "demoted", "reviewed", "clean", "spam", "more"]
    waiting.put_posts([post(name) for name in names])
    waiting.put_scores(
        [scored("removed", hate=0.99), scored("spam", spam=0.97), scored("more", spam=0.99)]
    )
    user(*named(waiting, "spam").planners)
    with pytest.raises(Held):
        waiting.sweep(apply=0)
    grown = [b for b in batches.waiting(waiting.root) if b.batch.harm == "spam"]
    for batch in grown:
        asked = batches.approval_request(waiting.root, batch)
        expected = [] if batch.effects != 1 else approvals.approved_by(waiting.root, asked)
        assert approvals.approved_by(waiting.root, asked) == expected
    assert sum(b.effects for b in grown) == 2


def test_the_switch_stops_a_batch_and_a_sweep_and_not_an_undo(held, user):
    before = held.content()
    switch.stop(held.root, "a wrong model")
    with pytest.raises(Stopped, match="a wrong model"):
        held.sweep(version=2, demote=0.93)
    assert held.content() == before
    sweep_id = held.ledger()[-1]["sweep_id"]
    assert undo(held.root, sweep_id=sweep_id).counts == {"effects": 4, "left": 0}
    assert held.states() == {}
    switch.start(held.root, "mended")
    held.sweep(version=3)
    assert held.states() == {"removed": "remove", "demoted": "demote", "reviewed": "review",
                             "spam": "remove"}  # fmt: skip
    acts = [o["act"] for o in audit.operations(held.root, "lake")]
    assert acts == ["stop", "start"]


def test_a_sweep_that_is_stopped_between_its_commits_is_finished_once_started(
    fresh, swept, monkeypatch
):
    real, calls = switch.check_running, []

    def at_the_second(lake: Any) -> None:
        calls.append(lake)
        if len(calls) == 2:
            switch.stop(lake, "in the middle")
        real(lake)

    monkeypatch.setattr("harmsweep.enforcement.sweep.check_running", at_the_second)
    with pytest.raises(Stopped, match="in the middle"):
        fresh.sweep()
    assert (len(fresh.ledger("intent")), fresh.states()) == (4, {})
    with pytest.raises(Stopped):
        fresh.sweep()
    switch.start(fresh.root, "it was right")
    fresh.sweep()
    assert fresh.content() == swept.content()


def test_a_batch_is_resumed_under_its_own_pair_alone(waiting):
    name = named(waiting, "hate").batch.name
    other = PolicyBinding(load_policy(waiting.policy(version=2)), "m-1")
    with pytest.raises(DataRefused, match="is of m-1 under trial-1"):
        batches.resume(waiting.root, name, other)


@pytest.mark.parametrize("model", ["m-0", "m-2"])
def test_neither_an_older_nor_a_newer_model_resumes_a_batch(waiting, model: str):
    other = PolicyBinding(binding(waiting).policy, model)
    with pytest.raises(DataRefused, match="is of m-1 under trial-1"):
        batches.resume(waiting.root, named(waiting, "hate").batch.name, other)


@pytest.mark.parametrize("name", ["yesterday", "20261001-0123456789ab:hate:apply"])
def test_an_unknown_batch_is_refused(held, name: str):
    with pytest.raises(DataRefused, match="batch"):
        batches.find(held.root, name)


def test_all_who_swept_into_a_batch_are_its_planners(fresh, rows, user):
    post, scored = rows
    fresh.put_posts([post("removed"), post("more")])
    fresh.put_scores([scored("removed", hate=0.99)])
    user("alice")
    with pytest.raises(Held):
        fresh.sweep(apply=0)
    fresh.put_scores([scored("removed", hate=0.99), scored("more", hate=0.99)])
    user("bob")
    with pytest.raises(Held):
        fresh.sweep(apply=0)
    batch = named(fresh, "hate")
    assert (batch.effects, batch.planners) == (2, ("alice", "bob"))
    for name in batch.planners:
        with pytest.raises(DataRefused, match="planned by alice and bob"):
            approve(fresh, "hate", user, name)


def test_who_asked_the_scheduler_for_the_sweep_is_a_planner_of_its_batches(fresh, user):
    fresh.decide(apply=0)
    with pytest.raises(Held):
        enforce_day(fresh.root, DAY, **fresh.pair(apply=0), by="Ana")
    hate = named(fresh, "hate")
    assert set(hate.planners) == {"Ana", audit.operator()}
    for planner in ("Ana", "ana"):
        with pytest.raises(DataRefused, match=r"planned by Ana and .*: another must approve it"):
            approve(fresh, "hate", user, planner)


def test_a_sweep_that_changes_nothing_names_nobody(held):
    enforce_day(held.root, DAY, **held.pair(), by="ana")
    assert audit.asked_by(held.root) == {}


def test_a_batch_takes_no_approval_on_trust_where_the_bounds_say_so(
    waiting, user, monkeypatch: pytest.MonkeyPatch
):
    bounds = load_bounds().model_copy(update={"approvals": "established"})
    monkeypatch.setattr(batches, "load_bounds", lambda: bounds)
    with pytest.raises(DataRefused, match=r"takes no approval on trust"):
        approve(waiting, "hate", user, "one")


def test_a_batch_takes_no_approval_on_trust_where_its_policy_says_so(fresh, user):
    strict = {"apply": 0, "approvals": "established"}
    with pytest.raises(Held):
        fresh.sweep(**strict)
    keep_policy(load_policy(fresh.policy(**strict)), fresh.root)  # as decide does
    with pytest.raises(DataRefused, match=r"takes no approval on trust"):
        approve(fresh, "hate", user, "one")

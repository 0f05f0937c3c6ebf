"""Who let an action go may not decide its appeal."""

from typing import Any

import pytest
from appealing import MINE, overturn

from harmsweep.enforcement.circuit_breaker import batches
from harmsweep.enforcement.circuit_breaker.approvals import approve
from harmsweep.enforcement.state.policy_binding import PolicyBinding
from harmsweep.errors import DataRefused, Held
from harmsweep.policy.file import load_policy
from harmsweep.review.appeals import file_appeal


def resume(lake: Any, batch: batches.Waiting, user: Any) -> None:
    """One and two approve a batch, and three lets it go."""
    for name in ("one", "two"):
        user(name)
        approve(lake.root, batches.approval_request(lake.root, batch), "read it")
    user("three")
    batches.resume(
        lake.root, batch.batch.name, PolicyBinding(load_policy(lake.policy(apply=0)), "m-1")
    )


def only_another_decides(lake: Any, post: str, user: Any) -> None:
    """An appeal is decided by nobody who approved or resumed what it is about."""
    appeal_id = file_appeal(lake.root, post, **MINE)["appeal_id"]
    for name in ("one", "two", "three"):
        user(name)
        with pytest.raises(DataRefused, match=f"{name} approved or resumed what is appealed"):
            overturn(lake, appeal_id)
    user("four")
    assert overturn(lake, appeal_id)["effects"] == 1


def test_who_let_a_sampled_removal_go_cannot_decide(fresh, rows, user):
    post, scored = rows
    names = [f"p{n}" for n in range(40)]
    fresh.put_posts([post(name) for name in names])
    fresh.put_scores([scored(name, hate=0.99) for name in names])
    with pytest.raises(Held):
        fresh.sweep(apply=0)
    sampled = next(e["subject_id"] for e in fresh.ledger() if e["cause_kind"] == "sample")
    (batch,) = batches.waiting(fresh.root)
    resume(fresh, batch, user)
    assert fresh.states()[sampled] == "remove"
    only_another_decides(fresh, sampled, user)


def test_who_let_a_held_removal_go_cannot_decide(fresh, user):
    with pytest.raises(Held):
        fresh.sweep(apply=0)
    (batch,) = [b for b in batches.waiting(fresh.root) if b.batch.harm == "hate"]
    resume(fresh, batch, user)
    only_another_decides(fresh, "removed", user)

"""Commands in processes of their own: killed at every point that they pass, or two at once."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from killing import acts, facts, kill, kills, spread, start

from harmsweep.enforcement.circuit_breaker import approvals, batches
from harmsweep.enforcement.plans.apply import apply_plan
from harmsweep.enforcement.plans.make import make_plan
from harmsweep.enforcement.state.policy_binding import PolicyBinding
from harmsweep.enforcement.undo import undo
from harmsweep.errors import Held
from harmsweep.operations import audit, ramps, switch
from harmsweep.operations.audit import operator
from harmsweep.operations.switch import SWITCH, Stopped, check_running
from harmsweep.policy.file import load_policy
from harmsweep.stages.enforce import enforce_day

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("kill_points")]
DAY = date(2026, 10, 1)
NAMES = ("removed", "demoted", "reviewed", "clean", "spam")
# Strikes of one author, so that accounts are brought up to date after the posts.
STRUCK = "\naccounts: {decay_days: 3650, ladder: [{strikes: 2, days: 7}]}\n"
Command = Callable[..., object]


def sweeping(lake: Any, **policy: Any) -> Command:
    """The sweep of a lake's day."""
    return partial(enforce_day, day=DAY, **lake.pair(**policy))


@pytest.fixture
def known(fresh: Any, text_of: Any) -> Any:
    """A decided lake with inputs to keep as evidence."""
    fresh.put_features([text_of(name, name) for name in NAMES])
    fresh.decide()
    return fresh


@pytest.fixture
def struck(known: Any) -> Any:
    """The same, decided under a policy with strikes."""
    plain = known.policy

    def policy(**changes: Any) -> Path:
        path: Path = plain(**changes)
        text = path.read_text().replace("action: remove", "action: strike")
        path.write_text(text + STRUCK)
        return path

    known.policy = policy
    known.decide()
    return known


def test_a_sweep_that_was_killed_and_is_run_again_ends_as_a_clean_one(struck, tmp_path):
    sweep = sweeping(struck)
    passing = (
        "evidence_v1:before-commit#1", "actions_v1:before-commit#4", "actions_v1:after-commit#4",
        "post_visibility_v1:after-commit#2", "runs_v1:after-commit#1",
    )  # fmt: skip
    for point, killed, clean in kills(struck, sweep, tmp_path, passing=passing):
        sweep(lake=killed.root)
        assert facts(killed) == facts(clean), point
        assert killed.states()["a1"] == "restrict"
        keys = [entry for entry in facts(killed)["ledger"] if entry[0] == "intent"]
        assert len(set(keys)) == len(keys) == 5


def converges(
    lake: Any, command: Command, folder: Path, audit: tuple[str, str], *passing: str
) -> None:
    """Killed at any point and repeated, a command ends as a clean one; the audit has it first."""
    before = facts(lake)["ledger"]
    for point, killed, clean in kills(lake, command, folder, passing=passing):
        assert facts(killed)["ledger"] == before or audit in acts(killed), point
        command(lake=killed.root)
        assert facts(killed) == facts(clean), point
        assert audit in acts(killed), point


def test_a_plan_that_was_killed_and_is_made_again_is_the_same(struck, tmp_path):
    options = struck.pair()
    name = make_plan(struck.copy(tmp_path / "name").root, [DAY], **options).plan_id
    converges(struck, partial(make_plan, days=[DAY], **options), tmp_path, ("plan", name))


@pytest.mark.nightly
def test_a_plan_of_three_days_is_applied_once_wherever_it_was_killed(known, tmp_path):
    days = spread(known, 3)
    name = make_plan(known.root, days, **known.pair()).plan_id
    third = ("evidence_v1:after-commit#3", "post_visibility_v1:before-commit#3")
    passing = (*third, "actions_v1:after-commit#6", "operations_v1:after-commit#1")
    converges(known, partial(apply_plan, plan_id=name), tmp_path, ("apply", name), *passing)


@pytest.mark.parametrize("kind", ["undo", "redo"])
def test_an_undo_and_a_redo_are_finished_by_another(struck, tmp_path, kind):
    sweeping(struck)(lake=struck.root)
    sweep_id, shown = struck.ledger()[0]["sweep_id"], facts(struck)["shown"]
    assert "a1" in struck.states()
    if kind == "redo":
        undo(struck.root, sweep_id=sweep_id)
    command = partial(undo, sweep_id=sweep_id, redo=kind == "redo")
    converges(struck, command, tmp_path, (kind, sweep_id), "actions_v1:after-commit#4")
    assert facts(type(struck)(tmp_path / "clean"))["shown"] == (shown if kind == "redo" else [])


@pytest.fixture
def waiting(known: Any) -> Any:
    """A lake in which the removal of 'spam' waits, and 'removed' and 'demoted' of hate."""
    with pytest.raises(Held):
        known.sweep(apply=0)
    return known


def released(lake: Any, user: Callable[[str], None]) -> tuple[Command, str]:
    """The command that lets hate's batch go, which has its approvals; the batch's name."""
    batch = next(b for b in batches.waiting(lake.root) if b.batch.harm == "hate")
    for name in ("one", "two"):
        user(name)
        approvals.approve(lake.root, batches.approval_request(lake.root, batch), "looks right")
    binding = PolicyBinding(load_policy(lake.policy(apply=0)), "m-1")
    return partial(batches.resume, name=batch.batch.name, binding=binding), batch.batch.name


@pytest.mark.parametrize("kind", ["resume", "discard"])
def test_a_batch_is_let_go_or_refused_once_and_never_without_the_audit(
    waiting, user, tmp_path, kind
):
    command, name = released(waiting, user)
    if kind == "discard":
        command = partial(batches.discard, name=name, reason="a broken head")
    before, sweep = facts(waiting), sweeping(waiting, apply=0)
    for point, killed, clean in kills(waiting, command, tmp_path):
        assert facts(killed) == before or (kind, name) in acts(killed), point
        command(lake=killed.root)
        assert facts(killed) == facts(clean), point
        with suppress(Held):
            sweep(lake=killed.root)
        assert facts(killed) == facts(clean), point
        assert (kind, name) in acts(killed), point


def test_stop_stops_before_the_audit_has_it_and_a_repeat_adds_that(known, tmp_path):
    stop = partial(switch.stop, reason="a wrong model")
    for point, killed, _ in kills(known, stop, tmp_path):
        with pytest.raises(Stopped, match="a wrong model"):
            check_running(killed.root)
        stop(lake=killed.root)
        assert ("stop", "lake") in acts(killed), point


def test_nothing_starts_before_the_audit_has_it(known, tmp_path):
    switch.stop(known.root, "a wrong model")
    start = partial(switch.start, reason="mended")
    for point, killed, _ in kills(known, start, tmp_path):
        assert (killed.root / SWITCH).exists() or ("start", "lake") in acts(killed), point
        start(lake=killed.root)
        check_running(killed.root)


def test_a_stop_without_its_row_of_the_audit_is_in_that_of_the_start(known):
    kill(
        partial(switch.stop, reason="a wrong model"),
        known.root,
        "operations_v1:before-commit#1",
    )
    switch.start(known.root, "mended")
    (row,) = audit.operations(known.root, "lake")
    assert row["act"] == "start" and "a wrong model" in row["details"]


def test_a_ramp_is_its_row_of_the_audit(known, tmp_path):
    ramp = partial(ramps.ramp, pair="m-1/p-1", share=0.2, instead_of="", reason="try it")
    for point, killed, _ in kills(known, ramp, tmp_path):
        done = ("ramp", "m-1/p-1") in acts(killed)
        assert ramps.share_of(killed.root, "m-1/p-1") == (0.0, 0.2 if done else 1.0), point
        ramp(lake=killed.root)
        assert ramps.share_of(killed.root, "m-1/p-1") == (0.0, 0.2), point


def test_an_approval_that_was_killed_and_is_given_again_counts_once(known, user, tmp_path):
    user("planner")
    plan = make_plan(known.root, [DAY], **known.pair())
    approve = partial(approvals.approve, request=plan.approval_request, reason="read it")
    user(operator())
    for point, killed, _ in kills(known, approve, tmp_path):
        approve(lake=killed.root)
        assert acts(killed).count(("approve", plan.plan_id)) == 1, point
        assert approvals.approved_by(killed.root, plan.approval_request) == [operator()], point


def test_two_sweeps_at_once_act_on_each_post_once(fresh, rows):
    post, scored = rows
    names = [f"p{n}" for n in range(50)]
    fresh.put_posts([post(name) for name in names])
    fresh.put_scores([scored(name, hate=0.99) for name in names])
    fresh.decide()
    sweep = sweeping(fresh)
    both = [start(sweep, fresh.root) for _ in range(2)]
    for process, _ in both:
        process.join(500)
        assert process.exitcode == 0
    for entry in ("intent", "outcome"):
        found = [row["subject_id"] for row in fresh.ledger(entry)]
        assert sorted(found) == sorted(names)
    assert fresh.states() == dict.fromkeys(names, "remove")

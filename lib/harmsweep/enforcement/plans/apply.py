"""Carrying out exactly a plan."""

import time
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path

from harmsweep.enforcement.circuit_breaker.approvals import check_approved
from harmsweep.enforcement.circuit_breaker.automatic_approval import why_not_approved
from harmsweep.enforcement.plans.plan import (
    Plan,
    approved_effects,
    binding_of,
    find_plan,
    sweeps_of,
)
from harmsweep.enforcement.rules.effects import from_micros
from harmsweep.enforcement.rules.ledger import Entry
from harmsweep.enforcement.state.day_ledger import (
    Clock,
    DayLedger,
    commit,
    ledger_locks,
    now_micros,
    read_day_ledger,
)
from harmsweep.enforcement.state.day_state import read_day_state
from harmsweep.enforcement.state.policy_binding import PolicyBinding, sweep_of
from harmsweep.enforcement.state.scope_states import changes, resume_all_held, scope_states
from harmsweep.errors import DataRefused
from harmsweep.lake.runs import Outcome
from harmsweep.operations.audit import record
from harmsweep.operations.switch import check_running


def apply_plan(
    lake: Path, plan_id: str, *, dry_run: bool = False, clock: Clock = now_micros
) -> Outcome:
    """Carry out exactly the effects of a plan, once; applying it again does nothing.

    With `dry_run` it only says what that would come to, or why it would be refused.

    Raises:
        DataRefused: there is no such plan, it expired, its policy changed, it is for reading, its
            rows are not those that were approved, or a subject's decision, revision or state
            changed. Then nothing was done.
        Held: it has too few approvals.
        Stopped: the switch is off.
    """
    started, plan = time.monotonic(), find_plan(lake, plan_id)
    if plan.against:
        raise DataRefused(f"{plan_id} was {plan.line().split('; ')[1]}: plan without it")
    binding = binding_of(lake, plan)
    if from_micros(clock()) > plan.expires_at:
        raise DataRefused(f"{plan_id} expired at {plan.expires_at:%Y-%m-%d %H:%M} UTC: plan again")
    with ledger_locks(lake):
        check_approved(lake, plan.approval_request)
        planned = approved_effects(lake, plan)
        ledgers = {day: read_day_ledger(lake, day, clock) for day in plan.days}
        new_entries, stale, waits = dict[date, list[Entry]](), list[Entry](), list[Entry]()
        for day, ledger in ledgers.items():
            new_entries[day], gone, waiting = _resumable(ledger, plan, planned, binding)
            stale += gone
            waits += waiting
        _refuse(plan, stale, "subjects changed since, such as")
        _refuse(plan, waits, "effects wait for a person by now, such as on")
        _check_bounds(lake, plan, binding, new_entries, at=clock())
        effects = sum(map(len, new_entries.values()))
        counts = {"effects": effects, "done_before": _done(ledgers, planned)}
        if not dry_run:
            check_running(lake)
            sweeps = sorted({entry.sweep_id for of_day in new_entries.values() for entry in of_day})
            record(lake, "apply", plan_id, details=counts | {"sweeps": sweeps})
            for day, ledger in ledgers.items():
                commit(ledger, new_entries[day], partial(check_running, lake))
    seconds = time.monotonic() - started
    return Outcome("apply", plan.first, effects, seconds, counts=counts, dry_run=dry_run)


def applied_lines(lake: Path, plan_id: str) -> list[str]:
    """What a plan's days are, the sweeps that carried it out, and how to undo them, a line each."""
    plan, sweeps = find_plan(lake, plan_id), sweeps_of(lake, plan_id)
    days = f"days: {', '.join(map(str, plan.days))}"
    if not sweeps:
        return [days]
    undo = f'undo: harmsweep undo {plan_id} --reason "…"'
    return [days, f"sweeps: {', '.join(sweeps)}", undo]


def _resumable(
    ledger: DayLedger, plan: Plan, planned: Sequence[Entry], binding: PolicyBinding
) -> tuple[list[Entry], list[Entry], list[Entry]]:
    """A day's part of the plan as it would be booked now, what no longer fits, and what waits.

    What nobody approved waits where a sweep of the pair would not do it by itself, as of a batch
    that was held since.
    """
    sweep = sweep_of(ledger.day, "apply", binding, after=ledger.last_sweep, at=ledger.at)
    of_day = [entry for entry in planned if entry.day == ledger.day]
    states = scope_states(read_day_state(ledger, sweep.subject), sweep)
    new_entries, stale = resume_all_held(states, of_day, sweep, binding.guardrails)
    if plan.approvers:
        return new_entries, stale, []
    free = {entry.effect_key for entry in changes(states, sweep, binding.guardrails)}
    return new_entries, stale, [entry for entry in new_entries if entry.effect_key not in free]


def _done(ledgers: Mapping[date, DayLedger], planned: Sequence[Entry]) -> int:
    """How many of the planned effects the ledger has."""
    known = {
        entry.effect_key
        for ledger in ledgers.values()
        for history in ledger.histories.values()
        for entry in history
        if entry.entry == "intent"
    }
    return sum(entry.effect_key in known for entry in planned)


def _check_bounds(
    lake: Path,
    plan: Plan,
    binding: PolicyBinding,
    new_entries: Mapping[date, Sequence[Entry]],
    *,
    at: int,
) -> None:
    """What nobody approved must be inside every bound of this hour too."""
    if plan.approvers:
        return
    if over := why_not_approved(lake, new_entries, binding.policy, at):
        raise DataRefused(f"{plan.plan_id}: by now {'; '.join(over)}: nothing was done; plan again")


def _refuse(plan: Plan, entries: Sequence[Entry], why: str) -> None:
    if entries:
        some = ", ".join(sorted({entry.subject_id for entry in entries})[:5])
        raise DataRefused(
            f"{plan.plan_id}: {len(entries)} of {plan.effects} {why} {some}: nothing was done;"
            " plan again"
        )

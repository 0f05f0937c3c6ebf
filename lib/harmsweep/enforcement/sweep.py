"""The sweep of one day: under the locks of the ledger, from reading to the last commit."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from harmsweep.enforcement.accounts import settle_accounts
from harmsweep.enforcement.circuit_breaker.batches import waiting
from harmsweep.enforcement.circuit_breaker.caps import CapBreach, visible_counts
from harmsweep.enforcement.circuit_breaker.forecast import breaches
from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.rules.effects import Sweep
from harmsweep.enforcement.rules.ledger import Entry
from harmsweep.enforcement.state.day_ledger import (
    Clock,
    DayLedger,
    commit,
    ledger_locks,
    now_micros,
    read_day_ledger,
)
from harmsweep.enforcement.state.day_state import DayState, read_day_state
from harmsweep.enforcement.state.policy_binding import PolicyBinding, sweep_of
from harmsweep.enforcement.state.scope_states import changes, scope_states
from harmsweep.errors import DataRefused, Held
from harmsweep.lake.runs import Counts
from harmsweep.logs import log
from harmsweep.operations.audit import SWEEP, record
from harmsweep.operations.switch import check_running


def sweep(
    lake: Path,
    day: date,
    binding: PolicyBinding,
    *,
    clock: Clock = now_micros,
    planned_at: datetime | None = None,
    only: Collection[str] | None = None,
    by: str = "",
) -> Counts:
    """Carry out the differences within the caps, and finish what a killed sweep left open.

    With `only`, those of these posts. `by` is who asked the scheduler for it: no approver either.

    Raises:
        DataRefused, Held, Stopped: see enforce_day.
    """
    gate = partial(check_running, lake)
    with ledger_locks(lake):
        ledger = read_day_ledger(lake, day, clock)
        _check_newest(ledger, binding, planned_at)
        plan = sweep_of(day, "enforce", binding, after=ledger.last_sweep, at=ledger.at)
        state = read_day_state(ledger, plan.subject)
        sample = load_bounds().sample
        new_entries, over = _within_caps(state, plan, binding, sample=sample, only=only)
        counts = _summary(state, plan, new_entries) | {"finished": ledger.open}
        if by and new_entries:
            record(lake, SWEEP, plan.sweep_id, details={"by": by})  # first: see batches.waiting
        commit(ledger, new_entries, gate)
        refusal = ""
        if binding.policy.accounts:
            options: dict[str, Any] = {"clock": clock, "gate": gate}
            options |= {"guardrails": binding.guardrails}
            settled = settle_accounts(lake, plan, binding.policy.accounts, **options)
            counts["accounts"], refusal = settled
    if new_entries:
        log("enforce", day=str(day)).info("swept", sweep_id=plan.sweep_id, counts=counts)
    _check_held(lake, day, over, refusal)
    return counts


def _check_held(lake: Path, day: date, over: list[CapBreach], refusal: str) -> None:
    held = waiting(lake, day)
    reasons = [_advice(day, over, [batch.line() for batch in held])] if held or over else []
    reasons += [f"{day}: {refusal}"] if refusal else []
    if reasons:
        raise Held(". ".join(reasons))


def _check_newest(ledger: DayLedger, binding: PolicyBinding, planned_at: datetime | None) -> None:
    """What was planned under older versions replaces nothing that newer ones did since."""
    if planned_at is None:
        return
    every = (entry for history in ledger.histories.values() for entry in history)
    newer = (e for e in every if e.model_version and e.recorded_at > planned_at)
    for entry in newer:
        if (entry.model_version, entry.policy_version) != binding.subject:
            raise DataRefused(
                f"{ledger.day}: {entry.model_version} under {entry.policy_version} acted since the"
                f" plan of {planned_at:%Y-%m-%d %H:%M} UTC: plan again"
            )


def preview(
    lake: Path, day: date, binding: PolicyBinding, *, only: Collection[str] | None = None
) -> Counts:
    """What a sweep would do now, in counts; it writes nothing and takes no lock."""
    ledger = read_day_ledger(lake, day, now_micros)
    plan = sweep_of(day, "enforce", binding, after=ledger.last_sweep, at=ledger.at)
    state = read_day_state(ledger, plan.subject)
    new_entries, _ = _within_caps(state, plan, binding, sample=lambda _: 0.0, only=only)
    return _summary(state, plan, new_entries) | {"finished": ledger.open}


def _within_caps(
    state: DayState,
    plan: Sweep,
    binding: PolicyBinding,
    *,
    sample: Callable[[int], float],
    only: Collection[str] | None,
) -> tuple[list[Entry], list[CapBreach]]:
    """What is missing, with each batch that passes a cap held; and those batches.

    `sample` gives the share of a held batch, by its effects, that goes to review.
    """
    every = scope_states(state, plan)
    states = [one for one in every if only is None or one.scope.subject_id in only]
    new_entries = changes(states, plan, binding.guardrails)
    over = breaches(state.ledger.lake, {plan.day: new_entries}, binding.policy, plan.at)
    if not over:
        return new_entries, []
    counts = visible_counts(new_entries)
    held = {breach.batch: sample(counts[breach.batch]) for breach in over}
    return changes(states, plan, binding.guardrails, held=held), over


def _summary(state: DayState, plan: Sweep, new_entries: Iterable[Entry]) -> dict[str, int]:
    """The day's decisions, and effects by what is done: an action, `released`, `held`…"""
    done = Counter(map(_done, new_entries))
    return {"decisions": len(state.decisions[plan.subject])} | dict(sorted(done.items()))


def _done(entry: Entry) -> str:
    if entry.entry != "intent":
        return entry.entry
    return "released" if entry.direction == "release" else entry.action


def _advice(day: date, over: list[CapBreach], held: list[str]) -> str:
    passed = "; ".join(batch.line() for batch in over)
    return (
        f"{day}: {passed}{'. ' if passed else ''}Held until a person lets go or refuses:"
        f" {', '.join(held)}; all else was carried out. See `harmsweep hold --help`"
    )

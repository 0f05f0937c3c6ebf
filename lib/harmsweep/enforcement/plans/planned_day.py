"""A day's part of a plan: what a sweep would do, and what stays."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from harmsweep.enforcement.rules.ledger import Entry, holding
from harmsweep.enforcement.state.day_ledger import Clock, DayLedger, histories_of, read_day_ledger
from harmsweep.enforcement.state.day_state import DayState, read_day_state
from harmsweep.enforcement.state.policy_binding import PolicyBinding, sweep_of
from harmsweep.enforcement.state.scope_states import changes, scope_states


@dataclass(frozen=True)
class PlannedDay:
    """A day's part: what a sweep would do, what stays, and whose sweep came before it."""

    new_entries: list[Entry]
    stays: list[Entry]
    base: str


def plan_day(
    lake: Path, day: date, binding: PolicyBinding, against: PolicyBinding | None, *, clock: Clock
) -> PlannedDay:
    """What a sweep of the day under the binding would do now, or after a sweep under `against`."""
    ledger = read_day_ledger(lake, day, clock)
    base = _last_pair(ledger)
    state = read_day_state(ledger, *(b.subject for b in (binding, against) if b))
    if against:
        state = replace(state, ledger=_as_swept(state, against))
    after, at = state.ledger.last_sweep, state.ledger.at
    sweep = sweep_of(day, "apply", binding, after=after, at=at)
    states = scope_states(state, sweep)
    new_entries = [e for e in changes(states, sweep, binding.guardrails) if e.entry == "intent"]
    changed = {entry.scope for entry in new_entries}
    holds = (holding(state.history) for state in states if state.scope not in changed)
    stays = [state for state in holds if state and not state.has_expired(sweep.time)]
    return PlannedDay(new_entries, stays, base)


def _last_pair(ledger: DayLedger) -> str:
    """The pair of the newest sweep of policy's lane and its id; empty where none acted."""
    every = (entry for history in ledger.histories.values() for entry in history)
    acted = [e for e in every if e.entry == "intent" and e.model_version]
    newest = max(acted, key=lambda e: (e.recorded_at, e.effect_key), default=None)
    pair = f"{newest.model_version}/{newest.policy_version}" if newest else ""
    return f"{pair} ({newest.sweep_id})" if newest else ""


def _as_swept(state: DayState, binding: PolicyBinding) -> DayLedger:
    """The ledger as a sweep under the binding would leave it; nothing is written."""
    ledger = state.ledger
    sweep = sweep_of(ledger.day, "enforce", binding, after=ledger.last_sweep, at=ledger.at)
    new_entries = changes(scope_states(state, sweep), sweep, binding.guardrails)
    known = [entry for history in ledger.histories.values() for entry in history]
    histories = histories_of([*known, *new_entries])
    return replace(ledger, histories=histories, last_sweep=sweep.sweep_id)

"""The difference of a day's two states: what a sweep would do, and what stays."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from harmsweep.enforcement.rules.ledger import Entry, holding
from harmsweep.enforcement.state.day_ledger import Clock, DayLedger, histories_of, read_day_ledger
from harmsweep.enforcement.state.policy_binding import PolicyBinding, sweep_of
from harmsweep.enforcement.state.scope_states import changes, scope_states


@dataclass(frozen=True)
class Difference:
    """A day's part: what a sweep would do, what stays, and whose sweep made what it found."""

    made: list[Entry]
    stays: list[Entry]
    base: str


def difference(
    lake: Path, day: date, mandate: PolicyBinding, against: PolicyBinding | None, *, clock: Clock
) -> Difference:
    """What a sweep of the day under the mandate would do now, or after a sweep under `against`."""
    ledger = read_day_ledger(lake, day, clock)
    base = _last_pair(ledger)
    if against:
        ledger = _as_swept(ledger, against)
    sweep = sweep_of(day, "apply", mandate, after=ledger.last_sweep, at=ledger.at)
    found = scope_states(ledger, sweep, beside=against.subject if against else None)
    made = [e for e in changes(found, sweep, mandate.rules) if e.entry == "intent"]
    changed = {entry.place for entry in made}
    holds = (holding(case.chain) for case in found if case.place not in changed)
    stays = [state for state in holds if state and not state.has_expired(sweep.time)]
    return Difference(made, stays, base)


def _last_pair(ledger: DayLedger) -> str:
    """The pair of the newest sweep of policy's lane and its id; empty where none acted."""
    every = (entry for chain in ledger.chains.values() for entry in chain)
    acted = [e for e in every if e.entry == "intent" and e.model_version]
    newest = max(acted, key=lambda e: (e.recorded_at, e.effect_key), default=None)
    pair = f"{newest.model_version}/{newest.policy_version}" if newest else ""
    return f"{pair} ({newest.sweep_id})" if newest else ""


def _as_swept(ledger: DayLedger, mandate: PolicyBinding) -> DayLedger:
    """The ledger as a sweep under the mandate would leave it; nothing is written."""
    sweep = sweep_of(ledger.day, "enforce", mandate, after=ledger.last_sweep, at=ledger.at)
    made = changes(scope_states(ledger, sweep), sweep, mandate.rules)
    known = [entry for chain in ledger.chains.values() for entry in chain]
    chains = histories_of([*known, *made])
    return replace(ledger, chains=chains, last_sweep=sweep.sweep_id)

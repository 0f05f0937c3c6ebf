"""Undo what a sweep put in force, exactly, and do it again."""

import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from harmsweep.enforcement.accounts import free_accounts, struck_authors
from harmsweep.enforcement.plans.plan import find_plan, sweeps_of
from harmsweep.enforcement.rules.effects import Sweep, day_of
from harmsweep.enforcement.rules.guardrails import Post
from harmsweep.enforcement.rules.ledger import ACCOUNTS_DAY, ORDER, Entry
from harmsweep.enforcement.rules.reversal import redo_effect, undo_effect
from harmsweep.enforcement.state.day_ledger import (
    Clock,
    DayLedger,
    by_a_person,
    commit,
    ledger_locks,
    now_micros,
    read_day_ledger,
)
from harmsweep.enforcement.state.day_state import read_day_state
from harmsweep.errors import DataRefused
from harmsweep.lake import delta
from harmsweep.lake.runs import Outcome
from harmsweep.logs import log
from harmsweep.names import advice, did_you_mean
from harmsweep.operations.actor import operator
from harmsweep.operations.audit import record


class NoSuchEffects(DataRefused):
    """The ledger has no effect of the sweep, or of the part of it that was meant."""


@dataclass(frozen=True)
class Part:
    """Which of a sweep's effects are meant: all, or those of a harm, an action, some posts."""

    harm: str | None = None
    action: str | None = None
    posts: tuple[str, ...] = ()

    def has(self, entry: Entry) -> bool:
        """Whether an entry is meant."""
        wanted = ((self.harm, entry.harm), (self.action, entry.action))
        if any(value is not None and value != own for value, own in wanted):
            return False
        return not self.posts or entry.subject_id in self.posts


def undo_each(lake: Path, name: str, *, part: Part | None = None, **options: Any) -> list[Outcome]:
    """Undo a sweep, or those that carried a plan out; see `undo`.

    Raises:
        DataRefused: there is no such plan, it was not applied, or no such effect of any of them.
    """
    if not name.startswith("plan-"):
        return [undo(lake, sweep_id=name, part=part, **options)]
    find_plan(lake, name)
    sweeps = sweeps_of(lake, name)
    if not sweeps:
        raise DataRefused(f"{name} has no sweep to undo: the audit knows none that carried it out")
    done, without = list[Outcome](), list[DataRefused]()
    for sweep_id in sweeps:
        try:
            done.append(undo(lake, sweep_id=sweep_id, part=part, **options))
        except NoSuchEffects as error:  # a part may have effects on some of the days alone
            without.append(error)
    if not done:
        raise without[0]
    return done


def undo(
    lake: Path,
    *,
    sweep_id: str,
    part: Part | None = None,
    redo: bool = False,
    reason: str = "",
    dry_run: bool = False,
    clock: Clock = now_micros,
) -> Outcome:
    """Restore what held before a sweep, or a part of it, wherever its effect holds; or redo it.

    A sweep of the same model and policy does not repeat what was undone, until the post changes.
    Caps do not apply: a person asks for exactly these effects. What was escalated since is left as
    it is; nothing comes back to a post that was edited or deleted since, that a person judged
    benign, or that is on the allow-list. What the sweep did to accounts goes with the whole of it,
    and an author without a strike left is free; what fewer strikes come to the next sweep says.

    Raises:
        NoSuchEffects: the ledger has no such sweep, or none such of its effects.
    """
    started, day, part = time.monotonic(), day_of(sweep_id), part or Part()
    kind, done, total, freed = "redo" if redo else "undo", 0, 0, 0
    with ledger_locks(lake):
        for of_day in (day, ACCOUNTS_DAY) if part == Part() else (day,):
            ledger = read_day_ledger(lake, of_day, clock)
            plan = Sweep(day, kind, (sweep_id,), ledger.last_sweep, ledger.at, operator())
            swept, new_entries = _restored(ledger, plan, part)
            total, done = total + swept, done + len(new_entries)
            if swept and not dry_run:
                _commit(ledger, plan, part, new_entries, reason, left=swept - len(new_entries))
        if not total:
            raise NoSuchEffects(_none_of(lake, day, sweep_id, part))
        if not dry_run:
            freed = free_accounts(lake, plan, clock=clock)
    counts = {"effects": done, "left": total - done} | ({"freed": freed} if freed else {})
    seconds = time.monotonic() - started
    if not dry_run:
        log(kind, day=str(day)).info("done", of_sweep=sweep_id, seconds=seconds, counts=counts)
    return Outcome(kind, day, done, seconds, counts=counts, dry_run=dry_run)


def _commit(
    ledger: DayLedger, plan: Sweep, part: Part, new_entries: list[Entry], reason: str, *, left: int
) -> None:
    details: dict[str, Any] = {"ledger": ledger.day, "effects": len(new_entries), "left": left}
    # First: once booked, nothing is left that a repeat would add to the audit.
    details |= {"part": asdict(part)}
    record(ledger.lake, plan.kind, plan.subject[0], reason=reason, details=details)
    commit(ledger, new_entries, by_a_person)


def _restored(ledger: DayLedger, plan: Sweep, part: Part) -> tuple[int, list[Entry]]:
    """How many effects the sweep had in a day's ledger, and what restores them."""
    swept = {
        entry.scope
        for history in ledger.histories.values()
        for entry in history
        if entry.sweep_id == plan.subject[0] and entry.entry == "intent" and part.has(entry)
    }
    posts, escalated = _restorable(ledger)
    restored = undo_effect if plan.kind == "undo" else redo_effect
    effects = [
        restored(scope, ledger.history(scope), posts.get(scope.subject_id), sweep=plan)
        for scope in swept
        if scope.lane == ORDER or scope.subject_id not in escalated
    ]
    return len(swept), [effect for effect in effects if effect]


def _restorable(ledger: DayLedger) -> tuple[Mapping[str, Post], Collection[str]]:
    """What may be acted on, and of it what only orders may touch.

    An account has no revisions, and without a strike is free for good.
    """
    if ledger.day != ACCOUNTS_DAY:
        state = read_day_state(ledger)
        return state.posts, state.escalated
    struck = struck_authors(ledger.lake)
    accounts = {scope.subject_id for scope in ledger.histories}
    return {a: Post(0, a, verdict=None if a in struck else "benign") for a in accounts}, ()


def _none_of(lake: Path, day: date, sweep_id: str, part: Part) -> str:
    """What to say of a sweep without such effects: the nearest names that the day has."""
    days = [day, ACCOUNTS_DAY]
    sql = f"""SELECT DISTINCT sweep_id, harm, action, subject_id FROM actions_v1
        WHERE {delta.datafusion_where({"day": days})} AND entry = 'intent'"""
    rows = delta.query(lake, sql, days=days).to_pylist()
    own = [row for row in rows if row["sweep_id"] == sweep_id]
    told = f"the ledger has no such effects of a sweep {sweep_id}"
    if not own:
        return told + did_you_mean(sweep_id, {row["sweep_id"] for row in rows})
    meant = {"harm": [part.harm], "action": [part.action], "subject_id": part.posts}
    for name, values in meant.items():
        known = {row[name] for row in own} - {None}
        told += "".join(advice(value, known) for value in values if value and value not in known)
    return told

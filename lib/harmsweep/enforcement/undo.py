"""Undo what a sweep put in force, exactly, and do it again."""

import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from harmsweep.enforcement.accounts import free_accounts, struck_authors
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
from harmsweep.lake.runs import Outcome
from harmsweep.logs import log
from harmsweep.operations.actor import operator
from harmsweep.operations.audit import record


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


def undo(
    lake: Path,
    *,
    sweep_id: str,
    part: Part | None = None,
    redo: bool = False,
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
        DataRefused: the ledger has no such sweep.
    """
    started, day, part = time.monotonic(), day_of(sweep_id), part or Part()
    kind, done = "redo" if redo else "undo", 0
    with ledger_locks(lake):
        total, freed = 0, 0
        for of_day in (day, ACCOUNTS_DAY) if part == Part() else (day,):
            ledger = read_day_ledger(lake, of_day, clock)
            plan = Sweep(day, kind, (sweep_id,), ledger.last_sweep, ledger.at, operator())
            swept, new_entries = _restored(ledger, plan, part)
            total, done = total + swept, done + len(new_entries)
            if swept and not dry_run:
                _commit(ledger, plan, part, new_entries, left=swept - len(new_entries))
        if not total:
            raise DataRefused(f"the ledger has no such effects of a sweep {sweep_id}")
        if not dry_run:
            freed = free_accounts(lake, plan, clock=clock)
    counts = {"effects": done, "left": total - done} | ({"freed": freed} if freed else {})
    seconds = time.monotonic() - started
    if not dry_run:
        log(kind, day=str(day)).info("done", of_sweep=sweep_id, seconds=seconds, counts=counts)
    return Outcome(kind, day, done, seconds, counts=counts)


def _commit(
    ledger: DayLedger, plan: Sweep, part: Part, new_entries: list[Entry], *, left: int
) -> None:
    details = {"ledger": ledger.day, "effects": len(new_entries), "left": left}
    # First: once booked, nothing is left that a repeat would add to the audit.
    record(ledger.lake, plan.kind, plan.subject[0], details=details | {"part": asdict(part)})
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

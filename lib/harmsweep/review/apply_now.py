"""What a person decided, carried out at once: on the post, and on what copies it.

A sweep comes to the same: where a command is killed, the day's next sweep finishes it.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from harmsweep.enforcement.accounts import free_accounts, settle_accounts
from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.rules.effects import Sweep
from harmsweep.enforcement.rules.lanes import lane_change, lifted
from harmsweep.enforcement.rules.ledger import (
    ORDER,
    POLICY,
    Entry,
    Scope,
    is_automatic,
    latest,
    open_intents,
)
from harmsweep.enforcement.state.copies import Verdict, find_copies, standing_verdict
from harmsweep.enforcement.state.day_ledger import (
    Clock,
    by_a_person,
    commit,
    ledger_locks,
    now_micros,
    read_day_ledger,
)
from harmsweep.enforcement.state.day_state import DayState, read_day_state
from harmsweep.lake import delta
from harmsweep.lake.flow import VERDICT_DAYS
from harmsweep.operations.actor import operator
from harmsweep.policy.file import Accounts
from harmsweep.tables.catalog import ACTIONS


def apply_now(
    lake: Path,
    day: date,
    *,
    kind: str,
    source_id: str,
    clock: Clock,
    accounts: Accounts | None = None,
    lifts: tuple[str, int] | None = None,
) -> list[Entry]:
    """Bring a day's posts to what people judged and ask for; give the effects.

    Copies that a harmful verdict reaches wait for the next sweep, whose caps count them. An author
    without a strike left is free at once; with `accounts` a restriction is shortened too. `lifts`
    is a post, and the revision up to which what policy put in force there is lifted: also where the
    author has edited it since.
    """
    with ledger_locks(lake):
        ledger = read_day_ledger(lake, day, clock)
        sweep = Sweep(day, kind, (source_id,), ledger.last_sweep, ledger.at, operator())
        missing = _differences(read_day_state(ledger), sweep, lifts)
        new_entries = [effect for effect in missing if not is_automatic(effect.cause_kind)]
        commit(ledger, new_entries, by_a_person)
        if accounts:
            settle_accounts(lake, sweep, accounts, clock=clock, gate=by_a_person)
        else:
            free_accounts(lake, sweep, clock=clock)
    return new_entries


def _differences(day: DayState, sweep: Sweep, lifts: tuple[str, int] | None) -> list[Entry]:
    instructions, effects = day.human_input.instructions, list[Entry | None]()
    for scope in {**dict.fromkeys(day.ledger.histories), **dict.fromkeys(instructions)}:
        post = day.posts.get(scope.subject_id)
        if post is None or (scope.subject_id in day.escalated and scope.lane != ORDER):
            continue
        history = day.ledger.history(scope)
        if scope.lane != POLICY:
            wanted = instructions.get(scope)
            effects.append(lane_change(scope, history, wanted, post.revision, sweep=sweep))
        elif post.verdict == "benign" or _is_lifted(scope, history, lifts):
            effects.append(lifted(scope, history, sweep=sweep, source_id=sweep.subject[0]))
    return [effect for effect in effects if effect]


def outstanding(lake: Path, day: date, *, clock: Clock = now_micros) -> dict[str, int]:
    """The day's posts on which what people judged and ask for does not hold yet, by revision.

    That is copies which wait for a sweep, and what a command or sweep that was killed left open.
    """
    ledger = read_day_ledger(lake, day, clock)
    sweep = Sweep(day, "verdict", ("",), ledger.last_sweep, ledger.at, operator())
    missing = _differences(read_day_state(ledger), sweep, None)
    unfinished = [e for history in ledger.histories.values() for e in open_intents(history)]
    return {entry.subject_id: entry.revision for entry in [*unfinished, *missing]}


def _is_lifted(scope: Scope, history: list[Entry], lifts: tuple[str, int] | None) -> bool:
    last = latest(history)
    if lifts is None or last is None:
        return False
    return scope.subject_id == lifts[0] and last.revision <= lifts[1]


def apply_verdict(lake: Path, row: Mapping[str, Any], *, clock: Clock) -> list[Entry]:
    """Carry out a row of verdicts; a benign one on all days on which copies were acted on.

    Copies that a harmful one reaches wait for a sweep of their day, whose caps count them.
    """
    verdict = standing_verdict(lake, row)
    copied = days_of_copies(lake, verdict) if verdict.outcome == "benign" else []
    options: dict[str, Any] = {"kind": "verdict", "source_id": row["verdict_id"], "clock": clock}
    return [e for day in sorted({verdict.day, *copied}) for e in apply_now(lake, day, **options)]


def days_of_copies(lake: Path, verdict: Verdict) -> list[date]:
    """The days with entries of the ledger on which copies of a judged post stand, in order."""
    window = timedelta(days=VERDICT_DAYS)
    near = [d for d in delta.days(ACTIONS, lake) if abs(d - verdict.day) <= window]
    return [day for day in near if find_copies(lake, day, [verdict], load_bounds().copies)]

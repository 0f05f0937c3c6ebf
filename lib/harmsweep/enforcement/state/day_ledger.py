"""A day's ledger in memory and as it is kept: its clock, its commits, what the platform reads."""

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from harmsweep.enforcement.rules.effects import EPOCH, from_micros
from harmsweep.enforcement.rules.ledger import BY_PEOPLE, Entry, Scope, holding, open_intents
from harmsweep.enforcement.state.evidence import with_evidence
from harmsweep.lake import delta, writes
from harmsweep.lake.locks import locked
from harmsweep.operations.switch import is_stopped
from harmsweep.tables.catalog import ACTIONS, POST_VISIBILITY

Clock = Callable[[], int]
# Called before each thing that others can see; raises where nothing more may happen.
Gate = Callable[[], None]
Histories = dict[Scope, list[Entry]]
_FIELDS = [field.name for field in fields(Entry)]
# Texts that each entry has of its own.
_OWN = {"effect_key", "subject_id", "cause_id", "previous_key", "state_key"}


def by_a_person() -> None:
    """The gate of what a person does: open also where the switch stops all automation."""


def now_micros() -> int:
    """The time in microseconds since 1970, UTC."""
    return time.time_ns() // 1000


@contextmanager
def ledger_locks(lake: Path) -> Iterator[None]:
    """Hold the locks of the ledger and of what the platform reads, from reading to commit."""
    with locked(lake, [ACTIONS.name, POST_VISIBILITY.name]):
        yield


@dataclass(frozen=True)
class DayLedger:
    """A day's ledger as it stands, and the time to write next.

    The time never goes back within a day, even where the wall clock does: order rests on it.
    """

    lake: Path
    day: date
    histories: Histories
    open: int  # intents without an outcome
    last_sweep: str  # empty for none
    at: int  # microseconds since 1970, later than every entry's of the day

    def history(self, scope: Scope) -> list[Entry]:
        """A scope's entries; none where it has none."""
        return self.histories.get(scope, [])


def read_day_ledger(lake: Path, day: date, clock: Clock) -> DayLedger:
    """Read the day's ledger.

    Raises:
        Damaged: it is not what was written.
    """
    histories = histories_of(entries(lake, day))
    every = [entry for history in histories.values() for entry in history]
    intents = [entry for entry in every if entry.entry == "intent"]
    newest = max(intents, key=lambda e: e.recorded_at, default=None)
    unfinished = sum(len(open_intents(history)) for history in histories.values())
    last = max((micros(entry.recorded_at) + 1 for entry in every), default=0)
    at = max(clock(), last)
    return DayLedger(lake, day, histories, unfinished, newest.sweep_id if newest else "", at)


def entries(lake: Path, day: date) -> list[Entry]:
    """The day's entries of the ledger, in no order."""
    rows = delta.rows(ACTIONS, lake, day=day)
    # A batch at a time, with one copy of each repeated text: 1.1 GB for 600,000 entries, not 1.7.
    return [
        Entry(**{name: _shared(name, value) for name, value in row.items()})
        for batch in rows.to_batches(max_chunksize=10_000)
        for row in batch.to_pylist()
    ]


def _shared(name: str, value: Any) -> Any:
    return sys.intern(value) if isinstance(value, str) and name not in _OWN else value


def histories_of(entries: Iterable[Entry]) -> Histories:
    """Entries by scope."""
    histories: Histories = defaultdict(list)
    for entry in entries:
        histories[entry.scope].append(entry)
    return dict(histories)


def micros(time: datetime) -> int:
    """Microseconds since 1970."""
    return (time - EPOCH) // timedelta(microseconds=1)


def commit(ledger: DayLedger, new_entries: list[Entry], gate: Gate) -> None:
    """Append entries to the day's ledger, show the platform what it says, book open outcomes.

    A kill at any point leaves intents open, which the next sweep or undo finishes by the same
    steps. Outcomes are one microsecond later. While the switch is off, what a person does finishes
    nothing that a sweep began and the switch cut short.
    """
    if new_entries:
        gate()
        # Before the first trace of an effect: nothing acts without what it rests on.
        new_entries = with_evidence(ledger.lake, ledger.day, new_entries)
        append(ledger.lake, new_entries)
    everything = [entry for history in ledger.histories.values() for entry in history]
    histories = histories_of([*everything, *new_entries])
    unfinished = [entry for history in histories.values() for entry in open_intents(history)]
    if not unfinished:
        return
    gate()
    if is_stopped(ledger.lake):  # only a person's gate is open then
        own = {entry.effect_key for entry in new_entries}
        cut = {e.effect_key for e in unfinished if e.cause_kind not in BY_PEOPLE} - own
        histories = histories_of(e for e in [*everything, *new_entries] if e.effect_key not in cut)
        unfinished = [entry for entry in unfinished if entry.effect_key not in cut]
    where: delta.Slice = {"day": ledger.day}
    writes.write_rows(visibility(histories), POST_VISIBILITY, ledger.lake, where=where)
    later = from_micros(ledger.at + 1)
    append(ledger.lake, [replace(e, entry="outcome", recorded_at=later) for e in unfinished])


def append(lake: Path, new_entries: Iterable[Entry]) -> None:
    """Append entries to the ledger in one commit."""
    writes.write_rows([as_row(entry) for entry in new_entries], ACTIONS, lake)


def as_row(entry: Entry) -> dict[str, Any]:
    """An entry as a row of actions."""
    return {name: getattr(entry, name) for name in _FIELDS}


def visibility(histories: Histories) -> list[dict[str, Any]]:
    """Rows of post_visibility: each scope's state, where one holds."""
    states = [holding(history) for history in histories.values()]
    names = POST_VISIBILITY.schema.names
    rows = [as_row(state) | {"since": state.recorded_at} for state in states if state]
    return [{name: row[name] for name in names} for row in rows]

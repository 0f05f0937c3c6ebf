"""A damaged table made again from another that has what it held; of most there is none."""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harmsweep.enforcement.rules.ledger import open_intents
from harmsweep.enforcement.state.day_ledger import entries, histories_of, visibility
from harmsweep.errors import DataRefused
from harmsweep.lake import delta, seals, writes
from harmsweep.lake.locks import locked
from harmsweep.lake.schema import migrate
from harmsweep.lake.seal_lines import Damaged, place
from harmsweep.operations.audit import record
from harmsweep.plurals import counted
from harmsweep.tables.catalog import ACTIONS, DECISIONS, POST_VISIBILITY, TABLES
from harmsweep.tables.spec import Table

Rows = list[dict[str, Any]]
# Where damaged tables are put, and where new ones are made.
ASIDE, FRESH = ".damaged", ".rebuilt"


def is_sound(lake: Path, name: str) -> bool:
    """Whether a table is there, and is as it was sealed."""
    try:
        return name in delta.stored_names(lake) and bool(seals.check(lake, name))
    except Damaged:
        return False


def what_mends(lake: Path, name: str) -> str:
    """What brings a damaged table back."""
    if name not in seals.SEALED:
        return f"move {lake / name} away, and run again what writes it: harmsweep tables {name}"
    if name not in _SOURCES:
        both = f"{lake / name} and {place(lake, name)}"
        return f"restore {both} together from a backup: nothing else has what they held"
    return f"harmsweep doctor --repair {name} --lake {lake}"


def repair(lake: Path, name: str, *, dry_run: bool = False) -> str:
    """Make a damaged table again; say what was done, or with `dry_run` what would be.

    The damaged one is put aside. A repair that was killed is done by the next one.

    Raises:
        DataRefused: no such table is sealed, or nothing has what it held.
        Damaged: what it would be made from is damaged too.
    """
    name = name if name in TABLES else f"{name}_v1"
    if name not in seals.SEALED & TABLES.keys():
        raise DataRefused(f"{name} is no table of which it is known what was written")
    if is_sound(lake, name):
        return f"{name}: as it was written, nothing to mend"
    if name not in _SOURCES:
        raise DataRefused(f"{name}: {what_mends(lake, name)}")
    source, made, after = _SOURCES[name]
    with locked(lake, [ACTIONS.name, name]):
        slices = list(made(lake))
        count = f"{counted(sum(map(len, slices)), 'row')} from {source}{after}"
        if dry_run:
            return f"{name}: would be made again, {count}"
        record(lake, "repair", name, reason=f"damaged; made again, {count}")
        _replace(lake, TABLES[name], slices)
    return f"{name}: made again, {count}"


def _shown(lake: Path) -> Iterator[Rows]:
    """What the platform reads of each day; what is unfinished the day's next sweep brings."""
    for day in delta.days(ACTIONS, lake):
        histories = histories_of(entries(lake, day))
        unfinished = {e.effect_key for h in histories.values() for e in open_intents(h)}
        done = {s: [e for e in h if e.effect_key not in unfinished] for s, h in histories.items()}
        yield visibility(done)


def _nothing(_lake: Path) -> Iterator[Rows]:
    """No rows: no day is swept before its decisions are made."""
    yield from ()


_SOURCES: Mapping[str, tuple[str, Callable[[Path], Iterator[Rows]], str]] = {
    POST_VISIBILITY.name: ("the ledger", _shown, ""),
    DECISIONS.name: ("nothing", _nothing, "; now run jobs/decide.py for each day"),
}


def _replace(lake: Path, table: Table, slices: list[Rows]) -> None:
    """Put a table of these rows in the place of another, which goes aside with its seals."""
    fresh, aside = lake / FRESH, lake / ASIDE / f"{table.name}-{time.time_ns()}"
    shutil.rmtree(fresh, ignore_errors=True)
    migrate(fresh, table)
    for rows in slices:
        writes.write_rows(rows, table, fresh)
    aside.mkdir(parents=True, mode=0o750)
    here, seal = lake / table.name, place(lake, table.name)
    # While there is no table, whoever reads it is refused, and the next repair begins anew.
    for old in filter(Path.exists, (here, seal)):
        old.rename(aside / old.name)
    if place(fresh, table.name).exists():
        place(fresh, table.name).rename(seal)
    (fresh / table.name).rename(here)
    shutil.rmtree(fresh)

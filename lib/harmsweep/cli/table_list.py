"""What the lake holds: its tables with their keys, rows and days, and the columns of one."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from harmsweep.cli.output import cell, print_grid
from harmsweep.cli.query import QueryRefused, known_names
from harmsweep.lake import delta
from harmsweep.logs import clean
from harmsweep.tables.catalog import TABLES


def print_tables(lake: Path) -> None:
    """One line for each table of the lake: key, rows, days, version and what it is for."""
    names = ("table", "rows", "days", "version", "key", "what it holds")
    stored = sorted(set(known_names(lake).values()))
    rows = [_table_line(delta.stored(lake, name), name) for name in stored]
    print_grid(names, rows, right={"rows", "version"}, fold=True)


def print_columns(lake: Path, name: str) -> None:
    """A table's columns with their types and what each is for; those of the key are marked.

    Raises:
        QueryRefused: the lake has no table of that name.
    """
    known = known_names(lake)
    if name.lower() not in known:
        raise QueryRefused(f"no table {name}; there are {', '.join(sorted(set(known.values())))}")
    full = known[name.lower()]
    table = delta.stored(lake, full)
    key = _key(full)
    print(f"{full} (version {table.version()}): {clean(table.metadata().description or '')}")
    rows = [
        (
            clean(field.name),
            _type(field.type.to_json()),
            "key" if field.name in key else "" if field.nullable else "not null",
            clean(str(field.metadata.get("comment", ""))),
        )
        for field in table.schema().fields
    ]
    print_grid(("column", "type", "", "what it is"), rows, right=set(), fold=True)


def _table_line(table: DeltaTable, name: str) -> tuple[str, ...]:
    files = pa.table(table.get_add_actions(flatten=True))
    rows = pc.sum(files.column("num_records")).as_py() or 0
    return (
        clean(name),
        f"{rows:,}",
        _days(files),
        str(table.version()),
        ", ".join(_key(name)),
        cell(table.metadata().description or ""),
    )


def _days(files: pa.Table) -> str:
    if "partition.day" not in files.column_names or not files.num_rows:
        return ""
    days = sorted({str(day) for day in files.column("partition.day").to_pylist()})
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]} ({len(days)})"


def _key(name: str) -> tuple[str, ...]:
    return TABLES[name].key if name in TABLES else ()


def _type(as_json: str) -> str:
    """A column's type in a word: of a list or record, its kind."""
    kind = as_json.strip('"')
    return next((word for word in ("array", "struct", "map") if f'"type":"{word}"' in kind), kind)

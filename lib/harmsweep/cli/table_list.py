"""What the lake holds: its tables, and of one its columns and who writes and reads it."""

from collections.abc import Sequence
from pathlib import Path

from harmsweep.cli.output import cell, print_grid
from harmsweep.cli.query import QueryRefused, known_names
from harmsweep.lake import delta
from harmsweep.lake.flow import readers, writers
from harmsweep.logs import clean
from harmsweep.tables.catalog import TABLES


def print_tables(lake: Path) -> None:
    """One line for each table of the lake: key, rows, days, version and what it is for."""
    names = ("table", "rows", "days", "version", "key", "what it holds")
    stored = sorted(set(known_names(lake).values()))
    rows = [_table_line(lake, name) for name in stored]
    print_grid(names, rows, right={"rows", "version"}, fold=True)


def print_table(lake: Path, name: str) -> None:
    """A table's columns with types and purposes, its key's marked; and who writes and reads it.

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
    for line in _users(full):
        print(line)
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


def _users(name: str) -> list[str]:
    """Who writes a declared table, and which stages read it, a line each."""
    if name not in TABLES:
        return ["the code declares no such table"]
    table = TABLES[name]
    return [f"written by: {_list(writers(table))}", f"read by stages: {_list(readers(table))}"]


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _table_line(lake: Path, name: str) -> tuple[str, ...]:
    table = delta.stored(lake, name)
    rows, days = delta.size(lake, name)
    return (
        clean(name),
        f"{rows:,}",
        _range(days),
        str(table.version()),
        ", ".join(_key(name)),
        cell(table.metadata().description or ""),
    )


def _range(days: Sequence[str]) -> str:
    if len(days) < 2:
        return "".join(days)
    return f"{days[0]} to {days[-1]} ({len(days)})"


def _key(name: str) -> tuple[str, ...]:
    return TABLES[name].key if name in TABLES else ()


def _type(as_json: str) -> str:
    """A column's type in a word: of a list or record, its kind."""
    kind = as_json.strip('"')
    return next((word for word in ("array", "struct", "map") if f'"type":"{word}"' in kind), kind)

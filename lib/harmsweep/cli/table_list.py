"""`harmsweep tables`: what the lake holds; of one table its columns, its writers and readers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from harmsweep.cli.options import DEFAULT_LAKE, Format, Lake
from harmsweep.cli.output import print_grid, show
from harmsweep.cli.query import QueryRefused, known_names
from harmsweep.lake import delta, table_log
from harmsweep.lake.flow import readers, writers
from harmsweep.lake.sql_views import VIEWS
from harmsweep.logs import clean
from harmsweep.names import advice
from harmsweep.tables.catalog import TABLES


def tables(name: str | None = None, *, format: Format = "table", lake: Lake = DEFAULT_LAKE) -> None:
    """List the tables and views with their keys, rows and days, or the columns of one.

    Parameters
    ----------
    name
        A table, such as scores: gives its columns, what each is for, and who writes and reads it.
    """
    known = known_names(lake)
    if name is None:
        listed = [_of_table(lake, n) for n in sorted(set(known.values()))]
        rows = [*listed, *({"table": n, "what it holds": v.comment} for n, v in VIEWS.items())]
    else:
        rows = _columns(lake, known, name.lower(), told=format == "table")
    if format == "table":
        cells = [tuple(_cell(row.get(head)) for head in rows[0]) for row in rows]
        print_grid(tuple(rows[0]), cells, right={"rows", "version"}, fold=True)
    else:
        show(pa.Table.from_pylist(rows), format)


def _of_table(lake: Path, name: str) -> dict[str, Any]:
    """A table in a row: key, rows, days, version and what it is for."""
    table = delta.stored(lake, name)
    rows, days = table_log.size(lake, name)
    return {
        "table": name,
        "rows": rows,
        "days": _range(days),
        "version": table.version(),
        "key": ", ".join(_key(name)),
        "what it holds": table.metadata().description or "",
    }


def _columns(lake: Path, known: dict[str, str], name: str, *, told: bool) -> list[dict[str, Any]]:
    """A row for each column of a table or view; with `told`, what it is for is printed before.

    Raises:
        QueryRefused: the lake has no table or view of that name.
    """
    if name in VIEWS:
        from harmsweep.lake.sql import Tables, answer

        if told:
            print(f"{name} (a view): {VIEWS[name].comment}")
        described = answer(f"DESCRIBE {name}", Tables(lake, known)).to_pylist()
        kinds = [(d["column_name"], d["data_type"], "", d["what_it_is"]) for d in described]
    elif name in known:
        full = known[name]
        table, key = delta.stored(lake, full), _key(full)
        if told:
            print(
                f"{full} (version {table.version()}): {clean(table.metadata().description or '')}"
            )
            print("\n".join(_users(full)))
        kinds = [
            (
                field.name,
                _type(field.type.to_json()),
                "key" if field.name in key else "" if field.nullable else "not null",
                str(field.metadata.get("comment", "")),
            )
            for field in table.schema().fields
        ]
    else:
        raise QueryRefused(f"no table {name}{advice(name, [*known, *VIEWS])}")
    heads = ("column", "type", "", "what it is") if told else ("column", "type", "is", "what_it_is")
    return [dict(zip(heads, kind, strict=True)) for kind in kinds]


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else clean(value or "")


def _users(name: str) -> list[str]:
    """Who writes a declared table, and which stages read it, a line each."""
    if name not in TABLES:
        return ["the code declares no such table"]
    table = TABLES[name]
    return [f"written by: {_list(writers(table))}", f"read by stages: {_list(readers(table))}"]


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


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

"""Rows on stdout as a table, CSV or JSON; what a terminal or spreadsheet would obey is disarmed."""

import csv
import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, TypeVar

import pyarrow as pa
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harmsweep.logs import clean

# A spreadsheet takes a cell that begins with one of these for a formula.
_FORMULA = ("=", "+", "-", "@")
LONGEST_CELL = 120
LONGEST_LIST = 6
T = TypeVar("T")


def show(rows: pa.Table, format: str) -> None:
    """Print the rows in a format: table, csv or json."""
    write: dict[str, Callable[[pa.Table], None]] = {
        "table": _as_table,
        "csv": _as_csv,
        "json": _as_json,
    }
    write[format](rows)


def csv_cell(value: Any) -> Any:
    """A value for CSV; a string that a spreadsheet would run gets an apostrophe before it."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else _plain_text(value)
    # A tab or line break before the sign would not stop a spreadsheet.
    risky = isinstance(value, str) and text.lstrip().startswith(_FORMULA)
    return ("'" if risky else "") + clean(text)


def cell(value: Any) -> str:
    """A value for people: one line, lists and long texts cut short."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list) and len(value) > LONGEST_LIST:
        first = ", ".join(cell(item) for item in value[:LONGEST_LIST])
        return f"[{first}, … {len(value)} values]"
    text = clean(_plain_text(value))
    return text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}…"


def print_grid(
    names: Sequence[str], rows: Sequence[Sequence[str]], *, right: set[str], fold: bool = False
) -> None:
    """Print a grid, with the columns of `right` set right and control characters written out.

    Where it is wider than the terminal, its cells fold, or each row becomes a block of lines.
    """
    rows = [tuple(map(clean, row)) for row in rows]
    console = Console(width=None if sys.stdout.isatty() else 10_000, highlight=False)
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    if console.is_terminal and not fold and sum(widths) + 3 * len(widths) > console.width:
        for row in rows:
            for name, text in zip(names, row, strict=True):
                console.print(Text(f"{name:>{max(map(len, names))}}  {text}"))
            console.print()
        return
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        justify: Literal["right", "left"] = "right" if name in right else "left"
        grid.add_column(Text(name), justify=justify, no_wrap=not fold)
    for row in rows:
        grid.add_row(*map(Text, row))
    console.print(grid)


def print_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows of the same names as a grid, numbers set right; nothing where there are none."""
    if rows:
        numbers = {name for name, value in rows[0].items() if isinstance(value, int | float)}
        print_grid(tuple(rows[0]), [tuple(map(cell, r.values())) for r in rows], right=numbers)


def track(items: Sequence[T], what: str) -> Iterable[T]:
    """The items, with a bar on stderr where that is a terminal."""
    from rich.progress import track as track_items

    console = Console(stderr=True)
    return track_items(items, what, console=console, disable=not console.is_terminal)


def _as_table(rows: pa.Table) -> None:
    numbers = {
        field.name
        for field in rows.schema
        if pa.types.is_floating(field.type) or pa.types.is_integer(field.type)
    }
    names = [clean(name) for name in rows.column_names]
    print_grid(
        names, [[cell(value) for value in row.values()] for row in rows.to_pylist()], right=numbers
    )


def _as_csv(rows: pa.Table) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([csv_cell(name) for name in rows.column_names])
    for row in rows.to_pylist():
        writer.writerow([csv_cell(value) for value in row.values()])


def _as_json(rows: pa.Table) -> None:
    lines = [json.dumps(row, ensure_ascii=False, default=_json_value) for row in _finite(rows)]
    # Controls beyond those that JSON escapes by itself are escaped too: still JSON, same values.
    print("[" + ",\n ".join(clean(line) for line in lines) + "]")


def _finite(rows: pa.Table) -> list[dict[str, Any]]:
    """The rows with numbers that JSON has no way to write as text."""
    return [
        {
            name: str(value) if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in row.items()
        }
        for row in rows.to_pylist()
    ]


def _json_value(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _plain_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=_json_value)
    return str(value)

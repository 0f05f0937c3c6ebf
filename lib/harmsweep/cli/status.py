"""`harmsweep status`: whether it acts, under what, what waits for people, and how far it is."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from harmsweep.cli.day_status import SHOWN_DAYS, day_rows
from harmsweep.cli.options import DEFAULT_LAKE, Lake
from harmsweep.cli.query import ask
from harmsweep.days import every_day
from harmsweep.lake import delta
from harmsweep.logs import clean
from harmsweep.operations.suspensions import suspended
from harmsweep.paths import SWITCH
from harmsweep.tables.catalog import RUNS

SHOWN = 3


def status(*, lake: Lake = DEFAULT_LAKE) -> None:
    """Show the switch, the pair in force, suspended claims, what waits, and the last day done."""
    pairs = _pairs(lake)
    rows = [("switch", _switch(lake)), ("in force", _in_force(pairs))]
    rows += [("suspended", _suspended(lake, pairs)), *_waiting(lake)]
    for name, told in [*rows, ("last day done", _last_done(lake))]:
        print(f"{name:14}  {clean(told)}")


def _switch(lake: Path) -> str:
    switch = lake / SWITCH
    return f"off: {switch.read_text(encoding='utf-8').strip()}" if switch.exists() else "on"


def _pairs(lake: Path) -> list[dict[str, Any]]:
    """The pair, or those that a ramp parts, of the newest day that was swept."""
    sql = """SELECT * FROM in_force WHERE day = (SELECT max(day) FROM in_force)
        ORDER BY authors_from"""
    rows: list[dict[str, Any]] = ask(lake, sql, as_of=[], limit=None).to_pylist()
    return rows


def _in_force(rows: list[dict[str, Any]]) -> str:
    pairs = (
        f"{r['model_version']} under {r['policy_version']}"
        + ("" if r["authors_to"] - r["authors_from"] == 1 else f" for {_share(r)} of the authors")
        for r in rows
    )
    return f"{' and '.join(pairs)}, on {rows[0]['day']}" if rows else "none: no day was swept yet"


def _suspended(lake: Path, rows: list[dict[str, Any]]) -> str:
    """The claims that lead to review alone."""
    pairs = (f"{r['model_version']}/{r['policy_version']}" for r in rows)
    claims = sorted({name for pair in pairs for name in suspended(lake, pair)})
    return _counted(claims, "see `harmsweep certify watch`")


def _share(row: dict[str, Any]) -> str:
    return f"{row['authors_to'] - row['authors_from']:.1%}"


def _waiting(lake: Path) -> list[tuple[str, str]]:
    from harmsweep.enforcement.circuit_breaker.batches import waiting
    from harmsweep.review.appeals import queue
    from harmsweep.review.orders import listed

    batches = [f"{batch.line()}, {batch.day}" for batch in waiting(lake)]
    return [
        ("held batches", _counted(batches, "see `harmsweep hold list`")),
        ("appeals due", _due(queue(lake), "see `harmsweep appeal list`")),
        ("orders, flags", _due(listed(lake), "see `harmsweep order list`")),
    ]


def _due(rows: Iterable[dict[str, Any]], see: str) -> str:
    times = [row["due_at"] for row in rows]
    late = sum(at < datetime.now(UTC) for at in times)
    next_due = [f"the first {min(times):%Y-%m-%d %H:%M}"] if times else []
    return _counted(times, *([f"{late} late"] if late else []), *next_due, see)


def _counted(rows: list[Any], *facts: str) -> str:
    names = [row for row in rows[:SHOWN] if isinstance(row, str)]
    return "; ".join([str(len(rows)), *names, *facts]) if rows else "0"


def _last_done(lake: Path) -> str:
    """The newest day that is done, and what later ones lack."""
    known = delta.days(RUNS, lake)
    if not known:
        return "none: no stage ran yet"
    first = max(known[0], known[-1] - timedelta(days=SHOWN_DAYS - 1))
    rows = day_rows(lake, every_day(first, known[-1]))
    done: list[date] = [row["day"] for row in rows if row["state"] == "done"]
    after = [
        f"{row['day']} is {row['state']}"
        for row in rows
        if row["day"] > max(done, default=first - timedelta(days=1))
    ]
    last = str(done[-1]) if done else f"none since {first}"
    return "; ".join([last, *after[-SHOWN:]])

"""`harmsweep days`: which stages ran for each day, and whether the day is done."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
from cyclopts import Parameter

from harmsweep.cli.options import DEFAULT_LAKE, Format, Lake
from harmsweep.cli.output import show
from harmsweep.days import every_day
from harmsweep.errors import DataRefused
from harmsweep.lake import delta
from harmsweep.lake.flow import DAY_NAMES
from harmsweep.tables.catalog import POSTS, RUNS, SCORES

SHOWN_DAYS = 14
Runs = dict[str, dict[str, Any]]


def days(
    *,
    first: Annotated[date | None, Parameter(name="--from", help="First UTC day.")] = None,
    last: Annotated[date | None, Parameter(name="--to", help="Last UTC day.")] = None,
    format: Format = "table",
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Show for each day its state, its accepted posts and the last run of each stage.

    A day is `held` while a batch of it waits for people, `part` while a stage never ended for it or
    accepted posts are unscored, and `done` otherwise. Without --from and --to: the last 14 days up
    to the newest that has a run.

    Parameters
    ----------
    format
        csv and json are for other programs; json has each run's items, seconds and time.
    """
    rows = day_rows(lake, _range(lake, first, last))
    show(pa.Table.from_pylist(rows if format == "json" else [*map(_in_words, rows)]), format)


def state(ran: Runs, held: list[str], unscored: int) -> str:
    """The state of a day by the runs of its stages, its batches that wait and unscored posts."""
    if held:
        return "held"
    return "done" if ran.keys() >= set(DAY_NAMES) and not unscored else "part"


def last_runs(lake: Path, first: date, last: date) -> dict[date, Runs]:
    """The last run of each stage, by day; those of another model or policy count alike."""
    sql = f"""SELECT day, stage, variant, posts, seconds, finished_at FROM runs_v1
        WHERE {_between(first, last)} ORDER BY finished_at, variant"""
    found: dict[date, Runs] = defaultdict(dict)
    for row in delta.query(lake, sql).to_pylist():
        kept = {"items": row["posts"]} | {n: row[n] for n in ("seconds", "finished_at")}
        found[row["day"]][row["stage"]] = kept
    return found


def day_rows(lake: Path, wanted: list[date]) -> list[dict[str, Any]]:
    """A row for each day in order: state, posts, batches that wait, and each stage's last run."""
    from harmsweep.enforcement.circuit_breaker.batches import waiting

    ran = last_runs(lake, wanted[0], wanted[-1])
    posts, scored = _accepted(lake, wanted[0], wanted[-1])
    held: dict[date, list[str]] = defaultdict(list)
    for batch in waiting(lake):
        held[batch.day].append(batch.batch.name)
    return [
        {"day": day, "state": state(ran.get(day, {}), held[day], posts[day] - scored[day])}
        | {"posts": posts[day], "unscored": posts[day] - scored[day], "held": held[day]}
        | {stage: ran.get(day, {}).get(stage) for stage in DAY_NAMES}
        for day in wanted
    ]


def _in_words(row: dict[str, Any]) -> dict[str, Any]:
    runs = {stage: _run_in_words(row[stage]) for stage in DAY_NAMES}
    return row | {"held": ", ".join(row["held"])} | runs


def _run_in_words(run: dict[str, Any] | None) -> str:
    if run is None:
        return "-"
    return f"{run['items']:,} in {run['seconds']:.1f} s, {run['finished_at']:%m-%d %H:%M}"


def _range(lake: Path, first: date | None, last: date | None) -> list[date]:
    """The days to show.

    Raises:
        DataRefused: --to before --from, or a lake without any run and no range given.
    """
    known = delta.days(RUNS, lake)
    if not known and not (first and last):
        raise DataRefused(f"{lake}: no stage ran for any day yet; give --from and --to")
    last = last or max(known[-1], first or known[-1])
    first = first or min(last, max(known[0], last - timedelta(days=SHOWN_DAYS - 1)))
    if last < first:
        raise DataRefused(f"--to {last} is before --from {first}")
    return every_day(first, last)


def _accepted(lake: Path, first: date, last: date) -> tuple[Counter[date], Counter[date]]:
    """How many accepted posts each day has, and how many of them any model scored."""
    sql = f"""SELECT p.day, count(*) AS posts, count(s.post_id) AS scored FROM (
            SELECT day, post_id, revision FROM {POSTS.name}
            WHERE {_between(first, last)} AND status = 'accepted') p
        LEFT JOIN (SELECT DISTINCT day, post_id, revision FROM {SCORES.name}
            WHERE {_between(first, last)}) s
        ON s.day = p.day AND s.post_id = p.post_id AND s.revision = p.revision GROUP BY p.day"""
    rows = delta.query(lake, sql).to_pylist()
    posts, scored = ({row["day"]: row[name] for row in rows} for name in ("posts", "scored"))
    return Counter(posts), Counter(scored)


def _between(first: date, last: date) -> str:
    return f"day >= '{first}' AND day <= '{last}'"

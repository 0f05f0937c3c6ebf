"""Revisions with something to do on days that the schedule is done with: listed until swept.

A post is stored under the day of its creation. The schedule runs the last days; what is edited, or
dated back, further than that is listed here, and its day goes through the stages once more. What
people decided since is listed by `harmsweep.review.outstanding`. The list is what a night that was
killed leaves to the next one.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from harmsweep.errors import DataRefused
from harmsweep.lake import delta, writes
from harmsweep.lake.locks import locked
from harmsweep.tables.catalog import LATE_POSTS


def find_late(lake: Path, first: date, before: date, *, model_version: str) -> Counter[date]:
    """List what no run has scored of the days from `first` up to `before`; give how many, by day.

    That is each accepted revision without a score of any model, and without one of this model on a
    day that it scored. What was recorded before the first day that was ever swept is history: a
    backfill's, not the schedule's.
    """
    sql = f"""SELECT u.* FROM ({_unscored(lake, first, before, model_version)}) u
        LEFT JOIN (SELECT day, post_id, revision, found_at FROM late_posts_v1) l
        ON l.day = u.day AND l.post_id = u.post_id AND l.revision = u.revision
        WHERE l.found_at IS NULL"""
    at = datetime.now(UTC)
    new = [row | {"found_at": at} for row in delta.query(lake, sql).to_pylist()]
    if new:
        writes.write_rows(new, LATE_POSTS, lake)
    return Counter(row["day"] for row in _pending(lake, before))


def check_on_time(lake: Path, first: date, before: date, *, model_version: str) -> None:
    """Refuse where posts of the days from `first` up to `before` wait for over a day.

    Raises:
        DataRefused: there are revisions without a score, or late ones that were not swept; each day
            is named with how many.
    """
    a_day_ago = datetime.now(UTC) - timedelta(days=1)
    sql = f"""SELECT day, post_id, revision FROM late_posts_v1 WHERE swept_at IS NULL
        AND day < '{before}' AND found_at < TIMESTAMP '{a_day_ago:%Y-%m-%d %H:%M:%S}'"""
    unscored = delta.query(lake, _unscored(lake, first, before, model_version)).to_pylist()
    waiting = {tuple(row.values()) for row in [*unscored, *delta.query(lake, sql).to_pylist()]}
    if waiting:
        counts = sorted(Counter(day for day, *_ in waiting).items())
        listed = ", ".join(f"{day}: {count}" for day, count in counts)
        raise DataRefused(f"accepted posts that no run has scored and swept: {listed}")


def landing_warnings(lake: Path, days: Iterable[date]) -> Iterator[str]:
    """A warning for each day of which no post landed."""
    for day in days:
        if not landed_posts(lake, day):
            yield f"warning: no post landed for {day}"


def landed_posts(lake: Path, day: date) -> int:
    """How many rows of posts a day's ingest found in the landing zone; 0 too where it never ran."""
    sql = f"SELECT landed FROM ingests_v1 WHERE day = '{day}' AND source = 'posts'"
    return sum(delta.query(lake, sql).column("landed").to_pylist())


def late_days(lake: Path, before: date) -> list[date]:
    """The days before `before`, in order, with late posts that were not swept."""
    return sorted({row["day"] for row in _pending(lake, before)})


def late_posts(lake: Path, day: date) -> frozenset[str]:
    """The late posts of a day that were not swept."""
    sql = f"SELECT post_id FROM late_posts_v1 WHERE day = '{day}' AND swept_at IS NULL"
    return frozenset(delta.query(lake, sql).column("post_id").to_pylist())


def list_late(lake: Path, day: date, revisions: Mapping[str, int]) -> None:
    """List revisions of a day's posts for a sweep, also those that were swept before."""
    with locked(lake, [LATE_POSTS.name]):
        rows = delta.rows(LATE_POSTS, lake, day=day).to_pylist()
        waiting = {(row["post_id"], row["revision"]) for row in rows if row["swept_at"] is None}
        new = revisions.items() - waiting
        if not new:
            return
        at = datetime.now(UTC)
        kept = [row for row in rows if (row["post_id"], row["revision"]) not in new]
        kept += [
            {"day": day, "post_id": name, "revision": n, "found_at": at, "swept_at": None}
            for name, n in sorted(new)
        ]
        writes.write_rows(kept, LATE_POSTS, lake, where={"day": day})


def close_late(lake: Path, day: date, posts: Collection[str]) -> None:
    """Note that late posts of a day were swept."""
    if not posts:
        return
    with locked(lake, [LATE_POSTS.name]):
        rows = delta.rows(LATE_POSTS, lake, day=day).to_pylist()
        at = datetime.now(UTC)
        for row in rows:
            if row["swept_at"] is None and row["post_id"] in posts:
                row["swept_at"] = at
        writes.write_rows(rows, LATE_POSTS, lake, where={"day": day})


def _pending(lake: Path, before: date) -> list[dict[str, Any]]:
    sql = f"SELECT day FROM late_posts_v1 WHERE swept_at IS NULL AND day < '{before}'"
    return list(delta.query(lake, sql).to_pylist())


def _unscored(lake: Path, first: date, before: date, model_version: str) -> str:
    swept = delta.query(lake, "SELECT min(day) AS day FROM runs_v1 WHERE stage = 'enforce'")
    since = min(filter(None, [swept.column("day")[0].as_py(), before]))
    days = f"day >= '{first}' AND day < '{before}'"
    of_model = delta.datafusion_where({"model_version": model_version})
    return f"""SELECT p.day, p.post_id, p.revision FROM (
            SELECT day, post_id, revision FROM posts_v1
            WHERE {days} AND status = 'accepted' AND recorded_day >= '{since}') p
        LEFT JOIN (SELECT day, post_id, revision, bool_or({of_model}) AS own FROM scores_v1
            WHERE {days} GROUP BY day, post_id, revision) s
        ON s.day = p.day AND s.post_id = p.post_id AND s.revision = p.revision
        LEFT JOIN (SELECT DISTINCT day FROM scores_v1 WHERE {days} AND {of_model}) d
        ON d.day = p.day
        WHERE s.own IS NULL OR (NOT s.own AND d.day IS NOT NULL)"""

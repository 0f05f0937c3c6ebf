"""Live posts to draw from, and draws of them whose chances are known.

By permanent random numbers (Ohlsson, 1995): each post has one of its own for each draw, whatever
else is in the frame, and the lowest are drawn. So nobody chooses, and the same again is the same.
"""

import heapq
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from harmsweep.digests import uniform_hash
from harmsweep.known_media.escalations import escalated_posts
from harmsweep.lake import delta
from harmsweep.policy.places import ALL

PLACE = ("day", "post_id", "revision", "dataset", "surface")


def scored_posts(
    lake: Path, days: Sequence[date], same: delta.Slice, *, columns: str, where: str = "TRUE"
) -> pa.Table:
    """The current posts of some days that were scored and are nobody's secret, as decide sees them.

    `same`, `columns` and `where` are of scores; rows have `PLACE` and those columns.
    """
    # Each side by its own partitions: the engine does not carry the day over the join.
    of_days = f"day BETWEEN '{days[0]}' AND '{days[-1]}'"
    sql = f"""SELECT {", ".join(f"s.{name}" for name in PLACE)}, {columns}
        FROM (SELECT * FROM scores_v1 WHERE {of_days}
            AND {delta.datafusion_where(same)} AND status IN ('scored', 'scored_partial')
            AND {where}) s
        JOIN (SELECT * FROM posts_v1 WHERE {of_days} AND status = 'accepted'
            {_not_escalated(lake, days)}) p
        ON p.day = s.day AND p.post_id = s.post_id AND p.revision = s.revision"""
    return delta.query(lake, sql)


def _not_escalated(lake: Path, days: Sequence[date]) -> str:
    found = {day: sorted(escalated_posts(lake, day)) for day in days}
    of = [delta.datafusion_where({"day": day, "post_id": ids}) for day, ids in found.items() if ids]
    return "".join(f" AND NOT ({one})" for one in of)


def flagged_posts(
    lake: Path,
    model_version: str,
    *,
    harm: str,
    language: str,
    surface: str,
    threshold: float,
    days: Sequence[date],
) -> list[dict[str, Any]]:
    """The current posts of some days that score the threshold or more, as decide would see them.

    Each with day, post_id, revision, dataset, surface and score.
    """
    same = {"model_version": model_version, "language": language}
    same |= {} if surface == ALL else {"surface": surface}
    above = f'"{harm}" BETWEEN {threshold!r} AND 1.0'
    found = scored_posts(lake, days, {**same}, columns=f's."{harm}" AS score', where=above)
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


def lowest(posts: Sequence[tuple[str, int]], key: Sequence[str], labels: int) -> list[int]:
    """The places of so many posts, by id and revision; each set of them as likely as any other."""

    def number(place: int) -> tuple[float, str]:
        post, revision = posts[place]
        return uniform_hash("/".join((*key, post, str(revision)))), post

    return heapq.nsmallest(labels, range(len(posts)), key=number)


def chance(labels: int, posts: int) -> float:
    """The chance of each post of a frame to be drawn, where so many are."""
    return min(1.0, labels / max(posts, 1))


def draw(
    frame: Sequence[Mapping[str, Any]], key: Sequence[str], labels: int
) -> list[dict[str, Any]]:
    """So many posts of a frame, each with `probability`, its chance to be drawn."""
    posts = [(row["post_id"], row["revision"]) for row in frame]
    known = chance(labels, len(frame))
    return [{**frame[place], "probability": known} for place in lowest(posts, key, labels)]

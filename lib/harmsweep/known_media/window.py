"""The media of the days as the hash search takes them, read without Spark.

A million media with their references are about 200 MB; the hashes alone are 32 MB.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from harmsweep.days import every_day
from harmsweep.known_media.near import SPARK_FROM, Pairs, near_pairs, near_pairs_spark
from harmsweep.lake import delta
from harmsweep.lake.flow import NEAR_COPY_DAYS
from harmsweep.lake.runs import Spark
from harmsweep.media.pdq import MIN_QUALITY, packed
from harmsweep.tables.catalog import ESCALATIONS

_USABLE = f"status = 'ok' AND pdq IS NOT NULL AND pdq_quality >= {MIN_QUALITY}"


@dataclass(frozen=True)
class Medium:
    """A medium of a post whose hash is good enough to be compared."""

    post_id: str
    revision: int
    position: int
    content_hash: str
    hashes: tuple[str, ...]
    quality: int


def media_of_day(lake: Path, day: date) -> list[Medium]:
    """The day's decoded media with a hash of quality 50 or more."""
    sql = f"""SELECT post_id, revision, position, content_hash, pdq AS hashes,
            pdq_quality AS quality FROM media_v1
        WHERE day = '{day}' AND {_USABLE}"""
    found = delta.query(lake, sql).to_pylist()
    return [Medium(**row | {"hashes": tuple(row["hashes"])}) for row in found]


def pictures_of_window(lake: Path, day: date) -> dict[str, list[str]]:
    """All hashes of each distinct picture of the 30 days up to the day, by its file's SHA-256.

    What was escalated, or stands in an escalated post, is not among them.
    """
    escalated = escalated_contents(lake, day)
    of_each = f"""SELECT content_hash, unnest(pdq) AS hash FROM media_v1
        WHERE {window("day", day)} AND kind = 'image' AND {_USABLE}"""
    sql = f"SELECT DISTINCT content_hash, hash FROM ({of_each}) ORDER BY content_hash, hash"
    hashes: dict[str, list[str]] = defaultdict(list)
    for row in delta.query(lake, sql).to_pylist():
        if row["content_hash"] not in escalated:
            hashes[row["content_hash"]].append(row["hash"])
    return dict(hashes)


def videos_of_window(lake: Path, last: date) -> dict[str, str]:
    """A reference of each distinct video that was ok on one of the 30 days, by its SHA-256."""
    sql = f"""SELECT content_hash, max(uri) AS uri FROM media_v1 WHERE {window("day", last)}
        AND kind = 'video' AND status = 'ok' GROUP BY content_hash ORDER BY content_hash"""
    return {row["content_hash"]: row["uri"] for row in delta.query(lake, sql).to_pylist()}


def escalated_contents(lake: Path, day: date) -> set[str]:
    """SHA-256 of every file that was escalated in the window, or stands in such a post."""
    names = {"media_v1": "media_v1", "escalations": ESCALATIONS.name}
    own = f"SELECT content_hash FROM escalations WHERE {window('day', day)}"
    beside = f"""SELECT m.content_hash FROM media_v1 m JOIN escalations e
        ON m.day = e.day AND m.post_id = e.post_id
        WHERE {window("m.day", day)} AND {window("e.day", day)}"""
    days = days_of_window(day)
    found = (delta.query(lake, sql, names=names, days=days).column(0) for sql in (own, beside))
    return {content for column in found for content in column.to_pylist()}


def near(spark: Spark, left: Iterable[str], right: Iterable[str] | None = None) -> Pairs:
    """The near pairs, by Spark where there are many; see `near_pairs`."""
    mine, other = packed(left), None if right is None else packed(right)
    if max(len(mine), 0 if other is None else len(other)) >= SPARK_FROM:
        return near_pairs_spark(spark(), mine, other)
    return near_pairs(mine, other)


def window(column: str, day: date) -> str:
    """The condition that a day lies in the window, in SQL."""
    return f"{column} BETWEEN '{days_of_window(day)[0]}' AND '{day}'"


def days_of_window(day: date) -> list[date]:
    """The days of the window, in order: the last is `day`."""
    return every_day(day - timedelta(days=NEAR_COPY_DAYS - 1), day)

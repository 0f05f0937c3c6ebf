"""What of a day a stage makes: all of it, or the posts that changed since its last run.

A stage's last run noted the version of each table that it read. What differs between then and now
names posts, authors and contents of media; the stage makes the posts that any of them reaches, and
all other rows of its slice stay as they are. Where that cannot be told (a version that is no longer
kept, a table that names no posts), it makes the whole day.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
from deltalake.exceptions import DeltaError
from pyspark.sql import DataFrame, SparkSession

from harmsweep.days import every_day
from harmsweep.lake import delta, table_log
from harmsweep.lake.seal_lines import Damaged
from harmsweep.tables.catalog import MEDIA, POSTS
from harmsweep.tables.spec import Table

# Of more posts or authors the whole day is made: to name each in a look-up pays for a few.
MOST = 400
_BROADCAST = "spark.sql.autoBroadcastJoinThreshold"
# Columns that say whom a changed row concerns.
_IDS = {
    "post_id": "posts",
    "author_id": "authors",
    "user_id": "authors",
    "content_hash": "contents",
}


@dataclass(frozen=True)
class Input:
    """A table that a stage reads: the run's own day, `before` days before and `after` after it."""

    table: Table
    before: int = 0
    after: int = 0

    def days(self, day: date) -> list[date]:
        """The days that a run of a day reads."""
        return every_day(day - timedelta(days=self.before), day + timedelta(days=self.after))


@dataclass(frozen=True)
class Portion:
    """What a run makes of a day: all posts, or those named, all of whose authors are named too."""

    day: date
    posts: Sequence[str] | None = None
    authors: Sequence[str] | None = None

    @property
    def by_post(self) -> delta.Slice:
        """The rows that it makes in a table of posts."""
        return self._slice("post_id", self.posts)

    @property
    def by_author(self) -> delta.Slice:
        """The rows that it makes in a table of authors."""
        return self._slice("author_id", self.authors)

    @property
    def is_empty(self) -> bool:
        """Whether it names nobody."""
        return self.posts == [] and self.authors == []

    def _slice(self, name: str, values: Sequence[str] | None) -> delta.Slice:
        return {"day": self.day} if values is None else {"day": self.day, name: values}


@dataclass
class _Concerned:
    """Whom changed rows concern: by rows of the day itself, and of other days by their authors."""

    posts: set[str] = field(default_factory=set)
    authors: set[str] = field(default_factory=set)
    contents: set[str] = field(default_factory=set)
    authors_elsewhere: set[str] = field(default_factory=set)

    def add(self, rows: pa.Table, day: date) -> None:
        """Note whom some rows concern."""
        for name in rows.column_names[1:]:
            for of_day, one in zip(rows["day"].to_pylist(), rows[name].to_pylist(), strict=True):
                if one is not None and of_day == day:
                    getattr(self, _IDS[name]).add(one)
                elif one is not None and _IDS[name] == "authors":
                    self.authors_elsewhere.add(one)


@contextmanager
def planned(spark: SparkSession, part: Portion) -> Iterator[SparkSession]:
    """The session; for a portion's few rows it plans a query as one task, without broadcasts."""
    if part.posts is None:
        yield spark
        return
    before = str(spark.conf.get(_BROADCAST))
    spark.conf.set(_BROADCAST, "-1")
    try:
        yield spark
    finally:
        spark.conf.set(_BROADCAST, before)


def spread(rows: DataFrame, part: Portion, *columns: str) -> DataFrame:
    """The rows over all cores, since one file is one task otherwise; a portion's stay together.

    A number of tasks keeps adaptive execution from merging those of a small day into one.
    """
    if part.posts is not None:
        return rows
    return rows.repartition(rows.sparkSession.sparkContext.defaultParallelism, *columns)


def changed_portion(
    lake: Path,
    day: date,
    reads: Collection[Input],
    *,
    since: Mapping[str, int],
    versions: Mapping[str, str],
) -> Portion | None:
    """The posts that changes of what a stage reads may reach; None where it may be any of the day.

    `since` are the versions that the tables had. A post that came after its day is always among
    them: what it rests on lies on days that the stage does not follow.
    """
    found = _Concerned()
    try:
        for source in reads:
            table = source.table
            where: delta.Slice = {"day": source.days(day), **_of_table(table, versions)}
            changed = _changed_days(table, lake, where, since=since[table.name])
            ids = [name for name in table.schema.names if name in _IDS]
            if changed and not ("day" in table.partition_by and ids):
                return None
            if changed:
                names = ["day", *ids]
                where = {**where, "day": changed}
                rows = _changed_rows(table, lake, where, names, since=since[table.name])
                found.add(rows, day)
    except (KeyError, OSError, DeltaError, pa.ArrowException, Damaged):
        return None
    return _reached(lake, day, found)


def _of_table(table: Table, versions: Mapping[str, str]) -> Mapping[str, str]:
    return {name: value for name, value in versions.items() if name in table.schema.names}


def _reached(lake: Path, day: date, found: _Concerned) -> Portion | None:
    """The day's posts that are named, stand by a named author or hold a named content."""
    sql = f"SELECT post_id, author_id, recorded_day FROM {POSTS.name} WHERE day = '{day}'"
    rows = delta.query(lake, sql).to_pylist()
    posts = found.posts | {row["post_id"] for row in rows if row["recorded_day"] > day}
    if len(found.contents) > MOST:
        return None
    if found.contents:
        of_contents = delta.datafusion_where({"day": day, "content_hash": [*found.contents]})
        holding = f"SELECT DISTINCT post_id FROM {MEDIA.name} WHERE {of_contents}"
        posts |= set(delta.query(lake, holding)["post_id"].to_pylist())
    authors = found.authors | {row["author_id"] for row in rows if row["post_id"] in posts}
    authors |= found.authors_elsewhere & {row["author_id"] for row in rows}
    posts |= {row["post_id"] for row in rows if row["author_id"] in authors}
    if max(len(posts), len(authors)) > MOST:
        return None
    return Portion(day, sorted(posts), sorted(authors))


def _changed_days(table: Table, lake: Path, where: delta.Slice, *, since: int) -> list[date]:
    """The days of a slice whose files are others than at a version; of a table without days, all.

    Raises:
        DeltaError: the version is no longer known.
    """
    now, then = (
        {
            row["path"]: row.get("partition.day")
            for row in table_log.slice_files(table, lake, where, version=v).to_pylist()
        }
        for v in (None, since)
    )
    found = {(now | then)[path] for path in now.keys() ^ then.keys()}
    wanted = where["day"]
    assert not isinstance(wanted, date | str)
    return sorted(found) if None not in found else [*wanted]


def _changed_rows(
    table: Table, lake: Path, where: delta.Slice, names: Sequence[str], *, since: int
) -> pa.Table:
    """Of the rows of a slice that only now or only a version has, the named columns.

    Raises:
        DeltaError, OSError, ArrowException: the version's files are gone.
    """
    versions, days = {"now": None, "before": since}, delta.days_of(where)
    tables = {a: delta.opened(lake, table.name, version=v, days=days) for a, v in versions.items()}
    columns, condition = delta.quoted(table.schema.names), delta.datafusion_where(where)
    now, before = (f"SELECT {columns} FROM {a} WHERE {condition}" for a in ("now", "before"))
    chosen = delta.quoted(names)
    sql = f"""SELECT {chosen} FROM ({now} EXCEPT {before})
        UNION SELECT {chosen} FROM ({before} EXCEPT {now})"""
    return delta.run_query(sql, tables)

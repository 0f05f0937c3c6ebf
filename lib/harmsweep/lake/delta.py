"""The only reads of Delta tables; the writes are beside it, in writes.py.

A lake is a folder; each table stands in a folder of its own under it. What executors need goes
through Spark; what the driver needs itself through deltalake: that imports neither Spark nor types.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import deltalake
import pyarrow as pa

from harmsweep.days import every_day
from harmsweep.lake import seals
from harmsweep.lake.locks import locked

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

    from harmsweep.tables.spec import Table

Slice = Mapping[str, date | str | Sequence[date] | Sequence[str]]


def lake_path(text: str) -> Path:
    """The lake's folder.

    Raises:
        ValueError: a plain S3 path, on which two drivers would lose rows.
    """
    if text.startswith(("s3:", "s3a:", "s3n:")):
        raise ValueError(
            f"{text}: two drivers on plain S3 lose rows; use catalog-managed commits or a log store"
            " with mutual exclusion, mounted under a path"
        )
    return Path(text).resolve()


def open_lake(lake: Path) -> Path:
    """Create the tables that the lake lacks, and bring the others to what the code declares since.

    A lake that is made by this is its owner's and their group's: it holds what accounts are.
    Columns and constraints are added, retired constraints dropped. A table that is as declared is
    only looked at: a start waits for nobody who writes.

    Raises:
        LakeMismatch: a table has other columns than the code declares, each named, or rows that
            break a constraint.
    """
    from harmsweep.lake.schema import is_current, migrate
    from harmsweep.tables.catalog import RESTRICTED, RESTRICTED_FOLDER, TABLES

    make_folder(lake)
    (lake / RESTRICTED_FOLDER).mkdir(mode=0o700, exist_ok=True)
    for table in (*TABLES.values(), *RESTRICTED.values()):
        if not is_current(lake, table):
            with locked(lake, [table.name]):
                migrate(lake, table)
    return lake


def make_folder(lake: Path) -> None:
    """Make a lake's folder, closed to all but its owner and their group, where there is none."""
    lake.parent.mkdir(parents=True, exist_ok=True)
    lake.mkdir(mode=0o750, exist_ok=True)


def read(
    spark: SparkSession,
    table: Table,
    lake: Path,
    *,
    version: int | None = None,
    days: Sequence[date] | None = None,
) -> DataFrame:
    """All rows of a table, now or as of a version; the files of those of `days` are compared."""
    opened(lake, table.name, version=version, days=days)
    reader = spark.read.format("delta")
    if version is not None:
        reader = reader.option("versionAsOf", version)
    return reader.load(str(lake / table.name))


def read_days(
    spark: SparkSession, table: Table, lake: Path, first: date, last: date | None = None
) -> DataFrame:
    """The rows of the days from `first` to `last` (by default that day alone), by partition."""
    from pyspark.sql import functions as F

    last = last or first
    rows = read(spark, table, lake, days=every_day(first, last) if first <= last else [])
    return rows.where(F.col("day").between(F.lit(first), F.lit(last)))


def read_slice(spark: SparkSession, table: Table, lake: Path, where: Slice) -> DataFrame:
    """The rows of a slice; of one that names more than partitions, the few rows are read here.

    Such rows are a part of the plan, so that Spark plans no scan, and no job, for them.
    """
    if not names_rows(table, where):
        return read(spark, table, lake, days=days_of(where)).where(spark_where(where))
    sql = f"SELECT {quoted(table.schema.names)} FROM rows WHERE {datafusion_where(where)}"
    found = query(lake, sql, names={"rows": table.name}, days=days_of(where))
    return few_rows(spark, found, table.schema)


def days_of(where: Slice) -> list[date] | None:
    """The days that a slice names; None where it may have rows of any."""
    days = where.get("day")
    if days is None or isinstance(days, str):
        return None
    return [days] if isinstance(days, date) else [day for day in days if isinstance(day, date)]


def quoted(names: Sequence[str]) -> str:
    """Columns as a query names them: some are words of SQL."""
    return ", ".join(f'"{name}"' for name in names)


def names_rows(table: Table, where: Slice) -> bool:
    """Whether a slice names more than partitions of a table: the few rows of posts, or authors."""
    return not where.keys() <= {*table.partition_by}


def at_driver(rows: DataFrame) -> DataFrame:
    """Few rows, computed once and then a part of the plan of whatever is made of them."""
    return few_rows(rows.sparkSession, rows.toArrow(), rows.schema)


def few_rows(spark: SparkSession, found: pa.Table, schema: StructType) -> DataFrame:
    """Rows that the driver has, as a part of the plan, and in one task."""
    if not found.num_rows:
        # Of arrays without a chunk Spark knows no type.
        found = pa.Table.from_batches([pa.RecordBatch.from_pylist([], found.schema)])
    return spark.createDataFrame(found, schema).coalesce(1)


def spark_where(where: Slice) -> str:
    """A slice as SQL for Spark; see `_where`."""

    def text(value: str) -> str:
        # Whatever Spark would read anything into (quotes, backslashes, ${…}) goes by its number.
        return re.sub(r"[^\w.:@/+ -]", lambda c: f"\\U{ord(c[0]):08x}", value, flags=re.ASCII)

    return _where(where, lambda day: f"DATE'{day}'", lambda value: f"'{text(value)}'")


def datafusion_where(where: Slice) -> str:
    """A slice as SQL for `query` and for predicates of deltalake; see `_where`."""
    literal = "'{}'".format
    return _where(where, literal, lambda value: literal(value.replace("'", "''")))


def _where(where: Slice, of_day: Callable[[date], str], of_text: Callable[[str], str]) -> str:
    """Equality on each column, or one of several values; all rows where the slice is empty.

    A value may be any text: it is quoted as the engine reads it, and never part of the SQL.
    """

    def literal(value: date | str) -> str:
        return of_day(value) if isinstance(value, date) else of_text(value)

    def condition(name: str, value: date | str | Sequence[date] | Sequence[str]) -> str:
        if isinstance(value, date | str):
            return f"{name} = {literal(value)}"
        # Of no value there is no row; an empty list is no SQL.
        return f"{name} IN ({', '.join(map(literal, value))})" if value else "FALSE"

    return " AND ".join(condition(name, value) for name, value in where.items()) or "TRUE"


def rows(
    table: Table, lake: Path, *, day: date | None = None, version: int | None = None
) -> pa.Table:
    """A table's rows as Arrow, of one day or all, without Spark: for reports and the console."""
    where = f" WHERE {datafusion_where({'day': day})}" if day else ""
    versions = {} if version is None else {table.name: version}
    days = [day] if day else None
    return query(lake, f"SELECT * FROM {table.name}{where}", versions=versions, days=days)


def query(
    lake: Path,
    sql: str,
    *,
    names: Mapping[str, str] | None = None,
    versions: Mapping[str, int] | None = None,
    days: Sequence[date] | None = None,
) -> pa.Table:
    """The answer to the code's own SELECT over the tables, or those of `names` (how it calls them).

    One that reads no rows of other days says so by `days`: damage elsewhere does not refuse it.
    What people ask goes through sql.py: this engine would write, too.
    """
    from harmsweep.tables.catalog import TABLES  # and Spark with it

    names = names or {name: name for name in TABLES if re.search(rf"\b{name}\b", sql)}
    asked = versions or {}
    tables = {a: opened(lake, n, version=asked.get(n), days=days) for a, n in names.items()}
    return run_query(sql, tables)


def run_query(sql: str, tables: Mapping[str, deltalake.DeltaTable]) -> pa.Table:
    builder = deltalake.QueryBuilder()
    for alias, table in tables.items():
        builder = builder.register(f'"{alias}"', table)
    return pa.RecordBatchReader.from_stream(builder.execute(sql)).read_all()


def stored(lake: Path, name: str, version: int | None = None) -> deltalake.DeltaTable:
    """A table's log as it stands, or as of a version: its schema, files, protocol and history.

    Raises:
        Damaged: it stands otherwise than it was written.
    """
    if name in seals.SEALED:
        return seals.check(lake, name, version=version, content=False)
    return deltalake.DeltaTable(str(lake / name), version=version)


def opened(
    lake: Path, name: str, *, version: int | None = None, days: Sequence[date] | None = None
) -> deltalake.DeltaTable:
    """A table whose rows are to be read, all or those of some days; as of a version, or now.

    Raises:
        Damaged: its log or one of these rows' files is not what was written.
    """
    if name not in seals.SEALED:
        return deltalake.DeltaTable(str(lake / name), version=version)
    of_days = None if days is None else {*map(str, days)}
    return seals.check(lake, name, version=version, days=of_days)


def stored_names(lake: Path) -> list[str]:
    """The tables that the lake's folder holds, whether this code declares them or not."""
    return sorted(log.parent.name for log in lake.glob("*/_delta_log"))


def version(table: Table, lake: Path) -> int:
    """The table's current version."""
    return int(stored(lake, table.name).version())


def days(table: Table, lake: Path) -> list[date]:
    """The days that have rows in a table partitioned by day, in order."""
    parts = stored(lake, table.name).partitions()
    return sorted({date.fromisoformat(str(p["day"])) for p in parts})

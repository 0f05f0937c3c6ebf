"""The only reads and writes of Delta tables.

A lake is a folder; each table stands in a folder of its own under it. A writer holds the table's
lock from the snapshot that it read to its commit. What the driver has itself (runs, the ledger) and
all about files goes through deltalake, which needs no JVM, and so do few rows of a frame; many rows
go from the executors through Spark.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pyarrow.compute as pc
from deltalake.exceptions import DeltaError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep.days import every_day
from harmsweep.errors import DataRefused, Refused
from harmsweep.lake.failpoints import failpoint
from harmsweep.lake.locks import locked
from harmsweep.lake.schema import migrate
from harmsweep.tables.catalog import RESTRICTED, RESTRICTED_FOLDER, TABLES
from harmsweep.tables.spec import Table

# Up to so many rows the driver writes itself: Spark's writer takes over a second for any number.
FEW_ROWS = 10_000
Slice = Mapping[str, date | str | Sequence[date] | Sequence[str]]
Rows = Sequence[Mapping[str, Any]]
# What the engine says of SQL that it cannot answer.
QueryError = DeltaError


class SchemaMismatch(Refused):
    """The rows to write are not of the table's declared schema."""


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

    Columns and constraints are added, retired constraints dropped.

    Raises:
        LakeMismatch: a table has other columns than the code declares, each named, or rows that
            break a constraint.
    """
    (lake / RESTRICTED_FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
    for table in (*TABLES.values(), *RESTRICTED.values()):
        with locked(lake, [table.name]):
            migrate(lake, table)
    return lake


def conform(df: DataFrame, table: Table) -> DataFrame:
    """The rows with the table's columns in order.

    Delta fills columns that the stored table has and conf no longer declares (a retired harm) with
    null.

    Raises:
        SchemaMismatch: a column is missing, extra, or of another type; each is named.
    """
    want = {f.name: f.dataType.simpleString() for f in table.schema}
    have = {f.name: f.dataType.simpleString() for f in df.schema}
    if want != have:
        missing, extra = sorted(want.keys() - have.keys()), sorted(have.keys() - want.keys())
        retyped = sorted(
            f"{n} is {have[n]}, not {want[n]}"
            for n in want.keys() & have.keys()
            if have[n] != want[n]
        )
        raise SchemaMismatch(
            f"{table.name}: missing {missing}, extra {extra}, of another type {retyped}"
        )
    return df.select(*table.schema.names)


def read(spark: SparkSession, table: Table, lake: Path, *, version: int | None = None) -> DataFrame:
    """All rows of a table, now or as of a version."""
    reader = spark.read.format("delta")
    if version is not None:
        reader = reader.option("versionAsOf", version)
    return reader.load(str(lake / table.name))


def read_days(
    spark: SparkSession, table: Table, lake: Path, first: date, last: date | None = None
) -> DataFrame:
    """The rows of the days from `first` to `last` (by default that day alone), by partition."""
    day = F.col("day")
    return read(spark, table, lake).where(day.between(F.lit(first), F.lit(last or first)))


def spark_where(where: Slice) -> str:
    """A slice as SQL: equality on each column, or one of several days; all rows where it is empty.

    Raises:
        DataRefused: a value that is no plain name, so that none has to be quoted.
    """

    def literal(value: date | str) -> str:
        if isinstance(value, date):
            return f"DATE'{value.isoformat()}'"
        if not re.fullmatch(r"[\w.:@/+-]*", value, re.ASCII):
            raise DataRefused(f"{value!r} is no plain name")
        return f"'{value}'"

    def condition(name: str, value: date | str | Sequence[date] | Sequence[str]) -> str:
        if isinstance(value, date | str):
            return f"{name} = {literal(value)}"
        return f"{name} IN ({', '.join(map(literal, value))})"

    return " AND ".join(condition(name, value) for name, value in where.items()) or "TRUE"


def replace_slice(
    df: DataFrame, table: Table, lake: Path, *, where: Slice, at_most: int | None = None
) -> None:
    """Make the rows of the slice exactly `df`, in one commit; a second run changes nothing.

    Delta refuses rows that lie outside the slice. The caller puts `day` and every version of the
    table's key in `where`, and in `at_most` what it knows their number cannot exceed.
    """
    if table.append_only:
        raise ValueError(f"{table.name} is append-only")
    with locked(lake, [table.name]):
        if at_most is not None and at_most <= FEW_ROWS:
            _write(conform(df, table).toArrow(), table, lake, where)
            return
        failpoint(f"{table.name}:before-commit")
        write = conform(df, table).write.format("delta").mode("overwrite")
        write = write.option("replaceWhere", spark_where(where))
        write.option("optimizeWrite", "true").save(str(lake / table.name))
        failpoint(f"{table.name}:after-commit")


def append_missing(df: DataFrame, table: Table, lake: Path, *, where: Slice) -> int:
    """Append the rows whose key the slice does not hold yet, in one commit; give how many.

    Nothing is written where there is nothing new. `where` bounds the look-up of known keys.
    """
    with locked(lake, [table.name]):
        known = read(df.sparkSession, table, lake).where(spark_where(where)).select(*table.key)
        new = conform(df, table).join(known, on=list(table.key), how="left_anti")
        new = new.select(*table.schema.names).persist()
        try:
            count = new.count()
            if count > FEW_ROWS:
                append(new, table, lake)
            elif count:
                _write(new.toArrow(), table, lake, None)
        finally:
            new.unpersist()
        return count


def append(df: DataFrame, table: Table, lake: Path) -> None:
    """Append rows that the caller knows to be new, in one commit."""
    with locked(lake, [table.name]):
        failpoint(f"{table.name}:before-commit")
        write = conform(df, table).write.format("delta").mode("append")
        write.option("optimizeWrite", "true").save(str(lake / table.name))
        failpoint(f"{table.name}:after-commit")


def write_rows(rows: Rows, table: Table, lake: Path, *, where: Slice | None = None) -> None:
    """Append rows of the driver's own, or make them exactly a slice, in a commit without Spark."""
    with locked(lake, [table.name]):
        _write(rows, table, lake, where)


def _write(content: pa.Table | Rows, table: Table, lake: Path, where: Slice | None) -> None:
    mode, replaced = ("append", None) if where is None else ("overwrite", datafusion_where(where))
    target = stored(lake, table.name)
    schema = pa.schema(target.schema().to_arrow())
    failpoint(f"{table.name}:before-commit")
    deltalake.write_deltalake(target, _as_stored(content, schema), mode=mode, predicate=replaced)
    failpoint(f"{table.name}:after-commit")


def _as_stored(content: pa.Table | Rows, schema: pa.Schema) -> pa.Table:
    """The rows with the stored table's columns; of those that conf no longer declares, null."""
    if not isinstance(content, pa.Table):
        return pa.Table.from_pylist([*content], schema=schema)
    columns = [
        content[field.name].cast(field.type)
        if field.name in content.schema.names
        else pa.nulls(len(content), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def rows(
    table: Table, lake: Path, *, day: date | None = None, version: int | None = None
) -> pa.Table:
    """A table's rows as Arrow, of one day or all, without Spark: for reports and the console."""
    where = f" WHERE {datafusion_where({'day': day})}" if day else ""
    versions = {} if version is None else {table.name: version}
    return query(lake, f"SELECT * FROM {table.name}{where}", versions=versions)


def query(
    lake: Path,
    sql: str,
    *,
    names: Mapping[str, str] | None = None,
    versions: Mapping[str, int] | None = None,
    limit: int | None = None,
) -> pa.Table:
    """The answer to a SELECT over the tables, or those of `names` (what the SQL calls them).

    Raises:
        QueryError: the engine cannot answer; the message is the engine's own.
    """
    names = names or {name: name for name in TABLES if re.search(rf"\b{name}\b", sql)}
    builder = deltalake.QueryBuilder()
    for alias, name in names.items():
        builder = builder.register(f'"{alias}"', stored(lake, name, (versions or {}).get(name)))
    reader = pa.RecordBatchReader.from_stream(builder.execute(sql))
    batches: list[pa.RecordBatch] = []
    for batch in reader:
        batches.append(batch)
        if limit is not None and sum(b.num_rows for b in batches) >= limit:
            break
    return pa.Table.from_batches(batches, reader.schema).slice(0, limit)


def stored(lake: Path, name: str, version: int | None = None) -> deltalake.DeltaTable:
    """A table's log as it stands, or as of a version: its schema, files, protocol and history."""
    return deltalake.DeltaTable(str(lake / name), version=version)


def size(lake: Path, name: str) -> tuple[int, list[str]]:
    """How many rows a table has, and its days in order, from its log alone."""
    files = pa.table(stored(lake, name).get_add_actions(flatten=True))
    days = set(files.column("partition.day").to_pylist()) if _has_days(files) else set()
    return pc.sum(files.column("num_records")).as_py() or 0, sorted(map(str, days))


def _has_days(files: pa.Table) -> bool:
    return bool(files.num_rows) and "partition.day" in files.column_names


def stored_names(lake: Path) -> list[str]:
    """The tables that the lake's folder holds, whether this code declares them or not."""
    return sorted(log.parent.name for log in lake.glob("*/_delta_log"))


def datafusion_where(where: Slice) -> str:
    """`predicate` as `query` takes it."""
    return spark_where(where).replace("DATE'", "'")


def version(table: Table, lake: Path) -> int:
    """The table's current version."""
    return int(deltalake.DeltaTable(str(lake / table.name)).version())


def days(table: Table, lake: Path) -> list[date]:
    """The days that have rows in a table partitioned by day, in order."""
    parts = deltalake.DeltaTable(str(lake / table.name)).partitions()
    return sorted({date.fromisoformat(str(p["day"])) for p in parts})


def files_digest(
    table: Table, lake: Path, first: date, last: date, versions: Mapping[str, str]
) -> str:
    """A hash of which files hold a table's slice: it changes when the slice does.

    The slice is the days from `first` to `last` and, of the versions, those that partition the
    table. Reads the log only.
    """
    files = pa.table(deltalake.DeltaTable(str(lake / table.name)).get_add_actions(flatten=True))
    wanted: dict[str, set[Any]] = {name: {value} for name, value in versions.items()}
    wanted["day"] = set(every_day(first, last))
    for name in wanted.keys() & set(table.partition_by):
        column = files.column(f"partition.{name}")
        files = files.filter(pc.is_in(column, value_set=pa.array(wanted[name], column.type)))
    paths = sorted(files.column("path").to_pylist())
    return hashlib.sha256("\n".join(paths).encode()).hexdigest()

"""Every table as it is declared, and as Spark, polars and deltalake read it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import deltalake
import polars as pl
import pyarrow as pa
import pytest
from builders import ALLOWED
from pyspark.sql import SparkSession
from pyspark.sql import types as T

from harmsweep.lake import delta, writes
from harmsweep.tables.catalog import (
    ACCOUNT_LABELS,
    EMBEDDINGS,
    EVIDENCE,
    MEDIA_TEXTS,
    POSTS,
    SCORES,
    TABLES,
    VERDICTS,
)
from harmsweep.tables.spec import Table, columns, required

DAY = date(2026, 10, 1)
EXAMPLES: dict[type[T.DataType], Any] = {
    T.StringType: "x",
    T.DateType: DAY,
    T.BooleanType: True,
    T.IntegerType: 1,
    T.LongType: 2**40,
    T.DoubleType: 0.25,
    T.BinaryType: b"\0\x38",
    T.TimestampType: datetime(2026, 10, 1, 12, 30, tzinfo=UTC),
}

# With columns of every type, and partitioned by none, one and two of them.
VARIED = (POSTS, SCORES, MEDIA_TEXTS, EMBEDDINGS, EVIDENCE, VERDICTS, ACCOUNT_LABELS)


def example(kind: T.DataType) -> Any:
    if isinstance(kind, T.ArrayType):
        return [example(kind.elementType)]
    if isinstance(kind, T.StructType):
        return {f.name: example(f.dataType) for f in kind}
    return EXAMPLES[type(kind)]


def row(table: Table, *, full: bool) -> dict[str, Any]:
    """A row of the table: every column filled, or only those that must be."""
    filled = [f for f in table.schema if full or not f.nullable]
    return {f.name: ALLOWED.get((table.name, f.name), example(f.dataType)) for f in filled}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(VARIED, id="varied"),
        pytest.param(tuple(TABLES.values()), id="all", marks=pytest.mark.nightly),
    ],
)
def tables(request: pytest.FixtureRequest) -> tuple[Table, ...]:
    """The tables that are written and read: a few that have every type of column, or all."""
    chosen: tuple[Table, ...] = request.param
    return chosen


@pytest.fixture(scope="module")
def written(
    spark: SparkSession, tables: tuple[Table, ...], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A lake in which Spark wrote two rows to each of the tables: one full, one with nulls."""
    lake = delta.open_lake(tmp_path_factory.mktemp("lake"))
    for table in tables:
        rows = [row(table, full=full) for full in (True, False)]
        # From Arrow and in one part: no Python worker has to start, and one file is written.
        schema = pa.schema(deltalake.DeltaTable(str(lake / table.name)).schema().to_arrow())
        arrow = pa.Table.from_pylist(rows, schema=schema)
        df = spark.createDataFrame(arrow, table.schema).coalesce(1)
        with writes.committed(table, lake):
            save = writes.conform(df, table).write.format("delta").mode("append").save
            save(str(lake / table.name))
    return lake


def test_the_varied_tables_have_columns_of_every_type() -> None:
    def types(tables: Iterable[Table]) -> set[str]:
        return {field.dataType.simpleString() for table in tables for field in table.schema}

    assert types(VARIED) == types(TABLES.values())


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_table_says_what_it_and_each_column_is_for(table: Table) -> None:
    assert table.comment.endswith(".")
    assert not [f.name for f in table.schema if not f.metadata.get("comment")]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_key_is_of_columns_that_are_never_null(table: Table) -> None:
    assert set(table.key) <= {f.name for f in table.schema if not f.nullable}


def test_a_name_carries_its_version() -> None:
    assert not [name for name in TABLES if not name.endswith("_v1")]


def test_a_key_that_is_no_column_is_refused() -> None:
    schema = columns(required("day", T.DateType(), "the day"))
    with pytest.raises(ValueError, match=r"\['post_id'\]"):
        Table(name="odd_v1", comment="Odd.", key=("day", "post_id"), schema=schema)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_table_needs_no_more_of_a_reader_than_plain_delta(table: Table, empty_lake: Path) -> None:
    stored = deltalake.DeltaTable(str(empty_lake / table.name))
    protocol = stored.protocol()
    features = set(protocol.writer_features or []) | set(protocol.reader_features or [])
    assert protocol.min_reader_version == 1
    assert protocol.min_writer_version <= 3
    assert not features
    assert stored.metadata().partition_columns == list(table.partition_by)
    assert {f.name: f.metadata["comment"] for f in table.schema} == {
        f.name: f.metadata["comment"] for f in stored.schema().fields
    }


@pytest.mark.spark
def test_spark_polars_and_deltalake_read_the_same_rows(
    spark: SparkSession, tables: tuple[Table, ...], written: Path
) -> None:
    for table in tables:
        name = table.name
        expected = [row(table, full=full) for full in (True, False)]
        by_polars = pl.read_delta(str(written / name)).to_dicts()
        by_deltalake = delta.rows(table, written).to_pylist()
        by_spark = [r.asDict(recursive=True) for r in delta.read(spark, table, written).collect()]
        for read in (by_polars, by_deltalake, by_spark):
            assert sorted(map(_comparable, read)) == sorted(map(_comparable, expected)), name


@pytest.mark.spark
def test_spark_leaves_the_protocol_as_it_was(tables: tuple[Table, ...], written: Path) -> None:
    for table in tables:
        protocol = deltalake.DeltaTable(str(written / table.name)).protocol()
        assert (protocol.min_reader_version, protocol.reader_features) == (1, None), table.name


def _comparable(row: dict[str, Any]) -> str:
    """A row as text: nulls left out, times in UTC (Spark gives local times without a zone)."""
    return str(sorted((name, _plain(value)) for name, value in row.items() if value is not None))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return int(value.timestamp())
    return pa.scalar(value).as_py() if isinstance(value, float) else value

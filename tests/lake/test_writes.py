"""What is written is made first, then locked and committed; the rest of the table stays."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from harmsweep.harms import HARMS
from harmsweep.lake import delta, writes
from harmsweep.lake.locks import locked
from harmsweep.lake.schema import migrate
from harmsweep.tables.catalog import ACTIONS, INGESTS, LABELS, SCORES, scores_table
from harmsweep.tables.spec import Table

DAY = date(2026, 10, 1)
NEXT = DAY + timedelta(days=1)
Add = Callable[[list[dict[str, Any]], Table, Path], None]
BY = pytest.mark.parametrize("few", [0, 10], ids=["by Spark", "by the driver"])


def ingested(day: date, source: str, landed: int) -> dict[str, Any]:
    return {"day": day, "source": source, "landed": landed}


def frame(spark: SparkSession, table: Table, *rows: tuple[Any, ...]) -> DataFrame:
    return spark.createDataFrame(list(rows), table.schema)


def score(table: Table, post: str, model: str = "m1", **harms: float | None) -> tuple[Any, ...]:
    known: dict[str, Any] = {"post_id": post, "model_version": model, "status": "scored"}
    values = known | harms
    fill = {T.StringType: "x", T.DateType: DAY, T.BooleanType: True, T.IntegerType: 1}
    return tuple(
        values.get(f.name, None if f.nullable else fill.get(type(f.dataType), _special(f)))
        for f in table.schema
    )


def _special(field: T.StructField) -> Any:
    return [] if isinstance(field.dataType, T.ArrayType) else None


def stored(table: Table, lake: Path) -> list[dict[str, Any]]:
    found = delta.rows(table, lake).to_pylist()
    return sorted(found, key=lambda row: tuple(str(row[name]) for name in table.key))


def test_replace_rows_touches_only_its_slice(lake: Path, add_rows: Add) -> None:
    add_rows([ingested(DAY, "posts", 1), ingested(DAY, "users", 2)], INGESTS, lake)
    add_rows([ingested(NEXT, "posts", 3)], INGESTS, lake)
    where: delta.Slice = {"day": DAY, "source": "posts"}
    writes.write_rows([ingested(DAY, "posts", 9)], INGESTS, lake, where=where)
    assert [row["landed"] for row in stored(INGESTS, lake)] == [9, 2, 3]


def beside(monkeypatch: pytest.MonkeyPatch, commit: Callable[[], None]) -> None:
    """Let another writer commit once, when rows were made and before they are locked."""
    took, left = writes.committed, [commit]

    def committed(table: Table, lake: Path) -> AbstractContextManager[None]:
        if left:
            left.pop()()
        return took(table, lake)

    monkeypatch.setattr(writes, "committed", committed)


@pytest.mark.spark
def test_a_schema_mismatch_names_the_difference(spark: SparkSession) -> None:
    odd = spark.createDataFrame([(DAY, 1, 2)], "day date, landed int, extra int")
    expected = r"missing \['source'\], extra \['extra'\].*landed is int, not bigint"
    with pytest.raises(writes.SchemaMismatch, match=expected):
        writes.conform(odd, INGESTS)


@pytest.mark.spark
@pytest.mark.parametrize("at_most", [None, 1], ids=["by Spark", "by the driver"])
def test_replace_slice_keeps_other_versions_and_repeats_to_the_same(
    spark: SparkSession, lake: Path, add_rows: Add, at_most: int | None
) -> None:
    names = SCORES.schema.names
    others = [dict(zip(names, score(SCORES, p, "m2"), strict=True)) for p in ("p1", "p2")]
    add_rows(others, SCORES, lake)
    where: delta.Slice = {"day": DAY, "model_version": "m1"}
    for _ in range(2):
        rows = frame(spark, SCORES, score(SCORES, "p1", hate=0.5))
        writes.replace_slice(rows, SCORES, lake, where=where, at_most=at_most)
    kept = [(row["post_id"], row["model_version"]) for row in stored(SCORES, lake)]
    assert kept == [("p1", "m1"), ("p1", "m2"), ("p2", "m2")]


@pytest.mark.spark
@pytest.mark.parametrize("few", [0, 10], ids=["by Spark", "by the driver"])
def test_append_new_adds_each_key_once(
    spark: SparkSession, lake: Path, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "FEW_ROWS", few)
    old, new = ("p1", "hate", 1), ("p2", "hate", 0)

    def labels(*rows: tuple[str, str, int]) -> DataFrame:
        return frame(spark, LABELS, *((DAY, *row, "hand", "test", "-", 1.0, None) for row in rows))

    added = [
        writes.append_missing(labels(*rows), LABELS, lake, where={"day": DAY})
        for rows in ((old,), (old,), (old, new))
    ]
    assert added == [1, 0, 1]
    assert [row["post_id"] for row in stored(LABELS, lake)] == ["p1", "p2"]


@pytest.mark.spark
@pytest.mark.parametrize("few", [0, 10], ids=["by Spark", "by the driver"])
def test_a_harm_that_conf_dropped_stays_as_null(
    spark: SparkSession, tmp_path: Path, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "FEW_ROWS", few)
    migrate(tmp_path, scores_table((*HARMS, "retired_harm")))
    migrate(tmp_path, SCORES)
    where: delta.Slice = {"day": DAY, "model_version": "m1"}
    rows = frame(spark, SCORES, score(SCORES, "p1", hate=0.5))
    writes.replace_slice(rows, SCORES, tmp_path, where=where, at_most=1)
    writes.append_missing(
        frame(spark, SCORES, score(SCORES, "p2", hate=0.5)), SCORES, tmp_path, where=where
    )
    assert [(r["hate"], r["retired_harm"]) for r in stored(SCORES, tmp_path)] == [(0.5, None)] * 2


@pytest.mark.spark
def test_the_ledger_is_never_replaced(spark: SparkSession, lake: Path) -> None:
    with pytest.raises(ValueError, match="append-only"):
        writes.replace_slice(frame(spark, ACTIONS), ACTIONS, lake, where={"day": DAY})


@pytest.mark.spark
@pytest.mark.parametrize("odd", [float("nan"), 1.1])
def test_a_score_outside_zero_to_one_fails_the_write(
    spark: SparkSession, tmp_path: Path, odd: float
) -> None:
    migrate(tmp_path, SCORES)
    where: delta.Slice = {"day": DAY, "model_version": "m1"}
    rows = frame(spark, SCORES, score(SCORES, "p1", hate=odd))
    with pytest.raises(Exception, match="hate_finite"):
        writes.replace_slice(rows, SCORES, tmp_path, where=where)
    with pytest.raises(Exception, match="1 rows failed validation"):
        writes.replace_slice(rows, SCORES, tmp_path, where=where, at_most=1)
    assert pa.table(delta.rows(SCORES, tmp_path)).num_rows == 0


@pytest.mark.spark
@BY
def test_rows_made_of_a_slice_that_another_writer_changed_are_made_anew(
    spark: SparkSession, lake: Path, add_rows: Add, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "FEW_ROWS", few)
    add_rows([ingested(DAY, "posts", 1)], INGESTS, lake)
    beside(monkeypatch, lambda: add_rows([ingested(DAY, "users", 2)], INGESTS, lake))
    twice = F.col("landed") * 2
    doubled = delta.read_days(spark, INGESTS, lake, DAY).withColumn("landed", twice)
    writes.replace_slice(doubled, INGESTS, lake, where={"day": DAY}, at_most=5)
    assert {r["source"]: r["landed"] for r in stored(INGESTS, lake)} == {"posts": 2, "users": 4}


@pytest.mark.spark
@BY
def test_a_row_that_another_writer_appended_meanwhile_is_not_appended_again(
    spark: SparkSession, lake: Path, add_rows: Add, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "FEW_ROWS", few)
    beside(monkeypatch, lambda: add_rows([ingested(DAY, "posts", 1)], INGESTS, lake))
    rows = frame(spark, INGESTS, (DAY, "posts", 1), (DAY, "users", 2))
    assert writes.append_missing(rows, INGESTS, lake, where={"day": DAY}) == 1
    assert [row["source"] for row in stored(INGESTS, lake)] == ["posts", "users"]


@pytest.mark.spark
@BY
@pytest.mark.parametrize("write", ["replace_slice", "append_missing"])
def test_no_lock_is_held_while_rows_are_computed(
    spark: SparkSession, lake: Path, few: int, write: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writes, "FEW_ROWS", few)

    def compute(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            with locked(lake, [INGESTS.name], wait=0.1):  # in another process
                yield batch

    rows = frame(spark, INGESTS, (DAY, "posts", 1)).mapInPandas(compute, INGESTS.schema)
    options = {"at_most": 1} if write == "replace_slice" else {}
    getattr(writes, write)(rows, INGESTS, lake, where={"day": DAY}, **options)
    assert [row["source"] for row in stored(INGESTS, lake)] == ["posts"]

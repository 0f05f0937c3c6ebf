"""The one module that reads and writes Delta."""

import warnings
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from harmsweep.harms import HARMS
from harmsweep.lake import delta
from harmsweep.lake.schema import migrate
from harmsweep.tables.catalog import ACTIONS, INGESTS, LABELS, SCORES, scores_table
from harmsweep.tables.spec import Table

DAY = date(2026, 10, 1)
NEXT = DAY + timedelta(days=1)
Add = Callable[[list[dict[str, Any]], Table, Path], None]


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


# --- without Spark


def test_a_value_that_is_no_plain_name_never_reaches_a_predicate() -> None:
    for odd in ("m1' OR '1'='1", "a b", "x;", "né", "a\n"):
        with pytest.raises(ValueError, match="no plain name"):
            delta.spark_where({"model_version": odd})


def test_a_predicate_is_equality_on_each_column() -> None:
    where: delta.Slice = {"day": DAY, "model_version": "m-1.0"}
    assert delta.spark_where(where) == "day = DATE'2026-10-01' AND model_version = 'm-1.0'"


def test_a_plain_s3_path_is_refused() -> None:
    with pytest.raises(ValueError, match="two drivers"):
        delta.lake_path("s3a://bucket/lake")


def test_replace_rows_touches_only_its_slice(lake: Path, add_rows: Add) -> None:
    add_rows([ingested(DAY, "posts", 1), ingested(DAY, "users", 2)], INGESTS, lake)
    add_rows([ingested(NEXT, "posts", 3)], INGESTS, lake)
    where: delta.Slice = {"day": DAY, "source": "posts"}
    delta.write_rows([ingested(DAY, "posts", 9)], INGESTS, lake, where=where)
    assert [row["landed"] for row in stored(INGESTS, lake)] == [9, 2, 3]


def test_a_digest_changes_with_its_own_days_only(lake: Path, add_rows: Add) -> None:
    add_rows([ingested(DAY, "posts", 1)], INGESTS, lake)
    before = delta.files_digest(INGESTS, lake, DAY, DAY, {})
    add_rows([ingested(NEXT, "posts", 1)], INGESTS, lake)
    assert delta.files_digest(INGESTS, lake, DAY, DAY, {}) == before
    add_rows([ingested(DAY, "users", 1)], INGESTS, lake)
    assert delta.files_digest(INGESTS, lake, DAY, DAY, {}) != before


def test_looking_at_the_log_warns_of_nothing(lake: Path, add_rows: Add) -> None:
    add_rows([ingested(DAY, "posts", 1)], INGESTS, lake)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert delta.days(INGESTS, lake) == [DAY]
        assert delta.rows(INGESTS, lake, day=DAY).num_rows == 1
        delta.files_digest(INGESTS, lake, DAY, DAY, {})


def test_a_query_reads_the_tables_that_it_names(lake: Path, add_rows: Add) -> None:
    add_rows([ingested(DAY, "posts", 4), ingested(DAY, "users", 5)], INGESTS, lake)
    assert delta.query(lake, "SELECT sum(landed) AS n FROM ingests_v1").to_pylist() == [{"n": 9}]


def test_opening_a_lake_again_changes_nothing(lake: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in lake.rglob("*.json")}
    delta.open_lake(lake)
    assert {path: path.stat().st_mtime_ns for path in lake.rglob("*.json")} == before


# --- with Spark


@pytest.mark.spark
def test_a_schema_mismatch_names_the_difference(spark: SparkSession) -> None:
    odd = spark.createDataFrame([(DAY, 1, 2)], "day date, landed int, extra int")
    expected = r"missing \['source'\], extra \['extra'\].*landed is int, not bigint"
    with pytest.raises(delta.SchemaMismatch, match=expected):
        delta.conform(odd, INGESTS)


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
        delta.replace_slice(rows, SCORES, lake, where=where, at_most=at_most)
    kept = [(row["post_id"], row["model_version"]) for row in stored(SCORES, lake)]
    assert kept == [("p1", "m1"), ("p1", "m2"), ("p2", "m2")]


@pytest.mark.spark
@pytest.mark.parametrize("few", [0, 10], ids=["by Spark", "by the driver"])
def test_append_new_adds_each_key_once(
    spark: SparkSession, lake: Path, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delta, "FEW_ROWS", few)
    old, new = ("p1", "hate", 1), ("p2", "hate", 0)

    def labels(*rows: tuple[str, str, int]) -> DataFrame:
        return frame(spark, LABELS, *((DAY, *row, "hand", "test", "-", 1.0, None) for row in rows))

    added = [
        delta.append_missing(labels(*rows), LABELS, lake, where={"day": DAY})
        for rows in ((old,), (old,), (old, new))
    ]
    assert added == [1, 0, 1]
    assert [row["post_id"] for row in stored(LABELS, lake)] == ["p1", "p2"]


@pytest.mark.spark
@pytest.mark.parametrize("few", [0, 10], ids=["by Spark", "by the driver"])
def test_a_harm_that_conf_dropped_stays_as_null(
    spark: SparkSession, tmp_path: Path, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delta, "FEW_ROWS", few)
    migrate(tmp_path, scores_table((*HARMS, "retired_harm")))
    migrate(tmp_path, SCORES)
    where: delta.Slice = {"day": DAY, "model_version": "m1"}
    rows = frame(spark, SCORES, score(SCORES, "p1", hate=0.5))
    delta.replace_slice(rows, SCORES, tmp_path, where=where, at_most=1)
    delta.append_missing(
        frame(spark, SCORES, score(SCORES, "p2", hate=0.5)), SCORES, tmp_path, where=where
    )
    assert [(r["hate"], r["retired_harm"]) for r in stored(SCORES, tmp_path)] == [(0.5, None)] * 2


@pytest.mark.spark
def test_the_ledger_is_never_replaced(spark: SparkSession, lake: Path) -> None:
    with pytest.raises(ValueError, match="append-only"):
        delta.replace_slice(frame(spark, ACTIONS), ACTIONS, lake, where={"day": DAY})


@pytest.mark.spark
@pytest.mark.parametrize("odd", [float("nan"), 1.1])
def test_a_score_outside_zero_to_one_fails_the_write(
    spark: SparkSession, tmp_path: Path, odd: float
) -> None:
    migrate(tmp_path, SCORES)
    where: delta.Slice = {"day": DAY, "model_version": "m1"}
    rows = frame(spark, SCORES, score(SCORES, "p1", hate=odd))
    with pytest.raises(Exception, match="hate_finite"):
        delta.replace_slice(rows, SCORES, tmp_path, where=where)
    with pytest.raises(Exception, match="1 rows failed validation"):
        delta.replace_slice(rows, SCORES, tmp_path, where=where, at_most=1)
    assert pa.table(delta.rows(SCORES, tmp_path)).num_rows == 0

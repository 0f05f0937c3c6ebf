"""The one module that reads and writes Delta."""

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from odd_ids import ODD_IDS, REFUSED_IDS, SOME_ODD_IDS
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep.lake import delta
from harmsweep.lake.writes import replace_slice, write_rows
from harmsweep.tables.catalog import INGESTS
from harmsweep.tables.spec import Table

DAY = date(2026, 10, 1)
NEXT = DAY + timedelta(days=1)
Add = Callable[[list[dict[str, Any]], Table, Path], None]


def ingested(day: date, source: str, landed: int) -> dict[str, Any]:
    return {"day": day, "source": source, "landed": landed}


# Ids, and texts that are none: whatever a value is, it is only ever compared.
VALUES = [*ODD_IDS, *REFUSED_IDS]


def test_a_predicate_is_equality_on_each_column() -> None:
    where: delta.Slice = {"day": DAY, "model_version": ["m-1.0", "it's"]}
    assert delta.spark_where(where) == (
        "day = DATE'2026-10-01' AND model_version IN ('m-1.0', 'it\\U00000027s')"
    )
    assert delta.datafusion_where(where) == (
        "day = '2026-10-01' AND model_version IN ('m-1.0', 'it''s')"
    )


def test_a_slice_of_no_value_has_no_row() -> None:
    assert delta.spark_where({"day": []}) == delta.datafusion_where({"day": []}) == "FALSE"
    assert delta.datafusion_where({}) == "TRUE"


@pytest.fixture(scope="module")
def odd(empty_lake: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with a row of ingests for each odd value."""
    lake = Path(shutil.copytree(empty_lake, tmp_path_factory.mktemp("odd") / "lake"))
    write_rows([ingested(DAY, value, n) for n, value in enumerate(VALUES)], INGESTS, lake)
    return lake


def test_a_query_finds_exactly_the_row_of_any_value(odd: Path) -> None:
    for n, value in enumerate(VALUES):
        where = delta.datafusion_where({"day": DAY, "source": value})
        found = delta.query(odd, f"SELECT landed FROM ingests_v1 WHERE {where}").to_pylist()
        assert found == [{"landed": n}], value


def test_a_query_finds_all_of_many_values(odd: Path) -> None:
    where = delta.datafusion_where({"source": VALUES})
    assert delta.query(odd, f"SELECT 1 FROM ingests_v1 WHERE {where}").num_rows == len(VALUES)


@pytest.mark.spark
def test_spark_finds_exactly_the_row_of_any_value(odd: Path, spark: SparkSession) -> None:
    rows = delta.read(spark, INGESTS, odd).cache()
    columns = [
        F.array_agg(F.when(F.expr(delta.spark_where({"source": value})), F.col("landed"))).alias(
            str(n)
        )
        for n, value in enumerate(VALUES)
    ]
    (found,) = rows.agg(*columns).collect()
    assert list(found) == [[n] for n in range(len(VALUES))]


def test_a_write_without_spark_replaces_the_rows_of_any_value(odd: Path, tmp_path: Path) -> None:
    lake = Path(shutil.copytree(odd, tmp_path / "lake"))
    for value in SOME_ODD_IDS:
        where = {"day": DAY, "source": value}
        write_rows([ingested(DAY, value, n) for n in (1, 2)], INGESTS, lake, where=where)
        write_rows([ingested(DAY, value, 7)], INGESTS, lake, where=where)
    rows = delta.rows(INGESTS, lake).to_pylist()
    assert len(rows) == len({*VALUES, *SOME_ODD_IDS})
    assert [row["landed"] for row in rows if row["source"] in SOME_ODD_IDS] == [7] * len(
        SOME_ODD_IDS
    )


@pytest.mark.spark
def test_a_write_by_spark_replaces_the_rows_of_any_value(
    odd: Path, tmp_path: Path, frame: Callable[..., DataFrame]
) -> None:
    lake = Path(shutil.copytree(odd, tmp_path / "lake"))
    for value in SOME_ODD_IDS[:5]:
        rows = frame([ingested(DAY, value, 7)], INGESTS)
        replace_slice(rows, INGESTS, lake, where={"day": DAY, "source": value})
    stored = delta.rows(INGESTS, lake).to_pylist()
    assert sorted(row["source"] for row in stored) == sorted({*VALUES, *SOME_ODD_IDS[:5]})
    assert {r["landed"] for r in stored if r["source"] in SOME_ODD_IDS[:5]} == {7}


def test_a_plain_s3_path_is_refused() -> None:
    with pytest.raises(ValueError, match="two drivers"):
        delta.lake_path("s3a://bucket/lake")


def test_a_query_reads_the_tables_that_it_names(lake: Path, add_rows: Add) -> None:
    add_rows([ingested(DAY, "posts", 4), ingested(DAY, "users", 5)], INGESTS, lake)
    assert delta.query(lake, "SELECT sum(landed) AS n FROM ingests_v1").to_pylist() == [{"n": 9}]


def test_opening_a_lake_again_changes_nothing(lake: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in lake.rglob("*.json")}
    delta.open_lake(lake)
    assert {path: path.stat().st_mtime_ns for path in lake.rglob("*.json")} == before


def test_a_lake_is_closed_to_all_but_its_owner_and_their_group(tmp_path: Path) -> None:
    lake = tmp_path / "data" / "lake"
    delta.make_folder(lake)
    assert lake.stat().st_mode & 0o007 == 0
    lake.chmod(0o755)
    delta.make_folder(lake)
    assert lake.stat().st_mode & 0o777 == 0o755

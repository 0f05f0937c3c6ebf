"""The one module that reads and writes Delta."""

import warnings
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from harmsweep.lake import delta
from harmsweep.tables.catalog import INGESTS
from harmsweep.tables.spec import Table

DAY = date(2026, 10, 1)
NEXT = DAY + timedelta(days=1)
Add = Callable[[list[dict[str, Any]], Table, Path], None]


def ingested(day: date, source: str, landed: int) -> dict[str, Any]:
    return {"day": day, "source": source, "landed": landed}


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


def test_a_digest_changes_with_its_own_days_only(lake: Path, add_rows: Add) -> None:
    add_rows([ingested(DAY, "posts", 1)], INGESTS, lake)
    before = delta.slice_digest(INGESTS, lake, {"day": DAY})
    add_rows([ingested(NEXT, "posts", 1)], INGESTS, lake)
    assert delta.slice_digest(INGESTS, lake, {"day": DAY}) == before
    add_rows([ingested(DAY, "users", 1)], INGESTS, lake)
    assert delta.slice_digest(INGESTS, lake, {"day": DAY}) != before


def test_looking_at_the_log_warns_of_nothing(lake: Path, add_rows: Add) -> None:
    add_rows([ingested(DAY, "posts", 1)], INGESTS, lake)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert delta.days(INGESTS, lake) == [DAY]
        assert delta.rows(INGESTS, lake, day=DAY).num_rows == 1
        delta.slice_digest(INGESTS, lake, {"day": DAY})


def test_a_query_reads_the_tables_that_it_names(lake: Path, add_rows: Add) -> None:
    add_rows([ingested(DAY, "posts", 4), ingested(DAY, "users", 5)], INGESTS, lake)
    assert delta.query(lake, "SELECT sum(landed) AS n FROM ingests_v1").to_pylist() == [{"n": 9}]


def test_opening_a_lake_again_changes_nothing(lake: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in lake.rglob("*.json")}
    delta.open_lake(lake)
    assert {path: path.stat().st_mtime_ns for path in lake.rglob("*.json")} == before

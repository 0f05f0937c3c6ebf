"""A landing zone that drifted from the contract is refused, and the difference named."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harmsweep.errors import DataRefused
from harmsweep.lake import delta
from harmsweep.stages.ingest.contract import POSTS
from harmsweep.stages.ingest.decoded_landing import drift
from harmsweep.stages.ingest.stage import ingest_day
from harmsweep.tables.catalog import TABLES

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Land = Callable[..., Path]
DAY = date(2026, 10, 1)


def posts(**values: Any) -> list[dict[str, Any]]:
    row = {"author_id": "u", "created_at": "2026-10-01T00:00:00Z", "text": "words"} | values
    kept = {name: value for name, value in row.items() if value is not ...}
    return [{"post_id": f"p{n}"} | kept for n in range(4)]


LABELS = [{"post_id": "p1", "harm": "hate", "label": "1"}]


def test_what_few_rows_have_is_no_drift() -> None:
    assert drift({"rows": 1000, "type:text:integer": 9, "json": 5}, POSTS) == []


def test_a_type_in_over_a_hundredth_of_the_rows_is_drift() -> None:
    problems = drift({"rows": 1000, "type:text:integer": 6, "type:text:list": 5}, POSTS)
    assert problems == ["column text: expected text, found integer and list in 11 of 1000 rows"]


def test_some_impossible_times_are_no_drift_and_most_are() -> None:
    assert drift({"rows": 253, "time:created_at": 3, "type:recorded_at:integer": 100}, POSTS) == []
    problems = drift({"rows": 253, "time:created_at": 127}, POSTS)
    assert problems == [
        "column created_at: expected time, found text that is none in 127 of 253 rows"
    ]


def test_one_wrong_row_of_few_is_no_drift() -> None:
    assert drift({"rows": 20, "type:text:integer": 1}, POSTS) == []


@pytest.mark.spark
@pytest.mark.parametrize(
    ("sources", "difference"),
    [
        ({"posts": posts(mood="x")}, "posts: column mood: not in the contract"),
        ({"posts": posts(text=...)}, "posts: column text: expected, found in no row"),
        (
            {"posts": posts(created_at=17)},
            "posts: column created_at: expected time, found integer in 4 of 4 rows",
        ),
        (
            {"posts": posts(), "labels": LABELS},
            "labels: column label: expected integer, found text in 1 of 1 rows",
        ),
    ],
    ids=["added", "dropped", "retyped", "another source"],
)
def test_drift_is_refused_before_any_write(  # noqa: PLR0917
    spark: "SparkSession",
    lake: Path,
    land: Land,
    tmp_path: Path,
    sources: dict[str, Any],
    difference: str,
) -> None:
    landing = land(tmp_path / "landing", **sources)
    before = {name: delta.version(table, lake) for name, table in TABLES.items()}
    with pytest.raises(DataRefused) as refusal:
        ingest_day(lambda: spark, lake, DAY, landing=landing)
    assert str(refusal.value) == difference
    assert {name: delta.version(table, lake) for name, table in TABLES.items()} == before

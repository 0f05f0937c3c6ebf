"""The rules by which ingest refuses rows."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from odd_ids import ODD_IDS, REFUSED_IDS

from harmsweep.enforcement.state.posts import find_post
from harmsweep.ids import is_id
from harmsweep.lake import delta
from harmsweep.stages.ingest.stage import ingest_day
from harmsweep.stages.ingest.validation import ID
from harmsweep.tables.catalog import POSTS, REJECTS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.spark, pytest.mark.slow]
DAY = date(2026, 10, 1)


def test_spark_takes_for_ids_what_everything_else_does(spark: "SparkSession") -> None:
    texts = [*ODD_IDS, *REFUSED_IDS, *(f"p{chr(code)}" for code in range(0xD800))]
    rows = spark.createDataFrame([(text,) for text in texts], "id string")
    found = {row["id"]: row["ok"] for row in rows.selectExpr("id", f"id {ID} AS ok").collect()}
    assert found == {text: is_id(text) for text in texts}


def test_every_post_that_comes_in_is_found_by_its_id(
    spark: "SparkSession", lake: Path, land: Callable[..., Path], tmp_path: Path
) -> None:
    texts = [*ODD_IDS, *REFUSED_IDS]
    at = {"created_at": "2026-10-01T09:00:00Z", "recorded_at": "2026-10-01T09:00:00Z"}
    known = {"author_id": "a1", "text": "words"} | at
    posts = [{"post_id": text, "event_id": f"e{n}"} | known for n, text in enumerate(texts)]
    ingest_day(lambda: spark, lake, DAY, landing=land(tmp_path / "landing", posts=posts))
    # A NUL is taken out of what lands: what is left of it is an id.
    came_in = sorted([*ODD_IDS, "p1"])
    stored = delta.rows(POSTS, lake, day=DAY).to_pylist()
    assert {row["post_id"] for row in stored} == set(came_in)
    for text in came_in:
        assert find_post(lake, text)["post_id"] == text
    refused = [row for row in delta.rows(REJECTS, lake).to_pylist() if row["status"] == "rejected"]
    assert {row["reason"] for row in refused} == {"missing_id", "bad_id"}
    assert len(refused) == len([text for text in REFUSED_IDS if "\x00" not in text])

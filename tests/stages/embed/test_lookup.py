"""The look-up of known inputs reads the window of the cache, however long the history is."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from harmsweep.encoders.conf import load_encoders
from harmsweep.stages.embed.requests import WINDOW_DAYS, known
from harmsweep.tables.catalog import EMBEDDINGS

pytestmark = pytest.mark.spark
DAY = date(2026, 10, 1)


def test_only_the_days_of_the_window_are_opened(
    spark: SparkSession, lake: Path, add_rows: Callable[..., None]
) -> None:
    encoders = load_encoders()
    offsets = (-400, -WINDOW_DAYS - 1, -WINDOW_DAYS, 0, WINDOW_DAYS, WINDOW_DAYS + 1)
    for offset in offsets:
        add_rows([_embedding(DAY + timedelta(days=offset), encoders["text"].cache_id)],
                 EMBEDDINGS, lake)  # fmt: skip
    found = known(spark, lake, DAY, encoders.values())
    window = {DAY + timedelta(days=n) for n in (-WINDOW_DAYS, 0, WINDOW_DAYS)}
    assert {row["day"] for row in found.select("day").collect()} == window
    plan = found._jdf.queryExecution().executedPlan().toString()
    assert "PartitionFilters: [(day" in plan
    assert {_day_of(uri) for uri in found.inputFiles()} == window


def _embedding(day: date, cache_id: str) -> dict[str, Any]:
    return {
        "day": day, "input_hash": f"hash-{day}", "encoder_id": cache_id, "status": "ok",
        "vector": b"\0\x38", "windows": 1,
    }  # fmt: skip


def _day_of(uri: str) -> date:
    return date.fromisoformat(uri.split("/day=")[1].split("/", maxsplit=1)[0])

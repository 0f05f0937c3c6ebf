"""One more day after many days reads and writes its own slices only.

The history is synthetic: two rows a table and day, small random vectors, no text worth the name.
The proof is by the files: once the log of each table is written, the data files of every day
outside the 30-day window are deleted, so a stage that opened one would fail.
"""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import deltalake
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import types as T

from harmsweep.lake import delta
from harmsweep.lake.runs import Spark
from harmsweep.pipeline.all_days import PipelineRun
from harmsweep.policy.demonstration import mark_demonstration
from harmsweep.stages.decide.stage import decide_day
from harmsweep.stages.embed.stage import embed_day
from harmsweep.stages.enforce import enforce_day
from harmsweep.stages.features.stage import features_day
from harmsweep.stages.ingest.stage import ingest_day
from harmsweep.stages.match import match_day
from harmsweep.stages.measure.stage import measure_day
from harmsweep.stages.ocr.stage import ocr_day
from harmsweep.stages.score.stage import score_day
from harmsweep.tables.catalog import POST_VECTORS, SCORES, TABLES
from harmsweep.tables.spec import Table

pytestmark = [pytest.mark.spark, pytest.mark.torch, pytest.mark.slow, pytest.mark.nightly]
TODAY = date(2026, 10, 1)
HISTORY = [TODAY - timedelta(days=n) for n in range(1, 121)]
WINDOW_DAYS = 30
VALID = {
    "status": {
        "posts_v1": "accepted",
        "rejects_v1": "rejected",
        "scores_v1": "scored",
        "media_matches_v1": "evidence",
        "deliveries_v1": "delivered",
        "explanations_v1": "confirmed",
        "appeals_v1": "filed",
        "orders_v1": "received",
    },
    "kind": {"interactions_v1": "like", "media_v1": "image", "orders_v1": "flag"},
    "entry": {"actions_v1": "outcome"},
    "direction": {"actions_v1": "apply"},
    "lane": {"actions_v1": "policy", "post_visibility_v1": "policy"},
    "verdict": {"verdicts_v1": "benign"},
}


def value(table: Table, field: T.StructField, day: date, number: int, fixed: dict[str, str]) -> Any:
    """A synthetic value of the column's type that the table's constraints allow."""
    if field.name in fixed:
        return fixed[field.name]
    if field.name in VALID:
        return VALID[field.name].get(table.name, "ok")
    if isinstance(field.dataType, T.ArrayType):
        return []
    made: dict[type[T.DataType], Any] = {
        T.StringType: f"{field.name}-{day}-{number}",
        T.DateType: day,
        T.TimestampType: datetime.combine(day, time(12), UTC),
        T.BooleanType: False,
        T.IntegerType: 1,
        T.LongType: 1,
        T.DoubleType: 0.5,
        T.BinaryType: random.randbytes(16),
    }
    return made[type(field.dataType)]


def remember(lake: Path, add_rows: Callable[..., None], fixed: dict[str, str]) -> None:
    """Write the history of every partitioned table; delete the files of days outside the window."""
    for table in TABLES.values():
        if "day" not in table.partition_by:
            continue
        rows = [
            {f.name: value(table, f, day, number, fixed) for f in table.schema}
            for day in HISTORY
            for number in (1, 2)
        ]
        add_rows(rows, table, lake)
        for day in HISTORY[WINDOW_DAYS:]:
            for file in (lake / table.name / f"day={day}").rglob("*.parquet"):
                file.unlink()


def versions(line: PipelineRun) -> tuple[str, str]:
    """The versions of a line's model and policy."""
    return line.model.model_version, line.policy.policy_version


def stages(spark: Spark, lake: Path, posts: Path, line: PipelineRun) -> None:
    """Take one day of some posts from ingest to metrics."""
    model, policy = versions(line)
    ingest_day(spark, lake, TODAY, landing=posts)
    features_day(spark, lake, TODAY, media_root=posts)
    ocr_day(spark, lake, TODAY, media_root=posts)
    embed_day(spark, lake, TODAY, media_root=posts)
    match_day(spark, lake, TODAY)
    score_day(spark, lake, TODAY, model=line.model)
    decide_day(spark, lake, TODAY, policy=line.policy, model=line.model)
    enforce_day(lake, TODAY, policy=line.policy, model=line.model)
    measure_day(lake, TODAY, model_version=model, policy_version=policy)


def days_by_file(table: Table, lake: Path) -> dict[str, str]:
    """The day of each of a table's files."""
    stored = deltalake.DeltaTable(str(lake / table.name))
    return {uri: uri.split("/day=")[1].split("/")[0] for uri in stored.file_uris()}


def test_one_more_day_touches_its_own_slices_only(
    spark: SparkSession,
    tmp_path: Path,
    finished: tuple[Path, PipelineRun],
    some_posts: Path,
    add_rows: Callable[..., None],
) -> None:
    line = finished[1]
    model, policy = versions(line)
    lake = tmp_path / "lake"
    mark_demonstration(lake)
    delta.open_lake(lake)
    remember(lake, add_rows, {"model_version": model, "policy_version": policy})
    partitioned = [t for t in TABLES.values() if "day" in t.partition_by]
    before = {t.name: days_by_file(t, lake) for t in partitioned}

    stages(lambda: spark, lake, some_posts, line)

    for table in partitioned:
        after = days_by_file(table, lake)
        changed = set(before[table.name].items()) ^ set(after.items())
        touched = {day for _, day in changed}
        assert touched <= {str(TODAY)}, table.name


@pytest.mark.parametrize("table", [SCORES, POST_VECTORS], ids=lambda t: t.name)
def test_a_day_is_read_by_its_partition(
    spark: SparkSession, finished: tuple[Path, PipelineRun], table: Table
) -> None:
    rows = delta.read_days(spark, table, finished[0], TODAY)
    plan = rows._jdf.queryExecution().executedPlan().toString()
    assert "PartitionFilters: [(day" in plan
    assert {uri.split("/day=")[1].split("/")[0] for uri in rows.inputFiles()} == {str(TODAY)}

"""A day of some posts of the sample, end to end; the night takes the whole sample."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from harmsweep.enforcement.replay import replay
from harmsweep.lake import delta
from harmsweep.lake.flow import DAY_NAMES
from harmsweep.paths import DEFAULT_MODEL
from harmsweep.pipeline.all_days import PipelineRun, run_pipeline
from harmsweep.reports.lake_figures import accounts
from harmsweep.tables.catalog import TABLES

pytestmark = [pytest.mark.spark, pytest.mark.torch, pytest.mark.slow]
Finished = tuple[Path, PipelineRun]


def test_every_landed_post_has_a_place(finished_day: Finished) -> None:
    lake, run = finished_day
    figures = accounts(lake, run.model.model_version)
    assert figures.balanced and figures.landed > 30 and figures.failed == 0


def test_every_stage_ran_once_for_the_day(finished_day: Finished) -> None:
    assert [outcome.stage for outcome in finished_day[1].changed] == list(DAY_NAMES)


def test_every_action_comes_out_the_same(finished_day: Finished) -> None:
    lake = finished_day[0]
    sql = "SELECT DISTINCT subject_id FROM actions_v1 WHERE evidence IS NOT NULL"
    posts = delta.query(lake, sql).column(0).to_pylist()
    replays = [one for post in posts for one in replay(lake, post, DEFAULT_MODEL)]
    assert posts and {(one.outcome, one.why) for one in replays} == {("same", "")}


def test_a_second_run_changes_nothing_and_starts_no_spark(
    finished_day: Finished, some_posts: Path
) -> None:
    def no_spark() -> SparkSession:
        raise AssertionError("an unchanged day started Spark")

    lake, run = finished_day
    before = {name: delta.version(table, lake) for name, table in TABLES.items()}
    again = run_pipeline(
        no_spark, lake, posts=some_posts, model=run.model, on_progress=lambda *_: None
    )
    assert again.changed == []
    assert {name: delta.version(table, lake) for name, table in TABLES.items()} == before

"""A day of some posts of the sample, end to end; the night takes the whole sample."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from harmsweep.enforcement.replay import replay
from harmsweep.lake import delta
from harmsweep.lake.flow import DAY_NAMES
from harmsweep.model.reference import load_model_ref
from harmsweep.paths import DEFAULT_MODEL
from harmsweep.pipeline.all_days import PipelineRun, run_pipeline
from harmsweep.policy.demonstration import mark_demonstration
from harmsweep.reports.lake_figures import accounts
from harmsweep.tables.catalog import TABLES

pytestmark = [pytest.mark.spark, pytest.mark.torch, pytest.mark.slow]
Day = tuple[Path, PipelineRun]


@pytest.fixture(scope="module")
def day(spark: SparkSession, some_posts: Path, tmp_path_factory: pytest.TempPathFactory) -> Day:
    """The lake of the day, and its run."""
    lake = tmp_path_factory.mktemp("day") / "lake"
    mark_demonstration(lake)
    options = {"posts": some_posts, "model": load_model_ref(DEFAULT_MODEL)}
    run = run_pipeline(lambda: spark, delta.open_lake(lake), on_progress=lambda *_: None, **options)
    return lake, run


def test_every_landed_post_has_a_place(day: Day) -> None:
    lake, run = day
    figures = accounts(lake, run.model.model_version)
    assert figures.balanced and figures.landed > 30 and figures.failed == 0


def test_every_stage_ran_once_for_the_day(day: Day) -> None:
    assert [outcome.stage for outcome in day[1].changed] == list(DAY_NAMES)


def test_every_action_comes_out_the_same(day: Day) -> None:
    lake = day[0]
    sql = "SELECT DISTINCT subject_id FROM actions_v1 WHERE evidence IS NOT NULL"
    posts = delta.query(lake, sql).column(0).to_pylist()
    replays = [one for post in posts for one in replay(lake, post, DEFAULT_MODEL)]
    assert posts and {(one.outcome, one.why) for one in replays} == {("same", "")}


def test_a_second_run_changes_nothing_and_starts_no_spark(day: Day, some_posts: Path) -> None:
    def no_spark() -> SparkSession:
        raise AssertionError("an unchanged day started Spark")

    lake, run = day
    before = {name: delta.version(table, lake) for name, table in TABLES.items()}
    again = run_pipeline(
        no_spark, lake, posts=some_posts, model=run.model, on_progress=lambda *_: None
    )
    assert again.changed == []
    assert {name: delta.version(table, lake) for name, table in TABLES.items()} == before

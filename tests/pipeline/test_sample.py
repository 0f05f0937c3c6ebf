"""The sample's three days, end to end."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from harmsweep.lake import delta
from harmsweep.model.manifest import load_manifest
from harmsweep.model.reference import load_model_ref
from harmsweep.paths import DEFAULT_MODEL, ROOT
from harmsweep.pipeline.all_days import PipelineRun, run_pipeline, settle
from harmsweep.reports.lake_figures import accounts
from harmsweep.stages.explain import explain_few
from harmsweep.tables.catalog import MEDIA, TABLES

pytestmark = [pytest.mark.spark, pytest.mark.torch, pytest.mark.slow, pytest.mark.nightly]
SAMPLE = ROOT / "tests" / "sample"
Finished = tuple[Path, PipelineRun]


def test_every_landed_post_has_a_place(finished: Finished) -> None:
    lake, line = finished
    counted = accounts(lake, line.model.model_version)
    assert counted.balanced
    assert (counted.landed, counted.duplicate, counted.superseded, counted.deleted) == (
        517,
        1,
        1,
        2,
    )
    assert counted.failed == 0
    assert counted.scored_partial > 0


def test_something_is_removed_and_something_reviewed(finished: Finished) -> None:
    found = delta.query(finished[0], "SELECT DISTINCT action FROM post_visibility_v1")
    assert {"remove", "review"} <= set(found.column("action").to_pylist())


def test_hostile_media_end_in_a_status_with_a_reason(finished: Finished) -> None:
    media = delta.rows(MEDIA, finished[0]).to_pylist()
    hostile = {m["post_id"]: (m["status"], m["reason"]) for m in media if "hostile" in m["post_id"]}
    assert {post: status for post, (status, _) in hostile.items()} == {
        "hostile-text-named-png": "undecodable",
        "hostile-truncated-jpeg": "undecodable",
        "hostile-huge-png": "refused",
        "hostile-truncated-clip": "undecodable",
        "hostile-playlist-named-mp4": "undecodable",
        "hostile-path-traversal": "refused",
        "hostile-missing-media": "missing",
    }
    assert all(reason for _, reason in hostile.values())


def test_the_edited_text_is_what_is_scored(finished: Finished) -> None:
    found = delta.query(
        finished[0], "SELECT revision FROM scores_v1 WHERE post_id = 'hostile-edited'"
    )
    assert found.column("revision").to_pylist() == [2]


def test_a_second_run_changes_nothing_and_starts_no_spark(finished: Finished) -> None:
    def no_spark() -> None:
        raise AssertionError("an unchanged line started Spark")

    lake, line = finished
    before = {name: delta.version(table, lake) for name, table in TABLES.items()}
    again = run_pipeline(
        no_spark,  # type: ignore[arg-type]
        delta.open_lake(lake),
        posts=SAMPLE,
        model=load_model_ref(DEFAULT_MODEL),
        on_progress=lambda *_: None,
    )
    assert again.changed == []
    assert again.model == line.model
    assert {name: delta.version(table, lake) for name, table in TABLES.items()} == before


def test_a_run_after_some_posts_were_explained_changes_nothing(
    finished: Finished, copied: Path, spark: SparkSession
) -> None:
    """An action for words of a group alone becomes a review, behind the sweep that acted."""
    line = finished[1]
    before = delta.version(TABLES["actions_v1"], copied)
    explain_few(copied, line.days, model=line.model, media=SAMPLE)
    assert delta.version(TABLES["actions_v1"], copied) > before
    settle(copied, line)
    again = run_pipeline(
        lambda: spark, copied, posts=SAMPLE, model=line.model, on_progress=lambda *_: None
    )
    assert again.changed == []


def test_a_model_is_trained_on_the_sample_where_none_is_given(
    spark: SparkSession, copied: Path
) -> None:
    line = run_pipeline(
        lambda: spark,
        delta.open_lake(copied),
        posts=SAMPLE,
        model=None,
        on_progress=lambda *_: None,
    )
    trained, shipped = load_manifest(line.model.manifest), load_manifest(DEFAULT_MODEL)
    assert line.model.manifest.is_relative_to(copied / "models")
    assert line.ablation is not None and line.ablation.is_relative_to(copied / "ablations")
    found = delta.query(copied, "SELECT DISTINCT model_version FROM scores_v1").column(0)
    assert set(found.to_pylist()) == {trained.model_version, shipped.model_version}

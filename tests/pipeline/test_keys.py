"""What must stay apart stays apart: revisions, models, policies, sweeps and days, on the sample."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from safetensors.numpy import load_file, save_file

from harmsweep.enforcement.undo import undo
from harmsweep.files import sha256_of
from harmsweep.lake import delta
from harmsweep.model.manifest import File, build_manifest, load_manifest, write_manifest
from harmsweep.model.reference import ModelRef, load_model_ref
from harmsweep.paths import ROOT
from harmsweep.pipeline.all_days import PipelineRun
from harmsweep.policy.demonstration import approve_for_demonstration, mark_demonstration
from harmsweep.policy.file import Policy, load_policy
from harmsweep.stages.decide.stage import decide_day
from harmsweep.stages.embed.stage import embed_day
from harmsweep.stages.enforce import enforce_day
from harmsweep.stages.features.stage import features_day
from harmsweep.stages.ingest.stage import ingest_day
from harmsweep.stages.match import match_day
from harmsweep.stages.ocr.stage import ocr_day
from harmsweep.stages.score.stage import score_day
from harmsweep.tables.catalog import (
    ACTIONS,
    EMBEDDINGS,
    MEDIA_TEXTS,
    POST_FEATURES,
    POST_VECTORS,
    POST_VISIBILITY,
    POSTS,
    SCORES,
)

pytestmark = [pytest.mark.spark, pytest.mark.torch, pytest.mark.slow, pytest.mark.nightly]
SAMPLE = ROOT / "tests" / "sample"
DAYS = [date(2026, 10, d) for d in (1, 2, 3)]
Finished = tuple[Path, PipelineRun]
Contents = Callable[..., list[str]]


def second_model(first: Path, out: Path) -> ModelRef:
    """The first model with its weights halved: another version of the same shape."""
    manifest = load_manifest(first)
    out.mkdir()
    weights = load_file(first.parent / manifest.weights.name)
    save_file({name: w * 0.5 for name, w in weights.items()}, out / manifest.weights.name)
    (out / manifest.evaluation.name).write_bytes(
        (first.parent / manifest.evaluation.name).read_bytes()
    )
    halved = File(name=manifest.weights.name, sha256=sha256_of(out / manifest.weights.name))
    facts = manifest.model_dump(exclude={"model_version", "digest"}) | {"weights": halved}
    return load_model_ref(write_manifest(build_manifest(facts), out))


def prepare_and_act(
    spark: SparkSession, lake: Path, day: date, model: ModelRef, policy: Policy
) -> None:
    """Take a day that was ingested from features to the ledger."""
    features_day(lambda: spark, lake, day, media_root=SAMPLE)
    ocr_day(lambda: spark, lake, day, media_root=SAMPLE)
    embed_day(lambda: spark, lake, day, media_root=SAMPLE)
    match_day(lambda: spark, lake, day)
    score_day(lambda: spark, lake, day, model=model)
    decide_day(lambda: spark, lake, day, policy=policy, model=model)
    enforce_day(lake, day, policy=policy, model=model)


def test_a_second_model_adds_its_rows_and_embeds_nothing(
    spark: SparkSession, copied: Path, finished: Finished, contents: Contents, tmp_path: Path
) -> None:
    model = second_model(finished[1].model.manifest, tmp_path / "second")
    before = contents(SCORES, copied)
    vectors = [delta.version(table, copied) for table in (POST_VECTORS, EMBEDDINGS)]
    for day in DAYS:
        score_day(lambda: spark, copied, day, model=model)
    after = contents(SCORES, copied)
    assert set(before) < set(after)
    assert len(after) == 2 * len(before)
    assert [delta.version(table, copied) for table in (POST_VECTORS, EMBEDDINGS)] == vectors


def test_a_second_policy_writes_only_the_differences(
    spark: SparkSession, copied: Path, finished: Finished, contents: Contents
) -> None:
    line = finished[1]
    milder = line.policy.path.read_text().replace("version: 1", "version: 2")
    path = copied / "policy" / "second.yaml"
    path.write_text(milder.replace("        - {action: remove, threshold: 0.85}\n", ""))
    policy = load_policy(path)
    ledger = set(contents(ACTIONS, copied))
    for day in DAYS:
        decide_day(lambda: spark, copied, day, policy=policy, model=line.model)
        enforce_day(copied, day, policy=policy, model=line.model)
    new = delta.query(
        copied,
        "SELECT DISTINCT entry, previous_action, action FROM actions_v1"
        f" WHERE policy_version = '{policy.policy_version}'",
    ).to_pylist()
    assert ledger < set(contents(ACTIONS, copied))
    # A post that lost its removal is demoted; nothing that stayed as it was is written again.
    assert {(r["previous_action"], r["action"]) for r in new} == {("remove", "demote")}


def test_undo_then_redo_restores_what_the_platform_reads(
    spark: SparkSession, copied: Path, contents: Contents
) -> None:
    swept = contents(POST_VISIBILITY, copied)
    sweeps = delta.query(copied, "SELECT DISTINCT sweep_id FROM actions_v1").column(0).to_pylist()
    for sweep in sweeps:
        undo(copied, sweep_id=sweep)
    assert contents(POST_VISIBILITY, copied) == []
    for sweep in sweeps:
        undo(copied, sweep_id=sweep, redo=True)
    assert contents(POST_VISIBILITY, copied) == swept


def test_days_out_of_order_and_a_backfill_end_in_the_same_tables(
    spark: SparkSession, finished: Finished, contents: Contents, tmp_path: Path
) -> None:
    """Day 1 is acted on; day 3 (an edit, a late row) comes before day 2; day 1 is run again."""
    whole, line = finished
    lake = tmp_path / "lake"
    # What is kept by content alone is known: to compute it anew says nothing about days.
    for table in (EMBEDDINGS, MEDIA_TEXTS):
        shutil.copytree(whole / table.name, lake / table.name)
    mark_demonstration(lake)
    delta.open_lake(lake)
    (lake / "policy").mkdir()
    approved = approve_for_demonstration(
        Path("conf/policy/demonstration.yaml"),
        line.model.model_version,
        lake / "policy" / "demonstration.yaml",
    )
    policy = load_policy(approved)
    first, second, third = DAYS
    ingest_day(lambda: spark, lake, first, landing=SAMPLE)
    prepare_and_act(spark, lake, first, line.model, policy)
    for day in (third, second):
        ingest_day(lambda: spark, lake, day, landing=SAMPLE)
    for day in (second, first, third):
        prepare_and_act(spark, lake, day, line.model, policy)
    for table in (POSTS, POST_FEATURES, POST_VISIBILITY):
        assert contents(table, lake, "effect_key") == contents(table, whole, "effect_key")
    scored = {(r["post_id"], r["revision"]) for r in delta.rows(SCORES, lake).to_pylist()}
    once = {(r["post_id"], r["revision"]) for r in delta.rows(SCORES, whole).to_pylist()}
    # The score of the text before its edit, and of the post before its deletion, stay as history.
    assert scored - once == {("hostile-edited", 1), ("hostile-deleted", 1)}
    assert once <= scored

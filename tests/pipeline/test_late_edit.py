"""A late edit of few posts is made alone, and the day is as if all of it was made anew."""

import json
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harmsweep.lake import delta, seal_lines, writes
from harmsweep.tables.catalog import (
    ACTIONS,
    AUTHOR_FEATURES,
    AUTHOR_VECTORS,
    COMMENT_SCORES,
    COMMENT_VECTORS,
    DECISIONS,
    MEDIA,
    MEDIA_CLUSTERS,
    MEDIA_MATCHES,
    POST_FEATURES,
    POST_VECTORS,
    POSTS,
    REJECTS,
    RUNS,
    SCORES,
)
from harmsweep.tables.spec import Table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from harmsweep.pipeline.all_days import PipelineRun

pytestmark = [pytest.mark.spark, pytest.mark.torch, pytest.mark.slow]
DAY = date(2026, 10, 1)
NEXT = DAY + timedelta(days=1)
Row = dict[str, Any]
MADE = (
    *(POST_FEATURES, AUTHOR_FEATURES, MEDIA, POST_VECTORS, AUTHOR_VECTORS, COMMENT_VECTORS),
    *(MEDIA_MATCHES, MEDIA_CLUSTERS, SCORES, COMMENT_SCORES, DECISIONS, REJECTS),
)
# A last bit of a vector, as another batch gives it.
EXACT = 1e-5


@pytest.fixture(scope="module", params=["enforced", "not enforced"])
def both(
    request: pytest.FixtureRequest,
    spark: "SparkSession",
    finished_day: tuple[Path, "PipelineRun"],
    some_posts: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Path]:
    """The lake after late rows of a day: made of what changed, and with all of the day anew."""
    root, (finished, run) = tmp_path_factory.mktemp("late"), finished_day
    lakes = root / "changes", root / "whole"
    for lake in lakes:
        shutil.copytree(finished, lake)
        if request.param == "not enforced":
            # Slices that the ledger cites are added to; those of others are replaced.
            shutil.rmtree(lake / ACTIONS.name)
            seal_lines.place(lake, ACTIONS.name).unlink()
            delta.open_lake(lake)
    forget(lakes[1])
    zone = root / "zone"
    shutil.copytree(some_posts / "media", zone / "media")
    lines = map(json.dumps, late_rows(some_posts))
    (zone / "posts.jsonl").write_text("\n".join(lines) + "\n")
    for lake in lakes:
        take(spark, lake, zone, run)
    return lakes


def late_rows(landing: Path) -> Iterator[Row]:
    """Two edits, one takes a picture away; a deletion; a post that is dated back."""
    rows = [json.loads(line) for line in (landing / "posts.jsonl").read_bytes().splitlines()]
    worded = [row for row in rows if row.get("text") and not row.get("media")]
    pictured = [row for row in rows if row.get("media")]
    at = {"recorded_at": f"{NEXT}T08:00:00Z", "event_id": None, "sequence": None}
    edit = worded[0] | at | {"text": f"{worded[0]['text']} That was all of it.", "revision": 2}
    yield edit
    yield pictured[0] | at | {"text": "No picture any more", "media": [], "revision": 2}
    yield worded[1] | at | {"text": None, "revision": 2, "deleted": True}
    yield worded[2] | at | {"post_id": "dated-back", "media": pictured[1]["media"]}


def forget(lake: Path) -> None:
    """Let the day's last runs tell nothing of what they read: all is made anew."""
    rows = delta.rows(RUNS, lake, day=DAY).to_pylist()
    writes.write_rows([row | {"basis": None} for row in rows], RUNS, lake, where={"day": DAY})


def take(spark: "SparkSession", lake: Path, zone: Path, run: "PipelineRun") -> None:
    """The stages of the day, once the next day's rows came."""
    from harmsweep.stages.decide.stage import decide_day
    from harmsweep.stages.embed.stage import embed_day
    from harmsweep.stages.features.stage import features_day
    from harmsweep.stages.ingest.stage import ingest_day
    from harmsweep.stages.match import match_day
    from harmsweep.stages.ocr.stage import ocr_day
    from harmsweep.stages.score.stage import score_day

    started = partial(lambda given: given, spark)
    ingest_day(started, lake, NEXT, landing=zone)
    for stage in (features_day, ocr_day, embed_day, match_day):
        stage(started, lake, DAY, media_root=zone)
    score_day(started, lake, DAY, model=run.model)
    decide_day(started, lake, DAY, policy=run.policy, model=run.model)


def by_key(table: Table, lake: Path) -> dict[tuple[Any, ...], Row]:
    """The day's rows by their key; evidence is JSON with the scores in it."""
    rows = delta.rows(table, lake, day=DAY).to_pylist()
    return {tuple(row[name] for name in table.key): row for row in rows}


def test_each_table_of_the_day_is_as_if_all_was_made_anew(both: tuple[Path, Path]) -> None:
    for table in MADE:
        changed, whole = (by_key(table, lake) for lake in both)
        assert changed.keys() == whole.keys(), table.name
        for key, row in whole.items():
            for name, value in row.items():
                near = pytest.approx(value, abs=EXACT) if isinstance(value, float) else value
                assert changed[key][name] == near, (table.name, key, name)


def test_the_late_posts_are_there_and_the_deleted_one_is_not(both: tuple[Path, Path]) -> None:
    posts = delta.rows(POSTS, both[0], day=DAY).to_pylist()
    current = {(r["post_id"], r["revision"]) for r in posts if r["status"] == "accepted"}
    features = by_key(POST_FEATURES, both[0])
    assert {(post_id, revision) for _, post_id, revision in features} == current
    assert "dated-back" in {post_id for post_id, _ in current}
    assert len({r["post_id"] for r in posts}) == len({p for p, _ in current}) + 1


@pytest.mark.parametrize("table", [POST_FEATURES, MEDIA, POST_VECTORS], ids=lambda t: t.name)
def test_only_the_posts_that_changed_are_written(both: tuple[Path, Path], table: Table) -> None:
    written = [
        delta.stored(lake, table.name).history(1)[0]["operationParameters"]["predicate"]
        for lake in both
    ]
    assert ["post_id" in predicate for predicate in written] == [True, False]

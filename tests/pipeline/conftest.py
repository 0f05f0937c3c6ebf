"""The sample taken through the whole line once; each test works on a copy of its lake."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harmsweep.paths import ROOT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from harmsweep.pipeline.all_days import PipelineRun

    Finished = tuple[Path, PipelineRun]

SAMPLE = ROOT / "tests" / "sample"
FIRST, SOME = "2026-10-01", 48


@pytest.fixture(scope="session")
def finished(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> "Finished":
    """The sample's lake after a run of the line, with the model that ships."""
    return _run(spark, tmp_path_factory.mktemp("line") / "lake", SAMPLE)


@pytest.fixture(scope="session")
def finished_day(
    spark: "SparkSession", some_posts: Path, tmp_path_factory: pytest.TempPathFactory
) -> "Finished":
    """The lake of some posts of one day after a run of the line, with the model that ships."""
    return _run(spark, tmp_path_factory.mktemp("day") / "lake", some_posts)


def _run(spark: "SparkSession", lake: Path, posts: Path) -> "Finished":
    from harmsweep.lake.delta import open_lake
    from harmsweep.model.reference import load_model_ref
    from harmsweep.paths import DEFAULT_MODEL
    from harmsweep.pipeline.all_days import run_pipeline
    from harmsweep.policy.demonstration import mark_demonstration

    mark_demonstration(lake)
    model = load_model_ref(DEFAULT_MODEL)
    return lake, run_pipeline(
        lambda: spark, open_lake(lake), posts=posts, model=model, on_progress=lambda *_: None
    )


@pytest.fixture
def copied(finished: "Finished", tmp_path: Path) -> Path:
    """A copy of the finished lake that a test may change."""
    return Path(shutil.copytree(finished[0], tmp_path / "lake"))


@pytest.fixture(scope="session")
def contents() -> Callable[..., list[str]]:
    """A function that gives a table's rows as sorted text, without the facts of the run itself."""
    from harmsweep.lake.delta import rows
    from harmsweep.tables.spec import Table

    # When and by which sweep a row was written, and whether Spark wrote it, is not its content.
    run_metadata = {"recorded_at", "since", "finished_at", "seconds", "sweep_id"}

    def sorted_rows(table: Table, lake: Path, *but: str) -> list[str]:
        kept = [n for n in table.schema.names if n not in run_metadata | {*but}]
        return sorted(str(row) for row in rows(table, lake).select(kept).to_pylist())

    return sorted_rows


@pytest.fixture(scope="session")
def some_posts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some posts of the sample's first day, with what is about them."""
    folder = tmp_path_factory.mktemp("landing")
    shutil.copytree(SAMPLE / "media", folder / "media")
    first = [(line, row) for line, row in _lines("posts") if FIRST in str(row.get("recorded_at"))]
    some = first[:: len(first) // SOME][:SOME]
    kept = {row["post_id"] for _, row in some}
    (folder / "posts.jsonl").write_bytes(b"".join(line for line, _ in some))
    for source in ("users", "interactions", "labels", "account_labels"):
        about = [line for line, row in _lines(source) if row.get("post_id", None) in {None, *kept}]
        (folder / f"{source}.jsonl").write_bytes(b"".join(about))
    return folder


def _lines(source: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """The lines of one of the sample's sources that are JSON, each with what it says."""
    for line in (SAMPLE / f"{source}.jsonl").read_bytes().split(b"\n"):
        with suppress(ValueError):
            yield line + b"\n", json.loads(line, strict=False)

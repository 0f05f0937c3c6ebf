"""A day on a standalone cluster of two executors gives the tables that local mode gives."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cluster import SMALL, standalone, submit
from pyspark.sql import SparkSession

from harmsweep.lake import delta
from harmsweep.model.reference import load_model_ref
from harmsweep.paths import DEFAULT_MODEL, ROOT
from harmsweep.pipeline.all_days import run_pipeline, settle
from harmsweep.policy.demonstration import mark_demonstration
from harmsweep.stages.explain import explain_few
from harmsweep.tables.catalog import (
    ACTIONS,
    DECISIONS,
    MEDIA,
    MEDIA_TEXTS,
    POST_FEATURES,
    POST_VECTORS,
    POSTS,
    RUNS,
    SCORES,
    TABLES,
)
from harmsweep.tables.spec import Table

pytestmark = [pytest.mark.spark, pytest.mark.torch, pytest.mark.slow, pytest.mark.nightly]
EXECUTORS = 2
# When and by which sweep a row was written is not its content.
RUN_METADATA = {
    *("recorded_at", "kept_at", "since", "explained_at", "finished_at", "seconds", "sweep_id"),
}
# Of which at least one row must be there for the comparison to say something.
AT_WORK = (POSTS, POST_FEATURES, MEDIA, MEDIA_TEXTS, POST_VECTORS, SCORES, DECISIONS, ACTIONS)


def tasks_by_executor(events: Path) -> Counter[str]:
    """How many tasks each executor ended, by the application's event log."""
    (log,) = events.iterdir()
    said = map(json.loads, log.read_text(encoding="utf-8").splitlines())
    ends = (event for event in said if event["Event"] == "SparkListenerTaskEnd")
    return Counter(end["Task Info"]["Executor ID"] for end in ends)


def content(table: Table, lake: Path) -> list[dict[str, Any]]:
    """A table's rows without the facts of the run, in the order of their keys."""
    of_file_names = {"digest", "basis"} if table is RUNS else set()
    dropped = RUN_METADATA | of_file_names
    names = [name for name in table.schema.names if name not in dropped]
    rows = delta.rows(table, lake).select(names).to_pylist()
    rows = [row for row in rows if row.get("metric") != "explanation_seconds"]
    return sorted(rows, key=lambda row: [str(row[name]) for name in table.key if name in row])


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, numbers to 1e-5; vectors are the same to the last bit."""
    match one, other:
        case (float(), float()):
            return math.isclose(one, other, rel_tol=1e-5, abs_tol=1e-5)
        case (list(), list()):
            return len(one) == len(other) and all(map(same, one, other))
        case (dict(), dict()):
            return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
        case (str(), str()) if one.startswith("{") and one != other:
            return other.startswith("{") and same(json.loads(one), json.loads(other))
    return bool(one == other)


def differences(table: Table, one: Path, other: Path) -> set[str]:
    """The columns in which a table of two lakes differs; `rows` where it has more in one."""
    ours, theirs = content(table, one), content(table, other)
    if len(ours) != len(theirs):
        return {f"rows: {len(ours)} and {len(theirs)}"}
    pairs = zip(ours, theirs, strict=True)
    return {name for a, b in pairs for name in a if not same(a[name], b[name])}


def test_two_executors_give_the_tables_that_local_mode_gives(
    spark: SparkSession, some_posts: Path, tmp_path: Path
) -> None:
    events, local, far = (tmp_path / name for name in ("events", "local", "far"))
    events.mkdir()
    logged = {"enabled": "true", "dir": events.as_uri(), "rolling.enabled": "false"}
    logged |= {"compress": "false"}
    conf = {f"spark.eventLog.{name}": value for name, value in logged.items()}
    conf |= SMALL | {"spark.executor.cores": "1", "spark.cores.max": str(EXECUTORS)}
    with standalone(tmp_path, workers=EXECUTORS, cores=1, memory="1536m") as master:
        program = ROOT / "lib" / "harmsweep" / "pipeline" / "__main__.py"
        done = submit(master, program, "--posts", some_posts, "--lake", far, conf=conf)
    assert done.returncode == 0, done.stderr[-2000:]
    tasks = tasks_by_executor(events)
    assert len(tasks) == EXECUTORS and min(tasks.values()) > 0.1 * tasks.total()

    mark_demonstration(local)
    run = run_pipeline(
        lambda: spark,
        delta.open_lake(local),
        posts=some_posts,
        model=load_model_ref(DEFAULT_MODEL),
        on_progress=lambda *_: None,
    )
    explain_few(local, run.days, model=run.model, media=some_posts)
    settle(local, run)
    found = {name: differences(table, far, local) for name, table in TABLES.items()}
    assert {name: columns for name, columns in found.items() if columns} == {}
    empty = [table.name for table in AT_WORK if not delta.rows(table, local).num_rows]
    assert empty == []

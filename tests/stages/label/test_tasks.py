"""Answers to tasks of the queue are labels of the harm that was asked about, and count once."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import builders
import pytest
from builders import row
from pyspark.sql import DataFrame, SparkSession

from harmsweep.lake import delta
from harmsweep.stages.label.stage import label_day
from harmsweep.stages.label.tasks import task_labels
from harmsweep.tables.catalog import LABEL_TASKS, LABELS, POSTS, VERDICTS

pytestmark = pytest.mark.spark
DAY = date(2026, 10, 20)
NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)


def task(post_id: str, harm: str = "hate", **more: Any) -> dict[str, Any]:
    known = {"day": DAY, "plan_id": f"learn-{DAY}-{harm}", "purpose": "learn", "dataset": "live"}
    return row(LABEL_TASKS, post_id=post_id, harm=harm, **known | more)


def verdict(post_id: str, found: str, *, hour: int = 0, **more: Any) -> dict[str, Any]:
    known = {"day": DAY, "verdict_id": f"{post_id}-{hour}", "reviewer": "ana", "verdict": found}
    return row(VERDICTS, post_id=post_id, decided_at=NOON + timedelta(hours=hour), **known | more)


def test_what_was_asked_is_answered_by_each_reviewers_last_word(frame: Callable[..., DataFrame]):
    names = ("harmful", "benign", "other", "unnamed", "mind changed", "two", "edited", "certified")
    tasks = [task(name) for name in names[:-1]] + [task("certified", purpose="certify")]
    verdicts = [
        verdict("harmful", "harmful", harm="hate"),
        verdict("benign", "benign"),
        verdict("other", "harmful", harm="spam"),
        verdict("unnamed", "harmful"),
        verdict("mind changed", "benign"),
        verdict("mind changed", "harmful", hour=1, harm="hate"),
        verdict("two", "benign"),
        verdict("two", "harmful", hour=1, harm="hate", reviewer="ben"),
        verdict("edited", "benign"),
        verdict("certified", "benign"),
    ]
    posts = [builders.post(name, 1 + (name == "edited"), day=DAY) for name in names]
    tables = frame(tasks, LABEL_TASKS), frame(verdicts, VERDICTS), frame(posts, POSTS)
    rows = task_labels(*tables).collect()
    assert {(r["post_id"], r["annotator"], r["label"]) for r in rows} == {
        ("harmful", "ana", 1), ("benign", "ana", 0), ("other", "ana", 0),
        ("mind changed", "ana", 1), ("two", "ana", 0), ("two", "ben", 1),
    }  # fmt: skip
    assert {(r["harm"], r["source"], r["dataset"], r["weight"]) for r in rows} == {
        ("hate", "tasks", "live", 1.0)
    }


def test_the_stage_writes_an_answer_once_and_other_verdicts_as_reviews(
    spark: SparkSession, lake: Path, add_rows: Callable[..., None]
):
    add_rows([builders.post(name, day=DAY) for name in ("asked", "plain")], POSTS, lake)
    add_rows([task("asked")], LABEL_TASKS, lake)
    found = [verdict(name, "harmful", harm="hate") for name in ("asked", "plain")]
    add_rows(found, VERDICTS, lake)
    counts = label_day(lambda: spark, lake, DAY).counts
    assert counts == {"reported": 0, "labelled": 0, "answered": 1, "reviewed": 1}
    rows = delta.rows(LABELS, lake).to_pylist()
    assert {(r["post_id"], r["source"]) for r in rows} == {("asked", "tasks"), ("plain", "reviews")}
    assert label_day(lambda: pytest.fail("started Spark"), lake, DAY).skipped
    add_rows([task("plain")], LABEL_TASKS, lake)
    label_day(lambda: spark, lake, DAY)
    assert {r["source"] for r in delta.rows(LABELS, lake).to_pylist()} == {"tasks"}

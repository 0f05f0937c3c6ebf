"""Comments have scores of their own: hostile ones change nothing of what is said of the post."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from harmsweep.harms import HARMS
from harmsweep.lake import delta
from harmsweep.model.manifest import load_manifest
from harmsweep.model.reference import load_model_ref
from harmsweep.stages.score.comment_scores import highest_scores
from harmsweep.stages.score.stage import score_day
from harmsweep.tables.catalog import (
    COMMENT_SCORES,
    COMMENT_VECTORS,
    POST_FEATURES,
    POST_VECTORS,
    POSTS,
    REJECTS,
    SCORES,
)

pytestmark = pytest.mark.spark

DAY = date(2026, 10, 1)
Row = dict[str, Any]
Rows = dict[str, Callable[..., Row]]


def comment(rows_of: Rows, post: Row, comment_id: str, first: float) -> Row:
    """The vector of a comment; the model's head is its first number."""
    row = rows_of["vector"](post, first) | {"comment_id": comment_id}
    return {name: row[name] for name in COMMENT_VECTORS.schema.names}


def test_of_equal_comments_the_first_by_id_is_named(spark: SparkSession) -> None:
    rows = [("p1", 1, "c2", 0.5, 0.1), ("p1", 1, "c1", 0.5, 0.2), ("p2", 1, "c3", 0.0, 0.0)]
    scored = spark.createDataFrame(
        rows, "post_id string, revision int, comment_id string, hate double, spam double"
    )
    found = highest_scores(scored, ["hate", "spam"]).collect()
    assert {(r.post_id, r.harm): (r.score, r.comment_id, r.comments) for r in found} == {
        ("p1", "hate"): (0.5, "c1", 2),
        ("p1", "spam"): (0.2, "c1", 2),
        ("p2", "hate"): (0.0, "c3", 1),
        ("p2", "spam"): (0.0, "c3", 1),
    }


@pytest.mark.torch
def test_two_hundred_hostile_comments_change_no_score_of_the_post(
    spark: SparkSession,
    lake: Path,
    make_model: Callable[..., Path],
    add_rows: Callable[..., None],
    rows_of: Rows,
) -> None:
    path = make_model(lake.parent / "m")
    version = load_manifest(path).model_version
    posts = [rows_of["post"](name) for name in ("harmless", "quiet", "broken")]
    add_rows(posts, POSTS, lake)
    add_rows([rows_of["features"](post) for post in posts], POST_FEATURES, lake)
    add_rows([rows_of["vector"](post, -3.0) for post in posts], POST_VECTORS, lake)
    score_day(lambda: spark, lake, DAY, model=load_model_ref(path))
    before = delta.rows(SCORES, lake, day=DAY).to_pylist()
    assert delta.rows(COMMENT_SCORES, lake).num_rows == 0

    harmless, _, broken = posts
    gone = rows_of["post"]("harmless", revision=7)
    hostile = [comment(rows_of, harmless, f"c{n:03d}", 5.0 + n / 128) for n in range(200)]
    odd = [
        comment(rows_of, broken, name, value) for name, value in (("nan", float("nan")), ("c", 0))
    ]
    stale = [comment(rows_of, gone, "stale", 9.0)]
    add_rows([*hostile, *odd, *stale], COMMENT_VECTORS, lake)
    outcome = score_day(lambda: spark, lake, DAY, model=load_model_ref(path))

    after = delta.rows(SCORES, lake, day=DAY).to_pylist()
    assert sorted(after, key=str) == sorted(before, key=str)
    assert outcome.counts["comments"] == 201
    found = {row["post_id"]: row for row in delta.rows(COMMENT_SCORES, lake, day=DAY).to_pylist()}
    assert set(found) == {"harmless", "broken"}
    assert found["harmless"] == {
        "day": DAY, "post_id": "harmless", "revision": 1, "model_version": version, "harm": "hate",
        "score": pytest.approx(0.9985786), "comment_id": "c199", "comments": 200,
    }  # fmt: skip
    assert (found["broken"]["score"], found["broken"]["comments"]) == (0.5, 1)
    rejects = delta.rows(REJECTS, lake, day=DAY).to_pylist()
    assert [(r["source"], r["item_id"]) for r in rejects] == [
        (f"comments:{version}", "broken/1/nan")
    ]
    assert set(HARMS) >= {row["harm"] for row in found.values()}
    assert score_day(
        lambda: pytest.fail("started Spark"), lake, DAY, model=load_model_ref(path)
    ).skipped

"""Comments on posts: which are read, how much of each, and that no post's vector knows them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from harmsweep.encoders.conf import load_encoders
from harmsweep.lake import delta
from harmsweep.stages.embed.comments import CHARACTERS, COMMENTS, first_comments
from harmsweep.stages.embed.stage import embed_day
from harmsweep.tables.catalog import COMMENT_VECTORS, EMBEDDINGS, INTERACTIONS, POST_VECTORS

pytestmark = pytest.mark.spark

DAY = date(2026, 10, 1)
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
TEXT = load_encoders()["text"].encoder_id
Row = dict[str, Any]


def event(event_id: str, kind: str = "comment", **fields: Any) -> Row:
    shared = {"day": DAY, "post_day": DAY, "author_id": "a1", "actor_id": "b1", "amount": 1}
    row = {"event_id": event_id, "kind": kind, "post_id": "p1", "recorded_at": NOON}
    return (
        shared
        | row
        | {"simulated": False, "text": None, "reason": None, "comment_id": None}
        | fields
    )


def comment(event_id: str, text: str, **fields: Any) -> Row:
    return event(event_id, text=text, **fields)


def report(event_id: str, on: str, **fields: Any) -> Row:
    return event(event_id, "report", reason="hate", comment_id=on, **fields)


def test_the_most_reported_come_first_then_the_newest_up_to_the_cap(spark: SparkSession) -> None:
    old, early = NOON - timedelta(hours=9), NOON - timedelta(hours=5)
    rows = [comment(f"c{n:02d}", "words", recorded_at=NOON) for n in range(COMMENTS)]
    rows += [comment("older", "words", recorded_at=early)]
    rows += [comment("reported", "words", recorded_at=old), report("r1", "reported")]
    rows += [comment("blank", " "), event("like", "like"), report("r2", "of nothing")]
    values = [[row[name] for name in INTERACTIONS.schema.names] for row in rows]
    events = spark.createDataFrame(values, INTERACTIONS.schema).withColumn("revision", F.lit(1))
    chosen = {row["comment_id"] for row in first_comments(events).collect()}
    assert chosen == {"reported", *(f"c{n:02d}" for n in range(COMMENTS - 1))}


@pytest.mark.nightly
@pytest.mark.torch
def test_each_comment_has_a_vector_of_its_own_and_changes_none_of_its_post(
    spark: SparkSession,
    lake: Path,
    tmp_path: Path,
    fill: Callable[..., None],
    add_rows: Callable[..., None],
) -> None:
    embed = partial(embed_day, lambda: spark, lake, DAY, media_root=tmp_path)
    fill(DAY, {"p1": "the lake", "p2": "a poet"})
    embed()
    before = delta.rows(POST_VECTORS, lake, day=DAY).to_pylist()
    assert delta.rows(COMMENT_VECTORS, lake).num_rows == 0

    long = "word " * CHARACTERS
    add_rows(
        [
            comment("c1", "the lake"),
            comment("c2", "you f.o.o.l"),
            comment("c3", "you fool", post_id="p2"),
            comment("c4", long, post_id="p2"),
            comment("tomorrow", "too late", day=DAY + timedelta(days=1)),
            comment("other", "no such post", post_id="p9"),
        ],
        INTERACTIONS,
        lake,
    )
    outcome = embed()
    # Of four texts one is a post's, and two are the same once the disguise is undone.
    assert (outcome.counts["embedded"], outcome.counts["comment_vectors"]) == (2, 4)
    found = delta.rows(COMMENT_VECTORS, lake, day=DAY).to_pylist()
    vectors = {(row["post_id"], row["comment_id"]): row["vector"] for row in found}
    assert set(vectors) == {("p1", "c1"), ("p1", "c2"), ("p2", "c3"), ("p2", "c4")}
    assert {row["encoder_id"] for row in found} == {TEXT}
    assert vectors["p1", "c2"] == vectors["p2", "c3"]
    of_p1 = next(row["vector"] for row in before if row["post_id"] == "p1")
    assert vectors["p1", "c1"] == of_p1
    # 500 characters are 100 words, and so one window of the encoder.
    assert {row["windows"] for row in delta.rows(EMBEDDINGS, lake).to_pylist()} == {1}
    assert sorted(delta.rows(POST_VECTORS, lake, day=DAY).to_pylist(), key=str) == sorted(
        before, key=str
    )
    assert embed().skipped

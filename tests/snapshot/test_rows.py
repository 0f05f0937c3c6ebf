"""Which posts are rows of a snapshot, and which of them have the same content."""

from datetime import date
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession

from harmsweep.fusion import Input
from harmsweep.inputs import NUMBERS, SIMILARITY
from harmsweep.snapshot.rows import labelled_rows
from harmsweep.vectors import stored

DAY = date(2026, 10, 1)
KEY = "day date, post_id string, revision int"
WORDS = {"plain": "a liar", "disguised": "a liar", "repeated": "", "meme": ""}
VECTORS: list[tuple[str, str, float]] = [
    ("plain", "text", 1.0),
    ("disguised", "text", 1.0),
    ("disguised", "raw_text", 2.0),
    ("repeated", "raw_text", 1.0),
    ("meme", "media_text", 1.0),
    ("clip", "video", 1.0),
    ("copy", "video", 1.0),
    ("other", "video", 2.0),
]
POSTS = ("plain", "disguised", "repeated", "meme", "clip", "copy", "other")


@pytest.mark.spark
def test_words_disguised_or_not_and_equal_clips_are_the_same_content(spark: SparkSession) -> None:
    def frame(rows: list[tuple[Any, ...]], columns: str) -> Any:
        return spark.createDataFrame([(DAY, row[0], *row[1:]) for row in rows], columns)

    posts = frame([(p, 1, "accepted") for p in POSTS], f"{KEY}, status string")
    names = ("author_id", "author_origin", "dataset", "split_group", "language", "normal_text")
    texts = ", ".join(f"{name} string" for name in names)
    numbers = [name for name in NUMBERS if name != SIMILARITY]
    doubles = ", ".join(f"{name} double" for name in numbers)
    features = frame(
        [
            (p, 1, "a", "native", "x", p, "en", WORDS.get(p, ""), *[None] * len(numbers))
            for p in POSTS
        ],
        f"{KEY}, {texts}, {doubles}",
    )
    vectors = frame(
        [(p, 1, name, name, stored(np.array([[value]]))[0]) for p, name, value in VECTORS],
        f"{KEY}, encoder_id string, input string, vector binary",
    )
    labels = frame(
        [(p, "hate", 1, "hand") for p in POSTS],
        "day date, post_id string, harm string, label int, source string",
    )
    names = ("text", "raw_text", "media_text", "video")
    inputs = [Input(name=name, encoder_id=name, width=1) for name in names]
    rows = labelled_rows(posts, features, vectors, vectors, labels, inputs=inputs).collect()
    content = {row["post_id"]: row["content"] for row in rows}
    assert content.keys() == set(POSTS) - {"repeated"}
    assert content["plain"] == content["disguised"]
    assert content["clip"] == content["copy"]
    assert len({content[name] for name in ("plain", "clip", "other")}) == 3

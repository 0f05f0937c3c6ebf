"""Which posts are rows of a snapshot, which hold the same content, and what labels come to."""

import math
from datetime import date
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession

from harmsweep.encoders.stored import stored
from harmsweep.model.conf import Split
from harmsweep.model.fusion import SIMILARITY, Input
from harmsweep.model.inputs import NUMBERS
from harmsweep.model.manifest import group_hash
from harmsweep.stages.snapshot.snapshot_rows import (
    has_label,
    labelled_rows,
    labels_by_harm,
    with_parts,
)

DAY = date(2026, 10, 1)
KEY = "day date, post_id string, revision int"
LABEL = "post_id string, harm string, label int, source string, weight double, factor double"
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
    names = ("author_id", "author_origin", "dataset", "surface", "split_group", "language")
    names += ("normal_text",)
    texts = ", ".join(f"{name} string" for name in names)
    numbers = [name for name in NUMBERS if name != SIMILARITY]
    doubles = ", ".join(f"{name} double" for name in numbers)
    features = frame(
        [
            (p, 1, "a", "native", "x", "feed", p, "en", WORDS.get(p, ""), *[None] * len(numbers))
            for p in POSTS
        ],
        f"{KEY}, {texts}, {doubles}",
    )
    vectors = frame(
        [(p, 1, name, name, stored(np.array([[value]]))[0]) for p, name, value in VECTORS],
        f"{KEY}, encoder_id string, input string, vector binary",
    )
    labels = frame(
        [(p, "hate", 1, "hand", 1.0, 1.0) for p in POSTS],
        f"day date, {LABEL}",
    )
    names = ("text", "raw_text", "media_text", "video")
    inputs = [Input(name=name, encoder_id=name, width=1) for name in names]
    rows = labelled_rows(posts, features, vectors, vectors, labels, inputs=inputs).collect()
    content = {row["post_id"]: row["content"] for row in rows}
    assert content.keys() == set(POSTS) - {"repeated"}
    assert content["plain"] == content["disguised"]
    assert content["clip"] == content["copy"]
    assert len({content[name] for name in ("plain", "clip", "other")}) == 3


GROUPS = ("post_id AS own_group", "post_id AS split_group")
# By post: the labels of hate as source, label, weight; the label and weight that they come to.
VOTES: dict[str, tuple[list[tuple[str, int, float]], float | None, float]] = {
    "one": ([("hand", 1, 1.0)], 1.0, 1.0),
    "novice": ([("hand", 0, 0.5)], 0.0, 0.5),
    "two to one": ([("hand", 1, 1.0), ("hand", 0, 1.0), ("hand", 0, 1.0)], 0.0, 1.0),
    "tie": ([("hand", 1, 1.0), ("hand", 0, 1.0)], None, 0.0),
    "tie, reported": ([("hand", 1, 1.0), ("hand", 0, 1.0), ("reports", 1, 0.75)], None, 0.0),
    "hand, reported": ([("hand", 0, 1.0), ("reports", 1, 0.75)], 0.0, 1.0),
    "reported": ([("reports", 1, 0.75)], 1.0, 0.75),
    "overturned": ([("appeals", 0, 1.0)], 0.0, 1.0),
    "reported, overturned": ([("reports", 1, 0.75), ("appeals", 0, 1.0)], 0.0, 0.25),
    "drawn": ([("tasks", 1, 1.0)], 1.0, 4.0),
    "drawn, reported": ([("tasks", 0, 1.0), ("reports", 1, 0.75)], 0.0, 4.0),
    "drawn, two to one": ([("tasks", 0, 1.0), ("tasks", 0, 1.0), ("tasks", 1, 1.0)], 0.0, 0.5),
}
# What a label counts for how it came to be, where that is not 1.
FACTORS = {"drawn": 4.0, "drawn, reported": 4.0, "drawn, two to one": 0.5}


@pytest.fixture(scope="module")
def voted(spark: SparkSession) -> Any:
    """Forty posts of each kind with their labels; those of a tie are reported as spam too."""
    votes = [
        (DAY, f"{post} {copy}", "hate", label, source, weight, FACTORS.get(post, 1.0))
        for post, (votes, _, _) in VOTES.items()
        for copy in range(40)
        for source, label, weight in votes
    ]
    votes += [(DAY, f"tie {n}", "spam", 1, "reports", 0.5, 1.0) for n in range(40)]
    return labels_by_harm(spark.createDataFrame(votes, f"day date, {LABEL}"))


@pytest.mark.spark
def test_labels_by_hand_vote_before_others_and_a_tie_is_not_known(voted: Any) -> None:
    rows = {row["post_id"]: row for row in voted.collect()}
    for post, (_, label, weight) in VOTES.items():
        row = rows.get(f"{post} 0")
        if post == "tie, reported":
            assert row is None  # no label of any harm is left
            continue
        assert row is not None
        assert row["weight_hate"] == weight, post
        assert row["label_hate"] == label if label is not None else math.isnan(row["label_hate"])
        by_hand = any(source == "hand" for source, _, _ in VOTES[post][0])
        assert row["hand_hate"] == (by_hand and label is not None)
    assert (rows["tie 0"]["label_spam"], rows["tie 0"]["weight_spam"]) == (1.0, 0.5)
    assert math.isnan(rows["one 0"]["label_spam"]) and rows["one 0"]["weight_spam"] == 0


@pytest.mark.spark
def test_what_is_not_by_hand_stands_in_train_only(voted: Any) -> None:
    split = Split(seed=1, train=0.5, validation=0.1, certify=0.2, test=0.2, few_groups=2)
    rows = voted.selectExpr("*", "'x' AS dataset", *GROUPS, "post_id AS content")
    parted = with_parts(rows, split)
    found = parted.where(has_label()).collect()
    held_out = {row["post_id"].rpartition(" ")[0] for row in found if row["split"] != "train"}
    assert held_out == {"one", "novice", "two to one", "hand, reported"}
    assert all(row["hand_hate"] for row in found if row["split"] != "train")
    train = {row["post_id"].rpartition(" ")[0] for row in found if row["split"] == "train"}
    assert train == VOTES.keys() - {"tie, reported"}
    assert parted.where(~has_label()).where("split = 'train'").isEmpty()


@pytest.mark.spark
def test_what_an_encoder_learned_from_stands_in_train_with_all_that_shares_anything_with_it(
    voted: Any,
) -> None:
    split = Split(seed=1, train=0.5, validation=0.1, certify=0.2, test=0.2, few_groups=2)
    together = "substring_index(post_id, ' ', 1) AS split_group"
    rows = voted.selectExpr("*", "'x' AS dataset", GROUPS[0], together, "post_id AS content")
    before = with_parts(rows, split).select("split_group", "split").distinct().collect()
    moved = next(row["split_group"] for row in before if row["split"] == "test")
    learned = frozenset({group_hash(f"{moved} 0")})
    after = with_parts(rows, split, tuned_on=learned).select("split_group", "split").distinct()
    assert {*after.collect()} == {*before} - {(moved, "test")} | {(moved, "train")}


@pytest.mark.spark
def test_few_groups_without_a_label_by_hand_stand_in_train(voted: Any) -> None:
    split = Split(seed=1, train=0.5, validation=0.1, certify=0.2, test=0.2, few_groups=10_000)
    rows = voted.selectExpr("*", "'x' AS dataset", *GROUPS, "post_id AS content")
    found = with_parts(rows, split).select("post_id", "split").collect()
    parts = {row["split"] for row in found if row["post_id"].startswith("reported ")}
    assert parts == {"train"} and {row["split"] for row in found} == {"train", "validation", "test"}


@pytest.mark.spark
def test_of_equal_contents_the_one_with_a_label_by_hand_stays(voted: Any) -> None:
    split = Split(seed=1, train=0.5, validation=0.1, certify=0.2, test=0.2, few_groups=2)
    pair = voted.where("post_id IN ('one 0', 'overturned 0')")
    # The appeal's group comes first by name.
    own = "reverse(post_id) AS own_group"
    rows = pair.selectExpr("*", "'x' AS dataset", own, "'g' AS split_group", "1 AS content")
    assert [row["post_id"] for row in with_parts(rows, split).collect()] == ["one 0"]

"""Scored rows: only labels by hand are the truth, in whatever part they stand."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harmsweep.evaluation.scored import ScoredRows, score_labelled_rows, seen_groups
from harmsweep.model.fusion import Columns
from harmsweep.model.manifest import group_hash

HARMS = ("hate", "spam")
NONE = float("nan")
SAID = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6], [0.7, 0.8]])
LABELS = {
    "split_group": ["a", "a", "b", "c"], "dataset": ["d"] * 4, "language": ["en"] * 4,
    "label_hate": [1.0, 0.0, 1.0, NONE], "label_spam": [NONE, 1.0, NONE, 0.0],
}  # fmt: skip
BY_HAND = {"hand_hate": [True, True, False, False], "hand_spam": [False, False, False, True]}


def scored(part: Path, columns: dict[str, list[object]]) -> list[ScoredRows]:
    part.mkdir()
    pq.write_table(pa.table(columns), part / "part-00000.parquet")

    def scores(rows: Columns) -> dict[str, np.ndarray]:
        return {"model": SAID[: len(rows["split_group"])]}

    return list(score_labelled_rows(part, HARMS, scores, inputs=(), features=()))


def test_a_label_that_is_not_by_hand_is_no_truth(tmp_path: Path) -> None:
    hate, spam = scored(tmp_path / "test", LABELS | BY_HAND)
    assert hate.truth.tolist() == [True, False] and hate.scores["model"].tolist() == [0.1, 0.3]
    assert hate.groups.tolist() == ["a", "a"]
    assert spam.truth.tolist() == [False] and spam.scores["model"].tolist() == [0.8]


def test_all_labels_of_a_snapshot_that_does_not_say_are_by_hand(tmp_path: Path) -> None:
    hate, spam = scored(tmp_path / "test", LABELS)
    assert hate.truth.tolist() == [True, False, True] and spam.truth.tolist() == [True, False]


def test_a_split_group_was_seen_where_one_of_its_groups_was(tmp_path: Path) -> None:
    joined = {"own_group": ["a", "e", "b", "c"], "split_group": ["a", "a", "b", "c"]}
    for name, columns in {"test": joined, "old": {"split_group": ["a", "a", "b", "c"]}}.items():
        (tmp_path / name).mkdir()
        pq.write_table(pa.table(columns), tmp_path / name / "part-00000.parquet")
    trained_on = {group_hash("e"), group_hash("c"), group_hash("elsewhere")}
    assert seen_groups(tmp_path / "test", trained_on) == {"a", "c"}
    assert seen_groups(tmp_path / "old", trained_on) == {"c"}

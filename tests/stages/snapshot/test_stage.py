"""A snapshot: from named versions, whole groups on one side, whole or absent, without text."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import builders
import numpy as np
import polars as pl
import pytest
from builders import row

from harmsweep.encoders.conf import load_encoders
from harmsweep.encoders.stored import matrix_of, stored
from harmsweep.lake import delta
from harmsweep.model.snapshot import FACTS, PARTS, SnapshotRefused, load_snapshot
from harmsweep.stages.snapshot.stage import take_snapshot
from harmsweep.tables.catalog import (
    AUTHOR_VECTORS,
    ESCALATIONS,
    LABEL_TASKS,
    LABELS,
    MEDIA,
    POST_FEATURES,
    POST_VECTORS,
    POSTS,
)

pytestmark = pytest.mark.spark

TIED = range(50, 61)
# Of posts that were drawn for people to label, the chance.
DRAWN = {61: 0.1, 62: 0.4}
DAY, LAST = date(2026, 10, 1), date(2026, 10, 2)
# Too short for one post's text to be a near-copy of another's.
SECRET = "no snapshot"


def rows(n: int, **changes: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A post, its features and its text's vector."""
    text = changes.pop("text", f"{SECRET} {n}")
    status = changes.pop("status", "accepted")
    shared = {"post_id": f"p{n}", "country": "ZZ", "dataset": "sms", "split_group": f"g{n}"}
    shared |= {"author_id": f"a{n}"}
    shared |= changes
    post = builders.post(**shared, status=status, text=text, event_id=f"e{n}", sequence=n)
    features = builders.features(**shared, text=text, followers=7.0)
    encoder = load_encoders()["text"]
    vector = row(
        POST_VECTORS,
        **{name: post[name] for name in ("day", "post_id", "revision")},
        encoder_id=encoder.encoder_id,
        input="text",
        vector=stored(np.full((1, encoder.width), n))[0],
    )
    return post, features, vector


def label(n: int, value: int, *, harm: str = "spam", source: str = "hand") -> dict[str, Any]:
    known = {"post_id": f"p{n}", "harm": harm, "label": value, "source": source}
    return row(LABELS, dataset="sms", annotator="-", weight=1.0, **known)


def task(n: int) -> dict[str, Any]:
    known = {"post_id": f"p{n}", "harm": "spam", "purpose": "learn", "probability": DRAWN[n]}
    return row(LABEL_TASKS, **known)


def picture(n: int) -> dict[str, Any]:
    return row(MEDIA, post_id=f"p{n}", content_hash=f"{n}", pdq=["0f" * 32], pdq_quality=100)


@pytest.fixture(scope="module")
def taken(
    spark: Any, tmp_path_factory: pytest.TempPathFactory, add_rows: Callable[..., None]
) -> tuple[Path, Path]:
    """A lake with 40 posts in 20 groups and some odd ones, and its snapshot."""
    root = tmp_path_factory.mktemp("snapshot")
    lake = delta.open_lake(root / "lake")
    posts = [rows(n, split_group=f"g{n % 20}") for n in range(40)]
    odd = [
        rows(40),  # without a label
        rows(41),  # without a vector
        rows(42, status="superseded"),
        rows(43, author_origin="assigned"),
        rows(44, text=f"{SECRET} 0", split_group="z"),  # the words of p0 under another name
        rows(45),  # labelled by hand and by a report, which disagree
        rows(46),  # escalated: its picture is in a severe bank
        *(rows(n, dataset="benign_reddit") for n in (47, 48)),  # ordinary; one with a label
    ]
    # Ten groups of one author, and a picture that the last of them shares with another group.
    odd += [rows(n, author_id="writer") for n in TIED[:-1]] + [rows(TIED[-1])]
    odd += [rows(n) for n in DRAWN]
    add_rows([picture(n) for n in TIED[-2:]], MEDIA, lake)
    made = posts + odd
    add_rows([post for post, _, _ in made], POSTS, lake)
    add_rows([f for _, f, _ in made if f["post_id"] != "p42"], POST_FEATURES, lake)
    add_rows([v for _, _, v in made if v["post_id"] != "p41"], POST_VECTORS, lake)
    width = load_encoders()["description"].width
    described = {
        "day": DAY,
        "author_id": "a7",
        "windows": 1,
        "vector": stored(np.full((1, width), 0.5))[0],
    }
    add_rows(
        [described | {"encoder_id": load_encoders()["description"].encoder_id}],
        AUTHOR_VECTORS,
        lake,
    )
    labels = [label(n, n % 2) for n in (*range(44), *TIED) if n != 40]
    labels += [label(44, 0), label(45, 1), label(46, 1), label(48, 1)]
    labels += [label(45, 0, source="a_report"), label(3, 1, harm="hate")]
    labels += [label(n, n % 2, source="tasks") for n in DRAWN]
    add_rows([task(n) for n in DRAWN], LABEL_TASKS, lake)
    add_rows(labels, LABELS, lake)
    escalated = {
        "day": DAY, "post_id": "p46", "revision": 1, "position": 0, "bank": "b", "hash": "0" * 64,
        "media_hash": "0" * 64, "distance": 0, "quality": 100, "content_hash": "0",
        "contact": "duty officer", "matched_at": datetime(2026, 10, 1, 13, tzinfo=UTC),
    }  # fmt: skip
    add_rows([escalated], ESCALATIONS, lake)
    return lake, take_snapshot(lambda: spark, lake, first=DAY, last=LAST, out=root / "out")


@pytest.fixture(scope="module")
def frame(taken: tuple[Path, Path]) -> pl.DataFrame:
    return pl.concat([pl.read_parquet(taken[1] / part / "*.parquet") for part in PARTS])


def test_rows_are_current_labelled_and_have_a_vector(frame: pl.DataFrame) -> None:
    expected = {f"p{n}" for n in (*range(49), *TIED, *DRAWN)} - {"p40", "p41", "p42", "p44", "p46"}
    assert sorted(frame["post_id"]) == sorted(expected)


def test_no_group_is_in_two_parts(frame: pl.DataFrame) -> None:
    assert frame.group_by("split_group").agg(pl.col("split").n_unique())["split"].max() == 1
    assert frame["split"].n_unique() == 3


def test_groups_that_share_something_are_one_and_keep_their_names(frame: pl.DataFrame) -> None:
    tied = frame.filter(pl.col("post_id").is_in([f"p{n}" for n in TIED]))
    assert tied["split_group"].unique().to_list() == ["g50"] and tied["split"].n_unique() == 1
    assert set(tied["own_group"]) == {f"g{n}" for n in TIED}


def test_the_same_words_under_another_group_are_left_out_and_counted(
    frame: pl.DataFrame, taken: tuple[Path, Path]
) -> None:
    assert "p44" not in frame["post_id"] and load_snapshot(taken[1]).duplicates == 1


def test_there_is_no_text(taken: tuple[Path, Path], frame: pl.DataFrame) -> None:
    assert not {"text", "clean_text", "content"} & set(frame.columns)
    for path in taken[1].rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes()


def test_absent_labels_are_nan_and_the_hand_goes_before_reports(frame: pl.DataFrame) -> None:
    by_post = {row["post_id"]: row for row in frame.iter_rows(named=True)}
    assert by_post["p3"]["label_hate"] == 1.0 and by_post["p3"]["label_spam"] == 1.0
    assert by_post["p2"]["label_hate"] != by_post["p2"]["label_hate"]
    assert by_post["p45"]["label_spam"] == 1.0


def test_an_answer_to_a_task_counts_by_its_chance(
    taken: tuple[Path, Path], frame: pl.DataFrame
) -> None:
    weights = {r["post_id"]: r["weight_spam"] for r in frame.iter_rows(named=True)}
    assert (weights["p61"], weights["p62"]) == (pytest.approx(1.6), pytest.approx(0.4))
    sizes = load_snapshot(taken[1]).label_weights
    assert sizes.keys() == {"spam/tasks"} and sizes["spam/tasks"]["largest"] == pytest.approx(1.6)


def test_an_ordinary_post_needs_no_label_and_keeps_one(frame: pl.DataFrame) -> None:
    plain, labelled = (
        frame.row(by_predicate=pl.col("post_id") == name, named=True) for name in ("p47", "p48")
    )
    assert np.isnan(plain["label_spam"]) and plain["weight_spam"] == 0 and not plain["hand_spam"]
    assert labelled["label_spam"] == 1.0 and labelled["hand_spam"]


def test_a_vector_is_that_of_its_input_and_an_absent_one_is_null(frame: pl.DataFrame) -> None:
    row = frame.row(by_predicate=pl.col("post_id") == "p7", named=True)
    assert (
        row["text_present"]
        and matrix_of([row["text_vector"]], load_encoders()["text"].width).min() == 7
    )
    assert not row["image_present"] and row["image_vector"] is None


def test_an_assigned_author_says_nothing(frame: pl.DataFrame) -> None:
    native, assigned = (
        frame.row(by_predicate=pl.col("post_id") == name, named=True) for name in ("p7", "p43")
    )
    assert native["followers"] == 7.0 and native["description_present"]
    assert assigned["followers"] is None and not assigned["description_present"]


def test_the_facts_name_versions_rows_and_groups(taken: tuple[Path, Path]) -> None:
    lake, folder = taken
    facts = load_snapshot(folder)
    assert facts.versions["posts_v1"] == delta.version(POSTS, lake)
    assert sum(facts.rows.values()) == 44 + len(TIED) + len(DRAWN) and facts.id == folder.name
    assert facts.joined["author"] == len(TIED) - 1 and facts.joined["picture"] == 2
    assert facts.largest_group == len(TIED) and facts.common_keys == {}


def test_a_snapshot_is_taken_once_and_another_when_a_table_changed(
    spark: Any, taken: tuple[Path, Path], add_rows: Callable[..., None]
) -> None:
    lake, folder = taken
    before = (folder / FACTS).stat().st_mtime_ns
    options = {"first": DAY, "last": LAST, "out": folder.parent}
    again = take_snapshot(lambda: pytest.fail("started Spark"), lake, **options)
    assert again == folder and (folder / FACTS).stat().st_mtime_ns == before
    add_rows([label(1, 1, harm="hate")], LABELS, lake)
    other = take_snapshot(lambda: spark, lake, **options)
    assert other != folder
    # Nothing half-written stays beside the two.
    assert {path.name for path in folder.parent.iterdir()} == {folder.name, other.name}


def test_a_changed_file_is_refused(taken: tuple[Path, Path], tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / taken[1].name
    shutil.copytree(taken[1], copy)
    path = next(copy.glob("train/*.parquet"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(SnapshotRefused, match=path.name):
        load_snapshot(copy)

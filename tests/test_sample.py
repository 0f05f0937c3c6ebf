"""The sample that ships: what it must hold, what it may hold, and that it can be made again."""

import json
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from harmsweep.harms import HARMS

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "tests" / "sample"
DAYS = {date(2026, 10, day).isoformat() for day in (1, 2, 3)}
Row = dict[str, Any]


def read(name: str) -> list[Row]:
    """Rows of a file; a line that is no JSON becomes an empty one."""
    rows = []
    for line in (SAMPLE / name).read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            rows.append({})
    return rows


POSTS = [row for row in read("posts.jsonl") if row]
LABELS = read("labels.jsonl")


def hostile(name: str) -> list[Row]:
    return [row for row in POSTS if row["post_id"] == f"hostile-{name}"]


def test_posts_are_of_three_days() -> None:
    for field in ("created_at", "recorded_at"):
        counts = Counter(row[field][:10] for row in POSTS)
        assert set(counts) == DAYS
        assert min(counts.values()) > 100


def test_no_more_than_a_fifth_of_a_borrowed_set_is_used() -> None:
    counts = Counter(row["dataset"] for row in POSTS)
    assert set(counts) == {"hatecheck", "sms", "written", "drawn", "hostile"}
    assert counts["hatecheck"] <= 0.2 * 3728
    assert counts["sms"] <= 0.2 * 3000


def test_no_text_of_the_other_research_sets_is_in_it(shared_data: Path) -> None:
    ours = {row["text"] for row in POSTS if row["text"]}
    theirs = (json.loads(line) for line in (shared_data / "posts.jsonl").open(encoding="utf-8"))
    assert not [row["post_id"] for row in theirs if row["dataset"] != "sms" and row["text"] in ours]


@pytest.mark.parametrize(
    ("harm", "least"),
    [
        ("hate", 60),
        ("spam", 60),
        ("harassment", 25),
        ("violence", 25),
        ("sexism", 25),
        ("harmful_meme", 25),
    ],
)
def test_heads_have_both_labels_in_many_groups_and_on_each_day(harm: str, least: int) -> None:
    posts = {row["post_id"]: row for row in POSTS}
    for label in (0, 1):
        ids = [r["post_id"] for r in LABELS if (r["harm"], r["label"]) == (harm, label)]
        assert len(ids) >= least
        assert len({posts[i]["split_group"] for i in ids}) >= 14
        assert {posts[i]["created_at"][:10] for i in ids} == DAYS


def test_labels_name_posts_once_per_harm() -> None:
    keys = Counter((row["post_id"], row["harm"]) for row in LABELS)
    assert max(keys.values()) == 1
    assert {post_id for post_id, _ in keys} <= {row["post_id"] for row in POSTS}


def test_posts_with_the_same_words_or_picture_share_a_group() -> None:
    groups: dict[str, set[str]] = {}
    for row in POSTS:
        shown = [medium["uri"] for medium in row["media"]]
        for item in [*shown, row["text"]]:
            if item and row["dataset"] != "hostile":
                groups.setdefault(item, set()).add(row["split_group"])
    assert not {item for item, names in groups.items() if len(names) > 1}


def test_a_picture_alone_does_not_tell_a_harmful_meme() -> None:
    harmful = {row["post_id"]: row["label"] for row in LABELS if row["harm"] == "harmful_meme"}
    by_picture: dict[str, list[int]] = {}
    for row in POSTS:
        if row["post_id"] in harmful:
            by_picture.setdefault(row["split_group"], []).append(harmful[row["post_id"]])
    assert all(sorted(labels) == [0, 1] for labels in by_picture.values())


def test_every_reference_has_its_file_but_the_hostile_ones() -> None:
    uris = {medium["uri"] for row in POSTS for medium in row["media"]}
    absent = {uri for uri in uris if not (SAMPLE / uri).is_file() or ".." in uri}
    assert absent == {"../../etc/passwd", "media/images/hostile-missing.jpg"}


def test_every_file_is_shown_by_a_post() -> None:
    uris = {medium["uri"] for row in POSTS for medium in row["media"]}
    files = {p.relative_to(SAMPLE).as_posix() for p in SAMPLE.glob("media/*/*")}
    assert files <= uris


def test_pictures_are_small() -> None:
    for path in SAMPLE.glob("media/images/*.jpg"):
        if not path.name.startswith("hostile"):
            assert max(Image.open(path).size) <= 320


def test_the_whole_is_under_three_megabytes() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < 3_000_000


def test_a_truncated_jpeg_and_a_text_named_png_are_there() -> None:
    (cut,), (text,) = hostile("truncated-jpeg"), hostile("text-named-png")
    with pytest.raises(OSError, match="truncated"):
        Image.open(SAMPLE / cut["media"][0]["uri"]).load()
    with pytest.raises(OSError, match="cannot identify"):
        Image.open(SAMPLE / text["media"][0]["uri"])


def test_a_huge_png_a_cut_clip_and_a_playlist_named_mp4_are_there() -> None:
    (huge,), (cut,), (playlist,) = map(
        hostile, ("huge-png", "truncated-clip", "playlist-named-mp4")
    )
    path = SAMPLE / huge["media"][0]["uri"]
    assert Image.open(path).size == (9400, 9400)
    assert path.stat().st_size < 100_000
    assert {m["kind"] for post in (cut, playlist) for m in post["media"]} == {"video"}
    assert (SAMPLE / playlist["media"][0]["uri"]).read_bytes().startswith(b"#EXTM3U")


def test_pictures_come_again_smaller_under_another_name() -> None:
    again = list(SAMPLE.glob("media/images/*-again.jpg"))
    assert len(again) == 3
    for path in again:
        original = path.with_name(path.name.replace("-again", ""))
        assert Image.open(path).width < Image.open(original).width
        assert path.read_bytes() != original.read_bytes()


def test_disguised_texts_share_the_group_and_label_of_the_plain_ones() -> None:
    harms = {(row["post_id"], row["harm"]): row["label"] for row in LABELS}
    hidden = [row for row in POSTS if "\u200b" in (row["text"] or "")]
    assert {harms[row["post_id"], "sexism"] for row in hidden} == {0, 1}
    assert all(len([r for r in POSTS if r["split_group"] == h["split_group"]]) > 1 for h in hidden)


def test_texts_with_nul_and_half_a_surrogate_pair_are_there() -> None:
    assert "\x00" in hostile("nul-in-text")[0]["text"]
    with pytest.raises(UnicodeEncodeError):
        hostile("lone-surrogate")[0]["text"].encode()


def test_one_line_is_no_json_and_one_label_names_no_harm() -> None:
    assert read("posts.jsonl").count({}) == 1
    assert [row["harm"] for row in LABELS if row["harm"] not in HARMS] == ["rudeness"]


def test_only_the_hostile_post_lacks_its_author() -> None:
    users = {row["user_id"] for row in read("users.jsonl")}
    assert [row for row in POSTS if row["author_id"] not in users] == hostile("no-account")


def test_only_the_duplicate_comes_twice() -> None:
    events = Counter(row["event_id"] for row in POSTS)
    assert {event for event, times in events.items() if times > 1} == {"e-hostile-duplicate-1"}


def test_an_edit_a_deletion_and_a_late_row_are_there() -> None:
    def story(name: str) -> list[tuple[int, bool, str, str]]:
        rows = sorted(hostile(name), key=lambda row: row["sequence"])
        return [
            (r["revision"], r["deleted"], r["created_at"][8:10], r["recorded_at"][8:10])
            for r in rows
        ]

    assert story("edited") == [(1, False, "01", "01"), (2, False, "01", "03")]
    assert story("deleted") == [(1, False, "01", "01"), (2, True, "01", "02")]
    assert story("late") == [(1, False, "01", "03")]


def test_sequence_follows_the_record() -> None:
    events = sorted({(row["sequence"], row["recorded_at"], row["event_id"]) for row in POSTS})
    assert [event[1] for event in events] == sorted(event[1] for event in events)


def test_long_posts_and_other_languages_are_there() -> None:
    texts = [row["text"] or "" for row in POSTS]
    assert sum(len(text.split()) > 300 for text in texts) >= 5
    assert sum(not text.isascii() for text in texts) >= 5


def test_accounts_and_interactions_are_marked_simulated() -> None:
    assert {row["origin"] for row in read("users.jsonl")} == {"simulated"}
    assert {row["simulated"] for row in read("interactions.jsonl")} == {True}


def test_account_labels_name_accounts_of_both_kinds() -> None:
    rows = read("account_labels.jsonl")
    assert {row["user_id"] for row in rows} <= {row["user_id"] for row in read("users.jsonl")}
    pairs = {(row["kind"], row["bad_actor"]) for row in rows}
    assert pairs == {("spammer", 1), ("spammer", 0), ("bot", 1), ("bot", 0)}


def test_the_licence_page_names_every_file_and_every_dataset() -> None:
    page = (SAMPLE / "LICENSES.md").read_text(encoding="utf-8")
    for path in SAMPLE.glob("media/*/*"):
        assert path.name in page
    for dataset in {row["dataset"] for row in POSTS}:
        assert f"| {dataset} |" in page


@pytest.mark.slow
def test_the_script_makes_the_same_bytes_again(shared_data: Path, tmp_path: Path) -> None:
    command = [sys.executable, ROOT / "scripts" / "sample", "--out", tmp_path]
    subprocess.run([*command, "--source", shared_data], check=True, capture_output=True)
    for path in SAMPLE.rglob("*"):
        if path.is_file():
            assert (tmp_path / path.relative_to(SAMPLE)).read_bytes() == path.read_bytes(), path


@pytest.mark.slow
def test_absent_sources_are_named_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, ROOT / "scripts" / "sample", "--source", tmp_path / "none"]
    done = subprocess.run(
        [*command, "--out", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("make_sample: ") and "--source" in done.stderr
    assert done.stderr.count("\n") == 1

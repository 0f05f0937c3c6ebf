"""The simulator's rows: repeatable, marked, after the post, and blind to what posts say."""

import gzip
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from harmsweep.harms import HARMS
from harmsweep.pipeline.simulate.interactions import write_interactions

Row = dict[str, Any]


def post(number: int, **fields: object) -> Row:
    created = f"2026-10-0{1 + number % 3}T0{number % 10}:00:00+00:00"
    row: Row = {"post_id": f"p{number}", "author_id": f"u{number % 7}", "created_at": created}
    return row | {"text": "words", "media": []} | fields


def landing(folder: Path, lines: list[Row | str]) -> Path:
    folder.mkdir()
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (folder / "posts.jsonl").write_text("\n".join(texts) + "\n", encoding="utf-8")
    return folder


def simulated(folder: Path, *, seed: int = 7) -> list[Row]:
    out = write_interactions(folder, folder / "out" / "interactions.jsonl", seed=seed)
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def rows(tmp_path: Path) -> list[Row]:
    return simulated(landing(tmp_path / "zone", [post(n) for n in range(300)]))


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    zone = landing(tmp_path / "zone", [post(n) for n in range(20)])
    first = write_interactions(zone, tmp_path / "a.jsonl", seed=1).read_bytes()
    assert write_interactions(zone, tmp_path / "b.jsonl", seed=1).read_bytes() == first
    assert write_interactions(zone, tmp_path / "c.jsonl", seed=2).read_bytes() != first


def test_every_row_is_marked_simulated(rows: list[Row]) -> None:
    assert all(row["simulated"] is True for row in rows)
    assert all(row["actor_id"].startswith("simulated-") for row in rows)


def test_event_ids_are_unique(rows: list[Row]) -> None:
    assert len({row["event_id"] for row in rows}) == len(rows)


def test_events_come_after_the_post_and_not_past_the_last_day(rows: list[Row]) -> None:
    created = {f"p{n}": post(n)["created_at"] for n in range(300)}
    for row in rows:
        recorded = datetime.fromisoformat(row["recorded_at"])
        assert recorded > datetime.fromisoformat(created[row["post_id"]])
        assert recorded.date().isoformat() <= "2026-10-03"
        assert row["post_day"] == created[row["post_id"]][:10]


def test_all_kinds_occur_and_only_reports_have_a_reason(rows: list[Row]) -> None:
    assert {row["kind"] for row in rows} == {"view", "like", "comment", "save", "report"}
    assert {row["reason"] for row in rows if row["kind"] == "report"} <= set(HARMS)
    assert all((row["reason"] is not None) == (row["kind"] == "report") for row in rows)
    assert all((row["text"] is not None) == (row["kind"] == "comment") for row in rows)


def test_some_reports_are_about_a_comment_of_the_same_post_and_come_after_it(
    rows: list[Row],
) -> None:
    comments = {row["event_id"]: row for row in rows if row["kind"] == "comment"}
    about = [row for row in rows if row["comment_id"] is not None]
    assert len(about) >= 5
    for row in about:
        comment = comments[row["comment_id"]]
        assert row["kind"] == "report"
        assert row["post_id"] == comment["post_id"]
        assert row["recorded_at"] >= comment["recorded_at"]


def test_views_come_in_bulk_so_that_posts_have_few_rows(rows: list[Row]) -> None:
    assert 2 <= len(rows) / 300 <= 8
    assert sum(row["amount"] for row in rows if row["kind"] == "view") > 10 * 300


def test_words_and_media_of_a_post_change_nothing(tmp_path: Path) -> None:
    plain = simulated(landing(tmp_path / "plain", [post(1), post(2)]))
    media = [{"kind": "image", "uri": "media/x.jpg"}]
    other = [post(1, text="I hate you", dataset="sms"), post(2, text="", media=media)]
    assert simulated(landing(tmp_path / "other", other)) == plain


def test_other_posts_of_the_same_days_change_nothing(tmp_path: Path) -> None:
    alone = simulated(landing(tmp_path / "alone", [post(1)]))
    among = simulated(landing(tmp_path / "among", [post(4), post(1), post(7)]))
    assert [row for row in among if row["post_id"] == "p1"] == alone


def test_edits_deletions_repeats_and_bad_lines_add_no_rows(tmp_path: Path) -> None:
    clean = simulated(landing(tmp_path / "clean", [post(1)]))
    more = [post(1), "{broken", "[]", post(1), post(1, revision=2), post(3, deleted=True)]
    more += [post(4, created_at="yesterday"), post(5, post_id=None)]
    more += [post(6, created_at="9999-12-31T23:00:00+00:00"), post(7, author_id="")]
    assert simulated(landing(tmp_path / "more", more)) == clean


def test_posts_may_be_parquet_compressed_or_in_a_folder(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    lines = landing(tmp_path / "lines", [post(1), post(2)])
    plain = (lines / "posts.jsonl").read_bytes()
    for name in ("parquet", "gz", "folder/posts"):
        (tmp_path / name).mkdir(parents=True)
    ids = [{k: post(n)[k] for k in ("post_id", "author_id", "created_at")} for n in (1, 2)]
    pq.write_table(pa.Table.from_pylist(ids), tmp_path / "parquet" / "posts.parquet")
    (tmp_path / "gz" / "posts.jsonl.gz").write_bytes(gzip.compress(plain))
    (tmp_path / "folder" / "posts" / "part-0.jsonl").write_bytes(plain)
    (tmp_path / "folder" / "posts" / "_unfinished.jsonl").write_text(json.dumps(post(3)))
    for name in ("parquet", "gz", "folder"):
        assert simulated(tmp_path / name) == simulated(lines)


def test_a_folder_without_posts_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=tmp_path.name):
        write_interactions(tmp_path, tmp_path / "out.jsonl", seed=1)


@pytest.mark.slow
def test_the_command_writes_the_file(tmp_path: Path) -> None:
    zone = landing(tmp_path / "zone", [post(1)])
    out = tmp_path / "sub" / "interactions.jsonl"
    command = [sys.executable, "-m", "harmsweep.pipeline.simulate", "--posts", zone, "--out", out]
    subprocess.run(command, check=True, capture_output=True)
    assert out.read_bytes() == write_interactions(zone, tmp_path / "x.jsonl", seed=7).read_bytes()

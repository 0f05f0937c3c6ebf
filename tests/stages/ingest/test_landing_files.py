"""The landing zone's files, whether they changed, and the days that they hold."""

import gzip
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harmsweep.errors import DataRefused
from harmsweep.stages.ingest.landing_files import files_of, fingerprint, landing_days

Land = Callable[..., Path]


def post(created_at: str, **values: object) -> dict[str, object]:
    return {"post_id": "p", "author_id": "u", "created_at": created_at, "text": ""} | values


def test_days_are_those_of_recording_in_utc(land: Land, tmp_path: Path) -> None:
    rows = [
        post("2026-10-02T00:30:00+01:00"),
        post("2026-10-01T00:00:00Z", recorded_at="2026-10-04T00:00:00Z"),
        post("never"),
        b"{broken",
    ]
    assert landing_days(land(tmp_path, posts=rows)) == [date(2026, 10, 1), date(2026, 10, 4)]


def test_a_source_may_be_packed_or_parquet_or_a_folder(tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    with gzip.open(tmp_path / "posts" / "a.jsonl.gz", "wb") as file:
        file.write(b'{"created_at": "2026-10-01T00:00:00Z"}\n')
    pq.write_table(
        pa.table({"created_at": ["2026-10-02T00:00:00Z"]}), tmp_path / "posts" / "b.parquet"
    )
    (tmp_path / "posts" / "_unfinished.jsonl").write_text("{}")
    assert [path.name for path in files_of(tmp_path, "posts")] == ["a.jsonl.gz", "b.parquet"]
    assert landing_days(tmp_path) == [date(2026, 10, 1), date(2026, 10, 2)]


def test_a_grown_file_changes_the_fingerprint(land: Land, tmp_path: Path) -> None:
    landing = land(tmp_path, posts=[post("2026-10-01T00:00:00Z")])
    before = fingerprint(landing)
    assert fingerprint(landing) == before
    with (landing / "posts.jsonl").open("a") as file:
        file.write("{}\n")
    assert fingerprint(landing) != before


def test_a_landing_zone_without_posts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataRefused, match="no posts"):
        landing_days(tmp_path)

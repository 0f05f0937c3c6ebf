"""The media of the days as searches take them."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from harmsweep.known_media.window import pictures_of_window, videos_of_window
from harmsweep.tables.catalog import MEDIA


def medium(day: str, post: str, **columns: Any) -> dict[str, Any]:
    row = {"day": date.fromisoformat(day), "post_id": post, "revision": 1, "position": 0}
    return row | {"kind": "video", "status": "ok", "uri": f"{post}.mp4"} | columns


def test_each_distinct_video_of_thirty_days_that_was_ok_is_taken_from_the_lake(
    lake: Path, add_rows: Callable[..., None]
) -> None:
    rows = [
        medium("2026-10-14", "a", content_hash="1"),
        medium("2026-10-13", "b", content_hash="1"),
        medium("2026-09-15", "c", content_hash="2"),
        medium("2026-09-14", "too-old", content_hash="3"),
        medium("2026-10-15", "later", content_hash="4"),
        medium("2026-10-14", "picture", content_hash="5", kind="image"),
        medium("2026-10-14", "cut", content_hash="6", status="undecodable"),
    ]
    add_rows(rows, MEDIA, lake)
    videos = videos_of_window(lake, date(2026, 10, 14))
    assert videos == {"1": "b.mp4", "2": "c.mp4"}


def test_all_hashes_of_each_distinct_picture_of_thirty_days_are_taken(
    lake: Path, add_rows: Callable[..., None]
) -> None:
    good = {"kind": "image", "pdq_quality": 90}
    rows = [
        medium("2026-10-14", "a", content_hash="1", pdq=["b" * 64, "a" * 64], **good),
        medium("2026-10-13", "b", content_hash="1", pdq=["b" * 64, "a" * 64], **good),
        medium("2026-09-15", "c", content_hash="2", pdq=["c" * 64], **good),
        medium("2026-09-14", "too-old", content_hash="3", pdq=["d" * 64], **good),
        medium(
            "2026-10-14", "plain", content_hash="4", pdq=["0" * 64], kind="image", pdq_quality=9
        ),
        medium("2026-10-14", "video", content_hash="5", pdq=["e" * 64], pdq_quality=90),
    ]
    add_rows(rows, MEDIA, lake)
    pictures = pictures_of_window(lake, date(2026, 10, 14))
    assert pictures == {"1": ["a" * 64, "b" * 64], "2": ["c" * 64]}

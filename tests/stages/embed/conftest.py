"""Rows of a day as the features stage leaves them, written without Spark."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from harmsweep.encoders.ocr_conf import load_ocr_conf
from harmsweep.lake import writes
from harmsweep.media.facts import inspect_media
from harmsweep.tables.catalog import AUTHOR_FEATURES, MEDIA, MEDIA_TEXTS, POST_FEATURES

Fill = Callable[..., None]


def _post(day: date, post_id: str, text: str, normal_text: str) -> dict[str, Any]:
    names = ("surface", "country", "dataset", "author_origin", "split_group", "author_id")
    return dict.fromkeys(names, "x") | {
        "day": day,
        "post_id": post_id,
        "revision": 1,
        "cutoff_day": day,
        "clean_text": text,
        "normal_text": normal_text,
        "language": "en",
        "text_flags": [],
        "simulated": False,
    }


def _medium(day: date, root: Path, post_id: str, position: int, uri: str) -> dict[str, Any]:
    place = {"day": day, "post_id": post_id, "revision": 1, "position": position, "uri": uri}
    if uri.endswith(".mp4"):
        return place | {"kind": "video", "status": "ok", "content_hash": f"hash of {uri}"}
    return place | {"kind": "image"} | vars(inspect_media(root, uri, "image"))


def _readings(
    day: date, media: list[dict[str, Any]], read: dict[str, str | None], unread: tuple[str, ...]
) -> list[dict[str, Any]]:
    """What was read in each picture, by its first name; None: it could not be read."""
    texts: dict[str, str | None] = {}
    for medium in media:
        if medium["kind"] == "image" and medium["status"] == "ok" and medium["uri"] not in unread:
            texts.setdefault(medium["content_hash"], read.get(medium["uri"], ""))
    same = {"day": day, "reader_id": load_ocr_conf().reader_id, "boxes": []}
    ok, bad = {"status": "ok"}, {"status": "undecodable", "reason": "too small"}
    return [
        same
        | {"content_hash": content_hash, "text": text or "", "normal_text": text or ""}
        | (bad if text is None else ok)
        for content_hash, text in texts.items()
    ]


@pytest.fixture
def fill(lake: Path, tmp_path: Path) -> Fill:
    """Make a day's texts by post, pictures (relative to tmp_path) by post, and descriptions.

    `normal` holds the normal text of a post where it differs, `read` what was read in a picture
    (nothing, where it is not named).
    """

    def made(
        day: date,
        texts: dict[str, str],
        pictures: dict[str, list[str]] | None = None,
        descriptions: dict[str, str] | None = None,
        *,
        normal: dict[str, str] | None = None,
        read: dict[str, str | None] | None = None,
        unread: tuple[str, ...] = (),
    ) -> None:
        media = [
            _medium(day, tmp_path, post_id, position, uri)
            for post_id, uris in (pictures or {}).items()
            for position, uri in enumerate(uris)
        ]
        authors = [
            {"day": day, "author_id": a, "clean_description": text, "origin": "x"}
            for a, text in (descriptions or {}).items()
        ]
        posts = [_post(day, p, text, (normal or {}).get(p, text)) for p, text in texts.items()]
        readings = _readings(day, media, read or {}, unread)
        filled = (POST_FEATURES, posts), (MEDIA, media), (AUTHOR_FEATURES, authors)
        for table, rows in (*filled, (MEDIA_TEXTS, readings)):
            writes.write_rows(rows, table, lake, where={"day": day})

    return made

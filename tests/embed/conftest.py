"""Rows of a day as the features stage leaves them, written without Spark."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from harmsweep import lake as lakes
from harmsweep.media import inspect_media
from harmsweep.tables import AUTHOR_FEATURES, MEDIA, POST_FEATURES

Fill = Callable[..., None]


def _post(day: date, post_id: str, text: str) -> dict[str, Any]:
    names = ("surface", "country", "dataset", "author_origin", "split_group", "author_id")
    return dict.fromkeys(names, "x") | {
        "day": day,
        "post_id": post_id,
        "revision": 1,
        "cutoff_day": day,
        "clean_text": text,
        "language": "en",
        "text_flags": [],
        "simulated": False,
    }


def _medium(day: date, root: Path, post_id: str, position: int, uri: str) -> dict[str, Any]:
    facts = vars(inspect_media(root, uri, "image"))
    place = {"day": day, "post_id": post_id, "revision": 1, "position": position}
    return place | {"kind": "image", "uri": uri} | facts


@pytest.fixture
def fill(lake: Path, tmp_path: Path) -> Fill:
    """Make a day's texts by post, pictures (relative to tmp_path) by post, and descriptions."""

    def made(
        day: date,
        texts: dict[str, str],
        pictures: dict[str, list[str]] | None = None,
        descriptions: dict[str, str] | None = None,
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
        posts = [_post(day, post_id, text) for post_id, text in texts.items()]
        for table, rows in ((POST_FEATURES, posts), (MEDIA, media), (AUTHOR_FEATURES, authors)):
            lakes.replace_rows(rows, table, lake, where={"day": day})

    return made

"""What copies of a post are told by, from literal rows."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from builders import features, row

from harmsweep.enforcement.state.post_contents import contents
from harmsweep.tables.catalog import MEDIA, POST_FEATURES

DAY = date(2026, 10, 20)


@pytest.mark.parametrize(
    ("columns", "pdq"),
    [
        ({"pdq": ["a" * 64]}, "a" * 64),
        ({"pdq": ["a" * 64, "b" * 64]}, None),
        ({"pdq": ["a" * 64], "pdq_quality": 49}, None),
        ({"pdq": ["a" * 64], "kind": "video"}, None),
        ({"pdq": None}, None),
    ],
)
def test_only_a_good_picture_of_one_hash_is_told_by_it(
    lake: Path, add_rows: Callable[..., None], columns: dict[str, Any], pdq: str | None
) -> None:
    key = {"day": DAY, "post_id": "p", "revision": 1}
    shown = {"kind": "image", "status": "ok", "content_hash": "sha", "pdq_quality": 90}
    add_rows([features("p", day=DAY)], POST_FEATURES, lake)
    add_rows([row(MEDIA, **key | shown | columns)], MEDIA, lake)
    found = contents(lake, DAY, "post_id = 'p'")["p", 1]["media"]
    assert found == [{"content_hash": "sha", "pdq": pdq}]

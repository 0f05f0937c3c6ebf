"""The stage ocr on literal rows: what is read, once, and what is said of what is not."""

import hashlib
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pyspark.sql import SparkSession

from harmsweep.encoders.ocr_conf import load_ocr_conf
from harmsweep.lake import delta
from harmsweep.lake.runs import Outcome
from harmsweep.stages.ocr.stage import ocr_day
from harmsweep.tables.catalog import MEDIA, MEDIA_TEXTS

pytestmark = [pytest.mark.spark, pytest.mark.torch]

FIRST, SECOND, EMPTY = date(2026, 10, 1), date(2026, 10, 2), date(2026, 10, 3)
Draw = Callable[..., Image.Image]


def medium(day: date, post_id: str, path: Path, **changes: Any) -> dict[str, Any]:
    content_hash = hashlib.sha256(path.read_bytes()).hexdigest()
    return {
        "day": day, "post_id": post_id, "revision": 1, "position": 0, "kind": "image",
        "uri": path.name, "status": "ok", "content_hash": content_hash,
    } | changes  # fmt: skip


def readings(lake: Path, day: date) -> dict[str, dict[str, Any]]:
    found = delta.rows(MEDIA_TEXTS, lake, day=day).to_pylist()
    return {row["content_hash"]: row for row in found}


def test_each_picture_is_read_once_and_what_cannot_be_read_says_why(
    spark: SparkSession, lake: Path, tmp_path: Path, draw: Draw, add_rows: Callable[..., None]
) -> None:
    names = ("words", "copy", "cut", "gone", "changed", "long", "new")
    words, copy, cut, gone, changed, long, new = (tmp_path / f"{name}.png" for name in names)
    meme = draw((320, 240), {"A QUIET DAY": (20, 20), "AT THE L4KE": (20, 190)})
    for path in (words, copy):
        meme.save(path)
    draw((320, 240), {"MORE": (20, 20)}).save(new)
    Image.new("RGB", (2, 900)).save(long)
    for path, value in ((gone, 1), (changed, 2)):
        Image.new("RGB", (30, 30), (value, 0, 0)).save(path)
    cut.write_bytes(words.read_bytes()[:-40])
    rows = [medium(FIRST, path.stem, path) for path in (words, copy, cut, gone, changed, long)]
    refused = medium(FIRST, "refused", new, status="refused")
    clip = medium(FIRST, "clip", new, kind="video", uri="clip.mp4")
    add_rows([*rows, refused, clip, medium(SECOND, "again", copy), medium(SECOND, "n", new)],
             MEDIA, lake)  # fmt: skip
    gone.unlink()
    changed.write_bytes(new.read_bytes())
    read: Callable[..., Outcome] = partial(ocr_day, lambda: spark, lake, media_root=tmp_path)

    counts = dict(read(FIRST).counts)
    assert 1 <= counts.pop("model_loads") <= 2
    assert counts == {"images": 5, "read": 3, "with_text": 1, "undecodable": 2}
    hashes = {row["post_id"]: row["content_hash"] for row in rows}
    found = readings(lake, FIRST)
    assert set(found) == {hashes[name] for name in ("words", "cut", "long")}
    told = found[hashes["words"]]
    assert told["reader_id"] == load_ocr_conf().reader_id
    assert (told["status"], told["reason"]) == ("ok", None)
    assert told["text"].replace(" ", "") == "AQUIETDAY\nATTHEL4KE"
    assert told["normal_text"].upper().endswith("THE LAKE")
    assert [len(line["box"]) for line in told["boxes"]] == [8, 8]
    assert told["boxes"][0]["text"] == told["text"].split("\n")[0]
    assert "truncated or damaged" in found[hashes["cut"]]["reason"]
    assert found[hashes["long"]]["reason"] == "too long to be read: 2x900 pixels"

    second = read(SECOND)
    assert (second.items, second.counts["read"]) == (2, 1)
    assert [row["text"] for row in readings(lake, SECOND).values()] == ["MORE"]
    no_spark = partial(ocr_day, lambda: pytest.fail("started Spark"), lake, media_root=tmp_path)
    assert no_spark(SECOND).skipped
    assert no_spark(EMPTY).items == 0

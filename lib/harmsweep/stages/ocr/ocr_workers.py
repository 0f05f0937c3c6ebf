"""What the executors do: read (OCR) pictures, one model load a worker."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from harmsweep.encoders.ocr_conf import OcrConf
from harmsweep.media.access import local_media, read_image
from harmsweep.media.bounded import run_bounded
from harmsweep.media.problem import MediaProblem
from harmsweep.media.tiles import decoded_tiles
from harmsweep.tables.features import IN_PART
from harmsweep.text.budget import budget
from harmsweep.text.cleaning import clean, repair
from harmsweep.text.disguise import normalise

COLUMNS = ["content_hash", "reader_id", "status", "reason", "text", "normal_text", "boxes"]
Row = tuple[str, str, str, str | None, str, str, list[dict[str, Any]]]
Loaded = Callable[[int], None]


def read_batches(
    batches: Iterator[pd.DataFrame], *, conf: str, media_root: Path, loaded: Loaded
) -> Iterator[pd.DataFrame]:
    """Rows of COLUMNS for batches of content_hash and uri; `loaded` is told of each model load.

    A picture that cannot be read is a row with status undecodable. A file that is gone, or changed
    since it was hashed, gives no row: its hash says nothing of it now.
    """
    parsed = OcrConf.model_validate_json(conf)
    for batch in batches:
        rows = []
        for content_hash, uri in batch[["content_hash", "uri"]].itertuples(index=False, name=None):
            try:
                data = _unchanged(media_root, uri, content_hash)
            except MediaProblem:
                continue
            rows.append((content_hash, parsed.reader_id, *_read(data, conf, parsed, loaded)))
        yield pd.DataFrame(rows, columns=COLUMNS)


def _unchanged(media_root: Path, uri: str, content_hash: str) -> bytes:
    with local_media(media_root, uri, "image") as path:
        data = read_image(path)
    if hashlib.sha256(data).hexdigest() != content_hash:
        raise MediaProblem("refused", "changed since it was hashed")
    return data


def _read(
    data: bytes, conf: str, parsed: OcrConf, loaded: Loaded
) -> tuple[str, str | None, str, str, list[dict[str, Any]]]:
    """Status, reason, text, normal text and boxes of a picture."""
    from harmsweep.encoders.ocr import load_engine, read_lines

    misses = load_engine.cache_info().misses
    engine = load_engine(conf)
    loaded(load_engine.cache_info().misses - misses)
    sides = parsed.settings.min_side, parsed.settings.max_side
    try:
        lines = read_lines(engine, run_bounded(decoded_tiles, data, *sides))
    except MediaProblem as problem:
        return "undecodable", problem.reason, "", "", []
    text = repair("\n".join(line.text for line in lines))[0]
    boxes = [line._asdict() for line in lines]
    with budget() as whole:
        normal = normalise(clean(text))
    return "ok", IN_PART if whole.exceeded else None, text, normal, boxes

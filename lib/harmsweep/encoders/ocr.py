"""Lines of text in a picture, by the PP-OCR models that rapidocr ships.

Methods: Liao et al., Real-time scene text detection with differentiable binarization, AAAI 2020
(lines); Shi et al., An end-to-end trainable neural network for image-based sequence recognition,
TPAMI 2017 (their characters). Imported in workers only: OpenVINO, which runs them in half of ONNX
Runtime's time, must not be loaded before a fork.
"""

import os
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from harmsweep.encoders.ocr_conf import ENGINE, OcrConf, OcrSettings
from harmsweep.media.problem import MediaProblem
from harmsweep.media.tiles import Tile

# What rapidocr calls the two models.
_TASKS = {"Det": "_det_", "Rec": "_rec_"}
Box = tuple[float, ...]


class Line(NamedTuple):
    """A line of text, its probability, and x and y of its four corners in the picture's pixels."""

    text: str
    score: float
    box: Box


@lru_cache(maxsize=1)
def load_engine(reader: str) -> Any:
    """The reader (its JSON) with its models, once a Python worker, on one thread.

    Two workers that each take all cores take twice as long.

    Raises:
        FileRefused: a model is missing or another one.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import cv2
    from rapidocr import EngineType, RapidOCR

    cv2.setNumThreads(1)
    parsed = OcrConf.model_validate_json(reader)
    folder = parsed.verified()
    models = {
        f"{task}.model_path": str(folder / name)
        for task, part in _TASKS.items()
        for name in parsed.files
        if part in name
    }
    engines = {f"{task}.engine_type": EngineType(ENGINE) for task in _TASKS}
    return RapidOCR(params=models | engines | _params(parsed.settings))


def _params(settings: OcrSettings) -> dict[str, Any]:
    engine = f"EngineConfig.{ENGINE}"
    return {
        "Global.log_level": "critical",
        # Lines that stand on their head stay unread: people cannot read them either.
        "Global.use_cls": False,
        "Global.text_score": settings.text_score,
        # The picture has its size when it is handed over.
        "Det.limit_type": "max",
        "Det.limit_side_len": settings.max_side,
        "Global.max_side_len": settings.max_side,
        "Rec.rec_batch_num": settings.batch,
        f"{engine}.inference_num_threads": 1,
        # Two workers would else pin their threads to the same core.
        f"{engine}.enable_cpu_pinning": False,
    }


def read_lines(engine: Any, tiles: Sequence[Tile]) -> list[Line]:
    """The lines of a picture from its tiles, frame by frame, top to bottom and left to right.

    What stands in an earlier frame already is not said again.

    Raises:
        MediaProblem: undecodable, where the reader fails on it.
    """
    lines: list[Line] = []
    for _, of_frame in groupby(tiles, key=lambda tile: tile.frame):
        found = in_order([line for tile in of_frame for line in _own_lines(engine, tile)])
        known = {line.text for line in lines}
        lines += [line for line in found if line.text not in known]
    return lines


def _own_lines(engine: Any, tile: Tile) -> list[Line]:
    """Those whose middle is the tile's own."""
    first, last = tile.core
    return [line for line in _read(engine, tile) if first <= _middle(line.box, tile.axis) < last]


def in_order(lines: Sequence[Line]) -> list[Line]:
    """Lines top to bottom; left to right where their middles differ by less than half a line."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda one: _middle(one.box, 1)):
        if rows and _middle(line.box, 1) - _middle(rows[-1][0].box, 1) < _height(rows[-1][0]) / 2:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda one: one.box[0])]


def _read(engine: Any, tile: Tile) -> list[Line]:
    try:
        # The models were trained on blue, green, red.
        result = engine(np.ascontiguousarray(tile.pixels[:, :, ::-1]))
    except Exception as error:
        # The kind of the error alone: its message may quote the content.
        raise MediaProblem("undecodable", f"the reader failed ({type(error).__name__})") from None
    if not result.txts:
        return []
    corners = np.asarray(result.boxes, np.float64) * tile.scale + tile.corner
    boxes = [tuple(map(float, box.round(1).ravel())) for box in corners]
    return [Line(*line) for line in zip(result.txts, map(float, result.scores), boxes, strict=True)]


def _middle(box: Box, axis: int) -> float:
    return sum(box[axis::2]) / 4


def _height(line: Line) -> float:
    downs = line.box[1::2]
    return max(downs) - min(downs)

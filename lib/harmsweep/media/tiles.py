"""Pictures cut and scaled to be read: what the decoding child hands to the reader.

Imports no more than decoding does, so that the child stays small.
"""

from hashlib import sha256
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from harmsweep.media.images import decode_frames
from harmsweep.media.problem import MediaProblem

# A picture longer than three times its breadth is read in tiles, as a reader scrolls: made small
# as a whole, its text could not be read.
LONGEST = 3.0
OVERLAP = 0.5
MAX_TILES = 16
# Of all frames: each costs a reading.
MAX_TILES_IN_ALL = 64
# Enlarging beyond this shows nothing new.
MAX_ENLARGED = 4.0


class Span(NamedTuple):
    """A part of the longer side, in pixels; `core` is its own, less half the overlaps."""

    start: int
    end: int
    core: tuple[float, float]


class Tile(NamedTuple):
    """A part of a picture: RGB pixels [height, width, 3], and where they stand in the picture."""

    pixels: NDArray[np.uint8]
    # Left and upper corner, and how many of the picture's pixels one pixel stands for.
    corner: tuple[int, int]
    scale: tuple[float, float]
    # Lines whose middle lies here, along the axis (0 across, 1 down), are this tile's.
    core: tuple[float, float]
    axis: int
    # Which of the picture's frames it shows: an animation has many, on two grounds each.
    frame: int = 0


def decoded_tiles(data: bytes, min_side: int, max_side: int) -> list[Tile]:
    """The tiles of all that an encoded picture shows: for `run_bounded`.

    Raises:
        MediaProblem: the picture is refused, undecodable or too long.
    """
    tiles: list[Tile] = []
    seen: set[bytes] = set()
    for frame in decode_frames(data):
        parts = tile(frame, min_side=min_side, max_side=max_side)
        del frame  # before the next is made: each may have 100 MB
        digest = sha256(b"".join(part.pixels.tobytes() for part in parts)).digest()
        # The same pixels again would be the same words again.
        if digest in seen:
            continue
        tiles += [part._replace(frame=len(seen)) for part in parts]
        seen.add(digest)
        if len(tiles) > MAX_TILES_IN_ALL:
            raise MediaProblem("undecodable", f"over {MAX_TILES_IN_ALL} parts to be read")
    return tiles


def tile(picture: Image.Image, *, min_side: int, max_side: int) -> list[Tile]:
    """An RGB picture in tiles, none longer than LONGEST times its breadth.

    A tile's shorter side has at least `min_side` pixels unless that enlarges it MAX_ENLARGED
    times or makes the longer one pass `max_side`.

    Raises:
        MediaProblem: undecodable, where it takes more than MAX_TILES.
    """
    axis = int(picture.height > picture.width)
    tiles = []
    for span in tile_spans(*picture.size):
        area = (0, span.start, picture.width, span.end)
        if axis == 0:
            area = (span.start, 0, span.end, picture.height)
        part = picture if area == (0, 0, *picture.size) else picture.crop(area)
        shorter, longer = sorted(part.size)
        factor = min(MAX_ENLARGED, max(1.0, min_side / shorter), max_side / longer)
        width, height = (max(1, round(side * factor)) for side in part.size)
        pixels = np.asarray(part.resize((width, height), Image.Resampling.BICUBIC))
        scale = (part.width / width, part.height / height)
        tiles.append(Tile(pixels, area[:2], scale, span.core, axis))
    return tiles


def tile_spans(width: int, height: int) -> list[Span]:
    """The longer side of a picture in overlapping parts.

    Raises:
        MediaProblem: undecodable, where it takes more than MAX_TILES.
    """
    longer, shorter = max(width, height), min(width, height)
    step = max(1, int((LONGEST - OVERLAP) * shorter))
    starts = range(0, max(1, longer - int(OVERLAP * shorter)), step)
    if len(starts) > MAX_TILES:
        raise MediaProblem("undecodable", f"too long to be read: {width}x{height} pixels")
    half = OVERLAP * shorter / 2
    spans = []
    for start in starts:
        end = longer if start == starts[-1] else start + int(LONGEST * shorter)
        core = (start + half if start else 0.0, end - half if end < longer else float("inf"))
        spans.append(Span(start, end, core))
    return spans

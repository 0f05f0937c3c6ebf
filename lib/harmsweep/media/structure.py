"""How much work a picture asks of its decoder, counted in its bytes before anything decodes it."""

import re
from collections.abc import Iterator

from harmsweep.media.conf import load_limits
from harmsweep.media.gif import count_frames
from harmsweep.media.problem import MediaProblem

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# A file of 32 MiB has some 500 segments of the greatest length, and 4,000 chunks as encoders write.
MOST_SEGMENTS, MOST_CHUNKS = 2_000, 20_000
# Encoders write 10 scans, and some that search for the smallest file about 20.
MOST_SCANS = 100
# Past filler, escaped bytes and restarts, none of which begins a segment.
SEGMENT = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
FRAME_HEADERS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
# Several times as dear as the others, and shown by no browser.
ARITHMETIC = range(0xC9, 0xD0)
SCAN, END, ALONE = 0xDA, 0xD9, {0x01, 0xD8}


def check_structure(data: bytes) -> None:
    """Let through what its parts alone do not make dear to decode.

    Raises:
        MediaProblem: refused, for its scans, segments, chunks or blocks.
    """
    if data.startswith(b"\xff\xd8"):
        _check_jpeg(data)
    elif data.startswith(SIGNATURE):
        for number, _ in enumerate(png_chunks(data)):
            if number == MOST_CHUNKS:
                raise MediaProblem("refused", f"over {MOST_CHUNKS} chunks")
    elif data.startswith(b"GIF8"):
        count_frames(data, most=load_limits().video.decoded_frames)


def png_chunks(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each whole chunk of a PNG begins and ends."""
    start = len(SIGNATURE)
    while start + 12 <= len(data):
        end = start + 12 + int.from_bytes(data[start : start + 4])
        if end > len(data):
            return
        yield start, end
        start = end


def _check_jpeg(data: bytes) -> None:
    """Each scan goes over every pixel again, however few bytes it has.

    A size over the limit counts as the limit: it is refused for its pixels, not for its scans.
    """
    limits = load_limits().image
    scans = pixels = 0
    for number, (kind, body) in enumerate(_segments(data)):
        if number == MOST_SEGMENTS:
            raise MediaProblem("refused", f"over {MOST_SEGMENTS} segments")
        if kind in ARITHMETIC:
            raise MediaProblem("refused", "coded as no browser reads")
        if kind in FRAME_HEADERS:
            height, width = data[body + 3 : body + 5], data[body + 5 : body + 7]
            size = int.from_bytes(height) * int.from_bytes(width)
            pixels = max(pixels, min(size, limits.pixels))
        scans += kind == SCAN
        if scans > min(MOST_SCANS, limits.decoded_pixels // max(1, pixels)):
            raise MediaProblem("refused", f"over {scans - 1} scans of its size")


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """The kind of each segment of a JPEG, and where its length stands, up to the end."""
    at = 2
    while found := SEGMENT.search(data, at):
        kind, at = data[found.end() - 1], found.end()
        if kind == END:
            return
        yield kind, at
        at += 0 if kind in ALONE else int.from_bytes(data[at : at + 2])

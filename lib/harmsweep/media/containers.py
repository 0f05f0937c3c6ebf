"""MP4, MOV, WebM and Matroska by their first bytes, and whether a file has all of its bytes."""

import io
import os
from collections.abc import Iterator
from itertools import islice

from harmsweep.media.problem import MediaProblem

# What an MP4 or a MOV may begin with; QuickTime files from before 2001 have no `ftyp`.
BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
MATROSKA = b"\x1a\x45\xdf\xa3"
# Top-level boxes walked at most; a fragmented file has two a fragment.
MOST_BOXES = 100_000
# Cameras write up to five tracks (picture, sound, time code, their own), films some languages.
MOST_TRACKS = 32
# What FFmpeg may read besides samples; four hours of picture and sound have some 20 MiB.
MOST_HEADER, PIECE = 64 * 2**20, 2**20
SEGMENT, TRACKS, CLUSTER = b"\x18\x53\x80\x67", b"\x16\x54\xae\x6b", b"\x1f\x43\xb6\x75"
TRACK = b"\xae"


def demuxer_of(file: io.BufferedReader) -> str:
    """The one demuxer that the first bytes name.

    Raises:
        MediaProblem: they name none.
    """
    head = file.read(12)
    file.seek(0)
    if head[4:8] in BOXES:
        return "mov"
    if head[:4] == MATROSKA:
        return "matroska"
    raise MediaProblem("undecodable", "not an MP4 or WebM")


def lacks_bytes(file: io.BufferedReader, demuxer: str) -> bool:
    """Whether the container says that the file is longer than it is."""
    size = os.fstat(file.fileno()).st_size
    end = _boxes_end(file, size) if demuxer == "mov" else _segment_end(file)
    file.seek(0)
    return end is None or end > size


def check_tracks(file: io.BufferedReader, demuxer: str) -> None:
    """Let through a container of a few tracks: FFmpeg opens a decoder for each to learn of it.

    Raises:
        MediaProblem: refused.
    """
    tracks = 0
    for piece in _headers(file) if demuxer == "mov" else _track_lists(file):
        tracks += piece
        if tracks > MOST_TRACKS:
            raise MediaProblem("refused", f"over {MOST_TRACKS} tracks")
    file.seek(0)


def _headers(file: io.BufferedReader) -> Iterator[int]:
    """How many `trak` there are in each piece of what is no sample; they nest as FFmpeg likes."""
    size = os.fstat(file.fileno()).st_size
    read = 0
    for kind, start, end in _boxes(file, size):
        if kind == b"mdat":
            continue
        file.seek(start)
        last = b""
        for at in range(start, min(end, size), PIECE):
            piece = file.read(min(PIECE, end - at))
            read += len(piece)
            if read > MOST_HEADER:
                raise MediaProblem("refused", f"over {MOST_HEADER // 2**20} MiB of header")
            yield (last + piece).count(b"trak")
            last = piece[-3:]


def _boxes(file: io.BufferedReader, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each top-level box; the last may end behind the file."""
    start = 0
    while start + 8 <= size:
        file.seek(start)
        head = file.read(16)
        length = int.from_bytes(head[:4])
        if length == 1:
            length = int.from_bytes(head[8:16])
        # 0 is a box to the end of the file; what is shorter than its head is no box.
        if length < 8:
            length = size - start
        yield head[4:8], start, start + length
        start += length


def _boxes_end(file: io.BufferedReader, size: int) -> int | None:
    """Where the last box ends; nothing where they are too many."""
    ends = [end for _, _, end in islice(_boxes(file, size), MOST_BOXES + 1)]
    return None if len(ends) > MOST_BOXES else max(ends, default=0)


def _track_lists(file: io.BufferedReader) -> Iterator[int]:
    """1 for each track of a Matroska's lists of them, up to its first pictures."""
    file.seek(len(MATROSKA))
    header = _length(file)
    if header is None:
        return
    file.seek(header, os.SEEK_CUR)
    for _ in range(MOST_BOXES):
        kind, length = _id(file), _length(file)
        if kind == TRACK:
            yield 1
        if not kind or kind == CLUSTER:
            return
        # These are entered: what they hold comes next.
        if kind not in (SEGMENT, TRACKS):
            if length is None:
                return
            file.seek(length, os.SEEK_CUR)


def _id(file: io.BufferedReader) -> bytes:
    first = file.read(1)
    return first + file.read(8 - first[0].bit_length()) if first and first[0] else b""


def _segment_end(file: io.BufferedReader) -> int | None:
    """Where the segment ends; nothing where it does not say."""
    file.seek(len(MATROSKA))
    header = _length(file)
    if header is None:
        return None
    file.seek(header, os.SEEK_CUR)
    if file.read(4) != SEGMENT:
        return None
    length = _length(file)
    return None if length is None else file.tell() + length


def _length(file: io.BufferedReader) -> int | None:
    """An EBML length; nothing where it is unknown (all ones) or none."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    more = 8 - first[0].bit_length()
    bits = 7 * (more + 1)
    value = int.from_bytes(first + file.read(more)) & ((1 << bits) - 1)
    return None if value == (1 << bits) - 1 else value

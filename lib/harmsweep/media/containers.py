"""MP4, MOV, WebM and Matroska by their first bytes, and whether a file has all of its bytes."""

import io
import os

from harmsweep.media.problem import MediaProblem

# What an MP4 or a MOV may begin with; QuickTime files from before 2001 have no `ftyp`.
BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
MATROSKA = b"\x1a\x45\xdf\xa3"
# Top-level boxes walked at most; a fragmented file has two a fragment.
MOST_BOXES = 100_000


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


def _boxes_end(file: io.BufferedReader, size: int) -> int | None:
    """Where the last box ends; nothing where they are too many."""
    start = 0
    for _ in range(MOST_BOXES):
        if start + 8 > size:
            return start
        file.seek(start)
        head = file.read(16)
        length = int.from_bytes(head[:4])
        if length == 1:
            length = int.from_bytes(head[8:16])
        # 0 is a box to the end of the file; what is shorter than its head is no box.
        if length < 8:
            return size
        start += length
    return None


def _segment_end(file: io.BufferedReader) -> int | None:
    """Where the segment ends; nothing where it does not say."""
    file.seek(len(MATROSKA))
    header = _length(file)
    if header is None:
        return None
    file.seek(header, os.SEEK_CUR)
    if file.read(4) != b"\x18\x53\x80\x67":
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

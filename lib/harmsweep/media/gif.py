"""How many frames a GIF has, without decoding one."""

from collections.abc import Iterator

from harmsweep.media.problem import MediaProblem

# A file of 32 MiB has 130,000 blocks of the greatest length; each costs Pillow and us a step.
MOST_BLOCKS = 300_000
FRAME, EXTENSION, END = 0x2C, 0x21, 0x3B


def count_frames(data: bytes, *, most: int) -> int:
    """The frames by the blocks of the file, up to `most`: Pillow would count on to the end.

    Raises:
        MediaProblem: refused, where it takes too many blocks to get there.
    """
    found = 0
    for number, kind in enumerate(_steps(data)):
        if number == MOST_BLOCKS:
            raise MediaProblem("refused", f"over {MOST_BLOCKS} blocks")
        found += kind == FRAME
        if found == most:
            break
    return found


def _steps(data: bytes) -> Iterator[int]:
    """The first byte of what follows what, as Pillow reads it; 0 for each block of a chain."""
    at = 13 + _table(data, 10)
    while at < len(data) and (kind := data[at]) != END:
        yield kind
        if kind == FRAME:  # its descriptor, its colours, a byte, its data
            at += 11 + _table(data, at + 9)
        elif kind == EXTENSION:
            at += 2
        else:  # Pillow passes over what it does not know
            at += 1
            continue
        while at < len(data) and data[at]:
            yield 0
            at += data[at] + 1
        at += 1


def _table(data: bytes, at: int) -> int:
    """The length of the colour table that the flags announce."""
    flags = data[at] if at < len(data) else 0
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0

"""How tables and snapshots hold vectors: float16 numbers, least byte first, as one binary value.

A list of 384 floats takes the JVM 20 to 25 µs on its way to a Python worker, number by number, and
twice the disk; a binary value is copied whole. float16 keeps eleven bits of each number, more than
the bfloat16 that texts are embedded in.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

STORED = np.dtype("<f2")
Matrix = NDArray[np.float32]


def stored(vectors: NDArray[Any]) -> list[bytes]:
    """Rows by width as values of a vector column; beyond 65,504 a number becomes infinite."""
    with np.errstate(over="ignore"):
        return [row.tobytes() for row in np.ascontiguousarray(vectors, dtype=STORED)]


def matrix(column: pa.Array | pa.ChunkedArray, width: int) -> Matrix:
    """A vector column as rows by width; null is a row of zeros.

    Raises:
        ValueError: a vector is not of that width.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    offsets = np.frombuffer(array.buffers()[1], np.int32)[array.offset :][: len(array) + 1]
    there = array.is_valid().to_numpy(zero_copy_only=False)
    lengths = np.diff(offsets)
    if np.any(lengths[there] != width * STORED.itemsize) or np.any(lengths[~there]):
        raise ValueError(f"a vector is not of {width} numbers")
    spread = np.zeros((len(array), width), np.float32)
    if there.any():
        content = np.frombuffer(array.buffers()[2], np.uint8)[offsets[0] : offsets[-1]]
        spread[there] = content.view(STORED).reshape(-1, width)
    return spread


def matrix_of(values: Sequence[bytes], width: int) -> Matrix:
    """Values of a vector column, none of them null, as rows by width.

    Raises:
        ValueError: a vector is not of that width.
    """
    if any(len(value) != width * STORED.itemsize for value in values):
        raise ValueError(f"a vector is not of {width} numbers")
    return np.frombuffer(b"".join(values), STORED).reshape(-1, width).astype(np.float32)


def mean(values: Sequence[bytes]) -> bytes:
    """The mean of some vectors of one width, in their order, as it is stored."""
    numbers = matrix_of(values, len(values[0]) // STORED.itemsize)
    return stored(numbers.mean(axis=0, dtype=np.float64, keepdims=True))[0]


def cosine(first: bytes, second: bytes) -> float | None:
    """The cosine of two vectors; None where one is all zeros and has no direction."""
    one, other = (np.frombuffer(value, STORED).astype(np.float64) for value in (first, second))
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / lengths if lengths else None


def width_of(column: pa.ChunkedArray) -> int | None:
    """The width of the longest vector; None where all are null."""
    longest = pc.max(pc.binary_length(column)).as_py()
    return None if longest is None else longest // STORED.itemsize

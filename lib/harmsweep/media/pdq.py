"""PDQ hashes of pictures: their form, their distance, and from when two are near."""

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

BITS = 256
# PDQ's authors take 31 as the distance up to which two pictures are copies, and call a hash of a
# quality below 50 too poor to match (ThreatExchange's PDQ reference).
NEAR = 31
MIN_QUALITY = 50
Hashes = NDArray[np.uint64]  # [n, 4]: 256 bits each
Places = NDArray[np.int64]


def is_hash(text: str) -> bool:
    """Whether the text is a PDQ hash: 64 hexadecimal digits in small letters."""
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None


def packed(hashes: Iterable[str]) -> Hashes:
    """Hashes of 64 hexadecimal digits as four numbers each, [n, 4].

    Raises:
        ValueError: a text that is no hash.
    """
    raw = bytes.fromhex("".join(hashes))
    return np.frombuffer(raw, dtype=np.uint64).reshape(-1, 4)


def distances(left: Hashes, right: Hashes) -> Places:
    """How many bits differ, pair by pair or as numpy broadcasts them."""
    differing = np.bitwise_count(left ^ right)
    return np.asarray(differing.sum(axis=-1, dtype=np.int64))

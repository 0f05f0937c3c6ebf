"""Equal values as equal text, so that a digest of it tells what changed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

# Whoever makes two of a thing can make them of one digest in 2^64 tries by 128 bits; by the 32 that
# a policy's version once had it took 12 seconds.
DIGITS = 32
# What a name may end in: lakes hold names of 12 digits from before.
NAMED = f"(?:[0-9a-f]{{{DIGITS}}}|[0-9a-f]{{12}})"


def name_of(text: str) -> str:
    """The 32 hexadecimal digits (128 bits of SHA-256) by which what a text says is named."""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def as_json(values: Mapping[str, Any] | Sequence[Any]) -> str:
    """JSON with sorted keys, so that equal values are equal text."""
    return json.dumps(values, sort_keys=True, ensure_ascii=False, default=str)


def uniform_hash(text: str) -> float:
    """A number in [0, 1) that is as good as random, and the same again for the same text."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:13], 16) / 16**13

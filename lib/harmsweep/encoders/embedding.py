"""What every modality gives back."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Embedded(NamedTuple):
    """One vector per input, [inputs, width], and how many windows each was embedded in."""

    vectors: Floats
    windows: NDArray[np.int32]
    # Why a vector says little of its input, None where it says all; empty where none does so.
    reasons: Sequence[str | None] = ()


def unit(vectors: Floats) -> Floats:
    """Each row at length 1; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)

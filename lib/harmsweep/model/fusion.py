"""Early fusion: modality vectors, their masks and scaled numbers as one matrix.

Training and scoring call the same function on columns of the same names, so that a post is fused
alike in both.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from harmsweep.conf import Frozen

# The cosine of the caption's and the image's vectors by CLIP, where a post has both.
SIMILARITY = "text_image_similarity"
Columns = Mapping[str, NDArray[Any]]
Matrix = NDArray[np.float32]

# The scaled numbers are one modality of their own; raw_text is the post's text once more.
NUMBERS = "numbers"
_PART_OF = {"raw_text": "text"}
# A scaled number beyond four standard deviations says no more than four: one account with millions
# of followers must not outweigh the text.
CLIP = 4.0
# Numbers are small beside the vectors, which have length 1: at full size, twenty numbers cost heads
# with few positives up to 0.1 of AUROC under one L2 term; at 0.05 they add and cost nothing.
NUMBER_SCALE = 0.05


class Input(Frozen):
    """One modality's vector: `<name>_vector` of `width` numbers, and `<name>_present`."""

    model_config = ConfigDict(strict=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    encoder_id: str = Field(min_length=1)
    width: int = Field(gt=0)
    # One over the root mean square of the vectors' entries in the training rows.
    scale: float = Field(default=1.0, gt=0, allow_inf_nan=False)


class Feature(Frozen):
    """One number, brought to mean 0 and standard deviation 1 over the training rows."""

    model_config = ConfigDict(strict=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    transform: Literal["log1p", "none"]
    mean: float = Field(default=0.0, allow_inf_nan=False)
    std: float = Field(default=1.0, gt=0, allow_inf_nan=False)


def fused_width(inputs: Sequence[Input], features: Sequence[Feature]) -> int:
    """Columns of the fused matrix: each vector with its mask, then the numbers."""
    return sum(source.width + 1 for source in inputs) + len(features)


def input_columns(inputs: Sequence[Input], features: Sequence[Feature]) -> list[str]:
    """The columns that `fuse` reads."""
    pairs = [(f"{source.name}_vector", f"{source.name}_present") for source in inputs]
    return [name for pair in pairs for name in pair] + [feature.name for feature in features]


def modalities_of(inputs: Iterable[str], features: Collection[str]) -> tuple[str, ...]:
    """What can be switched off for a head: the inputs' modalities in order, then the numbers."""
    names = [_PART_OF.get(name, name) for name in inputs] + [NUMBERS] * bool(features)
    return tuple(dict.fromkeys(names))


def inputs_of(modality: str, inputs: Iterable[str]) -> list[str]:
    """The inputs that make up a modality; none for the numbers."""
    return [name for name in inputs if _PART_OF.get(name, name) == modality]


def visible_columns(
    inputs: Sequence[Input], features: Sequence[Feature], off: Collection[str]
) -> NDArray[np.int64]:
    """The columns of the fused matrix that are of no modality in `off`."""
    names = [_PART_OF.get(s.name, s.name) for s in inputs for _ in range(s.width + 1)]
    names += [NUMBERS] * len(features)
    return np.flatnonzero([name not in off for name in names])


def apply_transform(values: NDArray[Any], transform: str) -> NDArray[np.float64]:
    """A feature's values before scaling; NaN (unknown) stays NaN.

    Counts span orders of magnitude: log1p brings them together; below 0 it mirrors.
    """
    numbers = np.asarray(values, dtype=np.float64)
    return np.sign(numbers) * np.log1p(np.abs(numbers)) if transform == "log1p" else numbers


def fuse(columns: Columns, inputs: Sequence[Input], features: Sequence[Feature]) -> Matrix:
    """The fused matrix, rows by `fused_width`, float32.

    An absent vector is zeros whatever its column holds, and an unknown number is the training mean.
    """
    rows = len(next(iter(columns.values())))
    fused: Matrix = np.empty((rows, fused_width(inputs, features)), dtype=np.float32)
    start = 0
    for source in inputs:
        vectors = np.asarray(columns[f"{source.name}_vector"], dtype=np.float32)
        if vectors.shape != (rows, source.width):
            raise ValueError(f"{source.name}: {vectors.shape}, not {rows} x {source.width}")
        end = start + source.width
        np.multiply(vectors, np.float32(source.scale), out=fused[:, start:end])
        present = np.asarray(columns[f"{source.name}_present"], dtype=np.float32)
        fused[~(present > 0), start:end] = 0
        fused[:, end] = present
        start = end + 1
    for place, feature in enumerate(features, start):
        fused[:, place] = _scaled(columns[feature.name], feature)
    return fused


def _scaled(values: NDArray[Any], feature: Feature) -> NDArray[np.float32]:
    scaled = (apply_transform(values, feature.transform) - feature.mean) / feature.std
    clipped = np.clip(np.where(np.isfinite(scaled), scaled, 0.0), -CLIP, CLIP)
    return (clipped * NUMBER_SCALE).astype(np.float32)

"""The columns that a model's heads read, from vectors and numbers at hand: no Spark, no torch.

`model/inputs.py` joins the same from the lake's tables; a post gives the same columns either way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmsweep.encoders.stored import cosine, matrix_of, stored
from harmsweep.model.fusion import SIMILARITY, Input
from harmsweep.model.manifest import Manifest
from harmsweep.model.windows import NAME
from harmsweep.tables.catalog import AUTHOR_NUMBERS

_OF_AUTHOR = {field.name for field in AUTHOR_NUMBERS}
OwnColumns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class PostInputs:
    """What is known of a post: numbers by name, stored vectors by input and encoder."""

    numbers: Mapping[str, float | None]
    vectors: Mapping[tuple[str, str], bytes]
    # An author that was attached by hash says nothing of the post.
    is_author_assigned: bool = False

    def vector(self, source: Input) -> bytes | None:
        """The post's vector of an input, if it has one by the input's encoder."""
        if self.is_author_assigned and source.name == "description":
            return None
        return self.vectors.get((source.name, source.encoder_id))

    def number(self, name: str) -> float | None:
        """A number of the post, if it is known."""
        is_unknown = self.is_author_assigned and name in _OF_AUTHOR
        return None if is_unknown else self.numbers.get(name)


def columns_of_posts(posts: Sequence[PostInputs], manifest: Manifest) -> OwnColumns:
    """A row a post. The similarity of caption and picture is computed, whatever the numbers say.

    Raises:
        ValueError: a vector is not of its input's width.
    """
    matrices, present = {}, {}
    for source in manifest.inputs:
        vectors = [post.vector(source) for post in posts]
        present[source.name] = np.array([vector is not None for vector in vectors])
        zeros = bytes(stored(np.zeros((1, source.width)))[0])
        matrices[source.name] = matrix_of([vector or zeros for vector in vectors], source.width)
    if manifest.windows is not None:
        values = [post.vector(manifest.windows) for post in posts]
        matrices[NAME] = np.array(values, dtype=object)
    numbers = {
        feature.name: np.array([post.number(feature.name) for post in posts], dtype=float)
        for feature in manifest.features
        if feature.name != SIMILARITY
    }
    columns = columns_of(manifest, len(posts), matrices, present, numbers)
    fill_similarity(columns)
    return columns


def columns_of(
    manifest: Manifest,
    rows: int,
    vectors: Mapping[str, NDArray[Any]],
    present: Mapping[str, NDArray[np.bool_]],
    numbers: Mapping[str, NDArray[Any]],
) -> OwnColumns:
    """The model's columns of so many rows; an input or number that is not given is absent.

    `vectors` are rows by width, `present` says which of them there are. Absent vectors are zeros
    with their mask off, absent numbers NaN. Windows are values as they are stored, or None.
    """
    columns: OwnColumns = {}
    for source in manifest.inputs:
        zeros = np.zeros((rows, source.width), np.float32)
        columns[f"{source.name}_vector"] = vectors.get(source.name, zeros)
        columns[f"{source.name}_present"] = present.get(source.name, np.zeros(rows, dtype=bool))
    if manifest.windows is not None:
        none = np.full(rows, None, dtype=object)
        columns[f"{NAME}_vector"] = vectors.get(NAME, none)
    for feature in manifest.features:
        columns[feature.name] = numbers.get(feature.name, np.full(rows, np.nan))
    return columns


def fill_similarity(columns: OwnColumns) -> None:
    """Set the cosine of caption and picture, where a model reads it and both, as they are there."""
    if SIMILARITY not in columns or not {"caption_vector", "image_vector"} <= columns.keys():
        return
    for row in range(len(columns[SIMILARITY])):
        there = columns["caption_present"][row] and columns["image_present"][row]
        pair = (stored(columns[f"{name}_vector"][[row]])[0] for name in ("caption", "image"))
        value = cosine(*pair) if there else None
        columns[SIMILARITY][row] = np.nan if value is None else value

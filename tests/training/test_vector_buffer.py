"""Vectors that wait beside the shuffle come back to their own rows."""

import numpy as np
import pytest

from harmsweep.encoders.stored import stored
from harmsweep.training.vector_buffer import Batch, VectorBuffer

WIDTHS = {"text_vector": 2}


def row_group(first: int, present: list[bool]) -> Batch:
    numbers = np.arange(first, first + len(present), dtype=np.float32)
    values = stored(np.stack([numbers, -numbers], axis=1))
    vectors = [value if there else None for value, there in zip(values, present, strict=True)]
    return {"n": numbers, "text_vector": np.array(vectors, dtype=object)}


def test_rows_of_several_row_groups_get_their_vectors_back() -> None:
    groups = [row_group(1, [True, False, True]), row_group(4, [False, True])]
    vectors = VectorBuffer(WIDTHS)
    thin = [vectors.keep(rows, number) for number, rows in enumerate(groups)]
    assert all("text_vector" not in rows for rows in thin)
    order = [4, 0, 3, 2, 1]
    mixed = {name: np.concatenate([rows[name] for rows in thin])[order] for name in thin[0]}
    back = vectors.put_back(mixed)
    assert back["n"].tolist() == [5, 1, 4, 3, 2]
    assert back["text_vector"].tolist() == [[5, -5], [1, -1], [0, 0], [3, -3], [0, 0]]


def test_a_row_group_without_a_vector_has_zeros() -> None:
    vectors = VectorBuffer(WIDTHS)
    back = vectors.put_back(vectors.keep(row_group(1, [False, False]), 0))
    assert back["text_vector"].tolist() == [[0, 0], [0, 0]]


def test_a_row_group_is_dropped_when_its_last_row_has_left() -> None:
    vectors = VectorBuffer(WIDTHS)
    thin = vectors.keep(row_group(1, [True, True]), 0)
    vectors.put_back({name: values[:1] for name, values in thin.items()})
    vectors.put_back({name: values[1:] for name, values in thin.items()})
    with pytest.raises(KeyError):
        vectors.put_back(dict(thin))


def test_values_of_another_length_each_come_back_as_they_are_stored() -> None:
    rows = row_group(1, [True, True, False]) | {"windows": np.array([b"ab", None, b"c"], object)}
    vectors = VectorBuffer(WIDTHS, ["windows"])
    thin = vectors.keep(rows, 0)
    assert "windows" not in thin
    back = vectors.put_back({name: values[[2, 0, 1]] for name, values in thin.items()})
    assert back["windows"].tolist() == [b"c", b"ab", None]

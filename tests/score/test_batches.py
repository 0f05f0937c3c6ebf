"""From Arrow batches to the model's inputs, without an object per row."""

import numpy as np
import pyarrow as pa
import pytest

from harmsweep.fusion import Input
from harmsweep.score.batches import as_columns, matrix

SOURCE = Input(name="text", encoder_id="e", width=2)
VECTORS = pa.list_(pa.float32())


def test_vectors_without_a_null_are_not_copied() -> None:
    vectors = pa.array([[1, 2], [3, 4]], VECTORS)
    found = matrix(vectors, SOURCE)
    assert found.tolist() == [[1, 2], [3, 4]]
    assert np.shares_memory(found, vectors.values.to_numpy())


def test_a_slice_of_a_batch_is_the_rows_of_the_slice() -> None:
    vectors = pa.array([[1, 2], [3, 4], [5, 6]], VECTORS).slice(1, 1)
    assert matrix(vectors, SOURCE).tolist() == [[3, 4]]


def test_an_absent_vector_is_zeros() -> None:
    vectors = pa.array([None, [1, 2], None], VECTORS)
    assert matrix(vectors, SOURCE).tolist() == [[0, 0], [1, 2], [0, 0]]
    assert matrix(pa.array([None], VECTORS), SOURCE).tolist() == [[0, 0]]
    assert matrix(pa.array([], VECTORS), SOURCE).shape == (0, 2)


@pytest.mark.parametrize("wrong", [[[1, 2], [3]], [[1], [2, 3, 4]], [[1, 2], [3, None]]], ids=str)
def test_a_vector_of_another_width_is_refused_by_name(wrong: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="text: a vector is not of 2 numbers"):
        matrix(pa.array(wrong, VECTORS), SOURCE)


def test_a_score_that_is_no_number_stays_one() -> None:
    nan, half = (column.to_pylist()[0] for column in as_columns(np.array([[np.nan, 0.5]])))
    assert np.isnan(nan) and half == 0.5

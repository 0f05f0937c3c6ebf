"""Vectors as binary values and back."""

import numpy as np
import pyarrow as pa
import pytest

from harmsweep.encoders.stored import cosine, matrix, matrix_of, mean, stored, width_of

ONE, OTHER = stored(np.array([[1.0, 2.0], [3.0, -4.5]]))


def test_a_vector_is_two_bytes_a_number() -> None:
    assert list(ONE) == [0x00, 0x3C, 0x00, 0x40]
    assert matrix_of([ONE, OTHER], 2).tolist() == [[1, 2], [3, -4.5]]


def test_a_number_too_large_becomes_infinite() -> None:
    assert np.isinf(matrix_of(stored(np.array([[7e4]])), 1)).all()


def test_a_column_is_a_matrix_with_zeros_where_it_is_null() -> None:
    column = pa.array([None, ONE, None, OTHER], pa.binary())
    assert matrix(column, 2).tolist() == [[0, 0], [1, 2], [0, 0], [3, -4.5]]
    assert matrix(pa.array([None], pa.binary()), 2).tolist() == [[0, 0]]
    assert matrix(pa.array([], pa.binary()), 2).shape == (0, 2)


def test_a_slice_of_a_column_is_the_rows_of_the_slice() -> None:
    column = pa.array([ONE, None, OTHER], pa.binary())
    assert matrix(column.slice(1, 2), 2).tolist() == [[0, 0], [3, -4.5]]
    assert matrix(pa.chunked_array([column, column.slice(2)]), 2)[-1].tolist() == [3, -4.5]


@pytest.mark.parametrize("wrong", [[ONE, b"\0\0"], [b""], [ONE + OTHER], [b"\0"]], ids=str)
def test_a_vector_of_another_width_is_refused(wrong: list[bytes]) -> None:
    with pytest.raises(ValueError, match="not of 2 numbers"):
        matrix(pa.array(wrong, pa.binary()), 2)
    with pytest.raises(ValueError, match="not of 2 numbers"):
        matrix_of(wrong, 2)


def test_the_width_is_that_of_the_vectors_that_there_are() -> None:
    assert width_of(pa.chunked_array([pa.array([None, ONE], pa.binary())])) == 2
    assert width_of(pa.chunked_array([pa.array([None], pa.binary())])) is None


def test_the_mean_is_rounded_once() -> None:
    assert mean([ONE, OTHER]) == stored(np.array([[2.0, -1.25]]))[0]
    assert mean([ONE]) == ONE


def test_a_vector_of_zeros_has_no_direction() -> None:
    assert cosine(ONE, stored(np.zeros((1, 2)))[0]) is None
    assert cosine(ONE, ONE) == pytest.approx(1)

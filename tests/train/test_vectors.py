"""Vectors that wait beside the shuffle come back to their own rows."""

import numpy as np
import pytest

from harmsweep.train.vectors import Batch, Vectors


def row_group(first: int, present: list[bool]) -> Batch:
    numbers = np.arange(first, first + len(present), dtype=np.float32)
    flags = np.array(present)
    vectors = np.stack([numbers, -numbers], axis=1) * flags[:, None]
    return {"n": numbers, "text_present": flags, "text_vector": vectors}


def test_rows_of_several_row_groups_get_their_vectors_back() -> None:
    groups = [row_group(1, [True, False, True]), row_group(4, [False, True])]
    vectors = Vectors()
    thin = [vectors.keep(rows, number) for number, rows in enumerate(groups)]
    assert all("text_vector" not in rows for rows in thin)
    order = [4, 0, 3, 2, 1]
    mixed = {name: np.concatenate([rows[name] for rows in thin])[order] for name in thin[0]}
    back = vectors.put_back(mixed)
    whole = {name: np.concatenate([rows[name] for rows in groups])[order] for name in groups[0]}
    assert back.keys() == whole.keys()
    assert all(np.array_equal(back[name], whole[name]) for name in whole)


def test_a_row_group_is_dropped_when_its_last_row_has_left() -> None:
    vectors = Vectors()
    thin = vectors.keep(row_group(1, [True, True]), 0)
    vectors.put_back({name: values[:1] for name, values in thin.items()})
    vectors.put_back({name: values[1:] for name, values in thin.items()})
    with pytest.raises(KeyError):
        vectors.put_back(dict(thin))


def test_a_vector_whose_presence_is_not_read_stays_in_the_row() -> None:
    rows = row_group(1, [True])
    del rows["text_present"]
    thin = Vectors().keep(rows, 0)
    assert thin["text_vector"].tolist() == [[1.0, -1.0]]

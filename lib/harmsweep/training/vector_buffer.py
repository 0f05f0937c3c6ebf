"""Vectors beside the shuffle: rows go through petastorm's buffer without their wide vectors.

Most posts lack most inputs: of 6,400 numbers in a row with every input, nearly all are zeros. The
buffer copies each row several times, so it gets a row's place only, and the vectors of the rows
that have one wait here until all rows of their row group have left.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmsweep.encoders.stored import matrix_of

Batch = dict[str, NDArray[Any]]
GROUP, ROW = "_group", "_row"


@dataclass
class _RowGroup:
    """Per input: the vectors of the rows that have one, and each row's place there, or -1.

    `values` are of every row, as they are stored.
    """

    vectors: Batch
    places: Batch
    values: Batch
    waiting: int


@dataclass
class VectorBuffer:
    """The vectors of the row groups that are on their way, by column with their widths.

    Columns of `values` hold text, or another number of vectors in each row: they are given as
    stored.
    """

    widths: Mapping[str, int]
    values: Sequence[str] = ()
    _groups: dict[int, _RowGroup] = field(default_factory=dict)

    def keep(self, rows: Batch, group: int) -> Batch:
        """The row group without its vectors, and with each row's place."""
        count = len(next(iter(rows.values())))
        values = {name: np.asarray(rows[name], dtype=object) for name in self.values}
        stored = _RowGroup({}, {}, values, count)
        for name, width in self.widths.items():
            present = np.array([value is not None for value in rows[name]])
            stored.vectors[name] = matrix_of(rows[name][present], width)
            stored.places[name] = np.where(present, np.cumsum(present) - 1, -1)
        self._groups[group] = stored
        kept = {*self.widths, *self.values}
        thin = {name: column for name, column in rows.items() if name not in kept}
        return thin | {GROUP: np.full(count, group), ROW: np.arange(count)}

    def put_back(self, batch: Batch) -> Batch:
        """The batch with its vectors; those of absent inputs are zeros."""
        groups, rows = batch.pop(GROUP), batch.pop(ROW)
        for group in np.unique(groups):
            here = np.flatnonzero(groups == group)
            stored = self._groups[int(group)]
            for name, places in stored.places.items():
                wanted = places[rows[here]]
                empty = np.zeros((len(rows), self.widths[name]), dtype=np.float32)
                whole = batch.setdefault(name, empty)
                whole[here[wanted >= 0]] = stored.vectors[name][wanted[wanted >= 0]]
            for name, values in stored.values.items():
                none = np.full(len(rows), None, dtype=object)
                batch.setdefault(name, none)[here] = values[rows[here]]
            stored.waiting -= len(here)
            if not stored.waiting:
                del self._groups[int(group)]
        return batch


@dataclass(frozen=True)
class RowGroups:
    """What petastorm's loader asks of a reader: the row groups, here without their vectors."""

    row_groups: Iterable[Any]
    vectors: VectorBuffer
    batched_output: bool = True

    def __iter__(self) -> Iterator["_Thin"]:
        for number, rows in enumerate(self.row_groups):
            yield _Thin(self.vectors.keep(rows._asdict(), number))


@dataclass(frozen=True)
class _Thin:
    columns: Batch

    def _asdict(self) -> Batch:
        return self.columns

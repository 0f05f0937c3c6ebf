"""Vectors beside the shuffle: rows go through petastorm's buffer without their wide vectors.

Most posts lack most inputs: of 6,400 numbers in a row with every input, nearly all are zeros. The
buffer copies each row several times, so it gets a row's place only, and the vectors of the rows
that have one wait here until all rows of their row group have left.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmsweep.encoders.stored import matrix_of

Batch = dict[str, NDArray[Any]]
GROUP, ROW = "_group", "_row"


@dataclass
class _RowGroup:
    """Per input: the vectors of the rows that have one, and each row's place there, or -1."""

    vectors: Batch
    places: Batch
    waiting: int


@dataclass
class VectorBuffer:
    """The vectors of the row groups that are on their way, by column with their widths."""

    widths: Mapping[str, int]
    _groups: dict[int, _RowGroup] = field(default_factory=dict)

    def keep(self, rows: Batch, group: int) -> Batch:
        """The row group without its vectors, and with each row's place."""
        count = len(next(iter(rows.values())))
        stored = _RowGroup({}, {}, count)
        for name, width in self.widths.items():
            present = np.array([value is not None for value in rows[name]])
            stored.vectors[name] = matrix_of(rows[name][present], width)
            stored.places[name] = np.where(present, np.cumsum(present) - 1, -1)
        self._groups[group] = stored
        thin = {name: values for name, values in rows.items() if name not in stored.vectors}
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

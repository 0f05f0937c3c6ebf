"""The heads over batches of stored vectors, in a Python worker.

Arrow all the way: a column of vectors is a matrix already, without an object per row. Imports torch
inside: the driver names these functions, and must not load torch before it forks.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harmsweep.encoders.stored import matrix
from harmsweep.model.columns import columns_of
from harmsweep.model.manifest import Manifest, group_hash
from harmsweep.stages.score.score_rows import CARRIED


def score_batches(batches: Iterator[pa.RecordBatch], *, path: str) -> Iterator[pa.RecordBatch]:
    """The carried columns of each batch, `trained_on` and one column per head."""
    from harmsweep.model.network import load_heads, score_columns

    manifest, heads = load_heads(Path(path))
    groups = frozenset(manifest.groups)
    for batch in batches:
        scores = score_columns(manifest, heads, batch_columns(batch, manifest))
        trained_on = [group_hash(name) in groups for name in batch["split_group"].to_pylist()]
        arrays = [batch[name] for name in CARRIED] + [pa.array(trained_on, pa.bool_())]
        names = [*CARRIED, "trained_on", *manifest.harms]
        yield pa.RecordBatch.from_arrays(arrays + as_columns(scores), names)


def as_columns(scores: NDArray[np.float64]) -> list[pa.Array]:
    """Scores, rows by harms, as one column per harm; NaN stays NaN."""
    return [pa.array(column) for column in np.ascontiguousarray(scores.T)]


def batch_columns(batch: pa.RecordBatch, manifest: Manifest) -> dict[str, NDArray[Any]]:
    """The batch's inputs as numpy: vectors as matrices, unknown numbers as NaN."""
    vectors: dict[str, NDArray[Any]] = {}
    present = {}
    for source in manifest.inputs:
        known = batch[f"{source.name}_present"].fill_null(False)
        present[source.name] = known.to_numpy(zero_copy_only=False)
        vectors[source.name] = matrix(batch[f"{source.name}_vector"], source.width)
    if manifest.windows is not None:
        values = batch[f"{manifest.windows.name}_vector"].to_pylist()
        vectors[manifest.windows.name] = np.array(values, dtype=object)
    numbers = {
        feature.name: batch[feature.name].cast(pa.float64()).to_numpy(zero_copy_only=False)
        for feature in manifest.features
    }
    return columns_of(manifest, batch.num_rows, vectors, present, numbers)

"""The heads over batches of stored vectors, in a Python worker.

Imports torch inside: the driver names these functions, and must not load torch before it forks.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmsweep.fusion import Input
from harmsweep.manifest import Manifest, group_hash


def score_batches(batches: Iterator[pd.DataFrame], *, path: str) -> Iterator[pd.DataFrame]:
    """Replace a batch's input columns by one column per head and `trained_on`."""
    from harmsweep.model import load_heads, score_columns

    manifest, heads = load_heads(Path(path))
    groups = frozenset(manifest.groups)
    for batch in batches:
        columns = columns_of(batch, manifest)
        scores = score_columns(manifest, heads, columns)
        kept = batch.drop(columns=list(columns))
        kept["trained_on"] = [group_hash(name) in groups for name in batch["split_group"]]
        for place, harm in enumerate(manifest.harms):
            kept[harm] = scores[:, place]
        yield kept


def columns_of(batch: pd.DataFrame, manifest: Manifest) -> dict[str, NDArray[Any]]:
    """The batch's inputs as numpy: vectors as matrices, unknown numbers as NaN."""
    found: dict[str, NDArray[Any]] = {}
    for source in manifest.inputs:
        found[f"{source.name}_present"] = batch[f"{source.name}_present"].to_numpy(dtype=bool)
        found[f"{source.name}_vector"] = _matrix(batch[f"{source.name}_vector"], source)
    for feature in manifest.features:
        found[feature.name] = batch[feature.name].to_numpy(dtype=np.float64)
    return found


def _matrix(vectors: "pd.Series[Any]", source: Input) -> NDArray[np.float32]:
    if vectors.empty:
        return np.zeros((0, source.width), dtype=np.float32)
    return np.stack(vectors.to_list()).astype(np.float32)

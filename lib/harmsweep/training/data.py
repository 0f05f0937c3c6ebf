"""Batches of a snapshot's part through petastorm: sharded by row group, never all in memory."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

from harmsweep.model.fusion import Feature, Input, apply_transform, input_columns
from harmsweep.training.vector_buffer import Batch, RowGroups, VectorBuffer


def batches(
    part: Path,
    columns: Sequence[str],
    *,
    batch: int,
    inputs: Sequence[Input] = (),
    windows: Input | None = None,
    names: Sequence[str] = (),
    seed: int | None = None,
    shuffle_rows: int = 0,
    shard: tuple[int, int] | None = None,
) -> Iterator[Batch]:
    """The columns of a part and `inputs`, `batch` rows at a time; shuffled where a seed is given.

    `columns` are numbers, `names` text. Row groups come in the seed's order and rows leave a buffer
    of `shuffle_rows` at random (torch's generator); one reading thread keeps their order the same.
    `shard` is this one, of how many.
    """
    from petastorm.pytorch import BatchedDataLoader

    this, of = shard or (None, None)
    vectors = _vector_buffer(inputs, windows, names)
    reader = _reader(part, [*columns, *vectors.values, *input_columns(inputs, [])], seed, this, of)
    try:
        once = islice(reader, len(range(this or 0, _row_groups(part), of or 1)))
        # torch.tensor copies: petastorm's arrays are views of Arrow's memory, which is read-only.
        loader = BatchedDataLoader(
            RowGroups(once, vectors),
            batch_size=batch,
            transform_fn=torch.tensor,
            shuffling_queue_capacity=shuffle_rows if seed is not None else 0,
        )
        for tensors in loader:
            yield vectors.put_back({name: tensor.numpy() for name, tensor in tensors.items()})
    finally:
        reader.stop()
        reader.join()


def _vector_buffer(
    inputs: Sequence[Input], windows: Input | None, names: Sequence[str]
) -> VectorBuffer:
    widths = {f"{source.name}_vector": source.width for source in inputs}
    return VectorBuffer(widths, [*names, *([f"{windows.name}_vector"] if windows else [])])


def _reader(
    part: Path, columns: Sequence[str], seed: int | None, this: int | None, of: int | None
) -> Any:
    """petastorm's endless reader of a part, or of shard `this` of so many.

    petastorm 0.13.1 asks whether its workers are idle before it asks whether all row groups were
    handed out: a reader of one pass ended early, without an error, in 1 of 8 trials on a busy
    machine. An endless one never thinks that it is done, so the row groups are counted.
    """
    # Only the trainer's environment has petastorm; the rest of this package is tested without.
    from petastorm import make_batch_reader

    return make_batch_reader(
        part.resolve().as_uri(),
        schema_fields=[f"^{name}$" for name in columns],
        reader_pool_type="thread",
        workers_count=1,
        shuffle_row_groups=seed is not None,
        seed=seed,
        cur_shard=this,
        shard_count=of,
        num_epochs=None,
    )


def _row_groups(part: Path) -> int:
    files = [pq.read_metadata(path) for path in sorted(part.glob("*.parquet"))]
    return sum(int(metadata.num_row_groups) for metadata in files if metadata.num_rows)


def fit_scaling(
    part: Path, inputs: Sequence[Input], transforms: Mapping[str, str], *, batch: int
) -> tuple[tuple[Input, ...], tuple[Feature, ...]]:
    """The inputs and features with the statistics of a part, from one pass over it.

    Vectors are scaled to a mean squared length of 1, numbers to mean 0 and standard deviation 1.
    """
    sums = {name: np.zeros(3) for name in [*transforms, *(source.name for source in inputs)]}
    features = [Feature.model_validate({"name": n, "transform": t}) for n, t in transforms.items()]
    for rows in batches(part, list(transforms), inputs=inputs, batch=batch):
        for name, transform in transforms.items():
            values = apply_transform(rows[name], transform)
            sums[name] += _moments(values[np.isfinite(values)])
        for source in inputs:
            present = rows[f"{source.name}_present"].astype(bool)
            lengths = np.linalg.norm(rows[f"{source.name}_vector"][present].astype(float), axis=1)
            sums[source.name] += _moments(lengths)
    scaled = [s.model_copy(update={"scale": _vector_scale(sums[s.name])}) for s in inputs]
    return tuple(scaled), tuple(_standardised(f, sums[f.name]) for f in features)


def _moments(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([len(values), values.sum(), np.square(values).sum()])


def _vector_scale(moments: NDArray[np.float64]) -> float:
    count, _, squares = moments
    return float(np.sqrt(count / squares)) if squares > 0 else 1.0


def _standardised(feature: Feature, moments: NDArray[np.float64]) -> Feature:
    count, total, squares = moments
    if count == 0:
        return feature
    mean = total / count
    deviation = float(np.sqrt(max(squares / count - mean**2, 0.0)))
    # A number that never varies says nothing: any scale gives 0 for it.
    return feature.model_copy(update={"mean": float(mean), "std": deviation or 1.0})

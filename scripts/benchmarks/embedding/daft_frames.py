"""Daft with its own embed_text, as documented, and with our function in a class."""

import time
from typing import Any

import daft
import numpy as np
from daft.functions import embed_text

from embedding.job import (
    WIDTH,
    Collected,
    Engine,
    Job,
    embed,
    first_mark,
    folder,
    mark,
    share,
    tuned,
    write_delta,
)

VECTOR = daft.DataType.fixed_size_list(daft.DataType.float32(), WIDTH)


def documented(job: Job) -> Engine:
    """embed_text with the provider transformers and its default batch."""
    return _engine(job, embed_text(daft.col("text"), provider="transformers", model=folder()))


def ours(job: Job) -> Engine:
    """A class with our function, a core's share at once."""
    scratch = job.scratch
    batch: Any = daft.method.batch(return_dtype=VECTOR, batch_size=share(job))

    @daft.cls
    class Ours:
        def __init__(self) -> None:
            tuned()

        @batch  # type: ignore[untyped-decorator]
        def vectors(self, texts: Any) -> Any:
            mark(scratch, time.time())
            return np.asarray(embed(texts.to_pylist()))

    return _engine(job, Ours().vectors(daft.col("text")))


def _engine(job: Job, expression: Any) -> Engine:
    # The same expression each time: an instance in this process is kept with it.
    def frame() -> Any:
        texts = daft.read_parquet(str(job.texts / "*.parquet"))
        return texts.select(daft.col("input_hash"), expression.alias("vector"))

    def collect() -> Collected:
        started = time.time()
        found = frame().to_arrow()
        return Collected(found, _startup(job, started))

    # Not Daft's own writer of Delta tables, which asks for pyiceberg.
    return Engine(lambda path: write_delta(path, collect().table), collect, lambda: None)


def _startup(job: Job, started: float) -> float:
    """Seconds before the first batch, where workers leave notes of it."""
    noted = any(job.scratch.glob("begun-*"))
    return first_mark(job.scratch) - started if noted else 0.0

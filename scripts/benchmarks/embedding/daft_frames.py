"""Daft with its own embed_text, as documented, and with our function in a class."""

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
    folder,
    last,
    note,
    share,
    tuned,
    write_delta,
)

VECTOR = daft.DataType.fixed_size_list(daft.DataType.float32(), WIDTH)


def documented(job: Job) -> Engine:
    """embed_text with the provider transformers and its default batch."""
    return _engine(job, embed_text(daft.col("text"), provider="transformers", model=folder()))


def ours(job: Job) -> Engine:
    """A class with our function, a process a core, a core's share at once."""
    scratch = job.scratch
    batch: Any = daft.method.batch(return_dtype=VECTOR, batch_size=share(job))

    # In Daft's own threads, its default, our function ends the process by a fault in memory.
    @daft.cls(max_concurrency=job.cores, use_process=True)
    class Ours:
        def __init__(self) -> None:
            tuned()
            note(scratch, "ready")

        @batch  # type: ignore[untyped-decorator]
        def vectors(self, texts: Any) -> Any:
            found = np.asarray(embed(texts.to_pylist()))
            note(scratch, "done")
            return found

    return _engine(job, Ours().vectors(daft.col("text")))


def _engine(job: Job, expression: Any) -> Engine:
    # The same expression each time: an instance in this process is kept with it.
    def frame() -> Any:
        texts = daft.read_parquet(str(job.texts / "*.parquet"))
        return texts.select(daft.col("input_hash"), expression.alias("vector"))

    def collect() -> Collected:
        found = frame().to_arrow()
        # The processes end within the run, which takes a second: until the last batch it is work.
        ready, done = last(job.scratch, "ready"), last(job.scratch, "done")
        return Collected(found, done - ready if ready and done else None)

    # Not Daft's own writer of Delta tables, which asks for pyiceberg.
    return Engine(lambda path: write_delta(path, collect().table), collect, lambda: None)

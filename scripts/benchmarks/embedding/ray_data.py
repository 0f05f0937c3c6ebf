"""Ray Data with a pool of actors, as documented and with our function."""

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import ray

from embedding.job import Collected, Engine, Job, embed, folder, last, note, share, tuned

# The batch of its guides to embedding texts with a sentence encoder.
DOCUMENTED_BATCH = 100


class Documented:
    """A callable class that loads the model once an actor."""

    def __init__(self, scratch: Path) -> None:
        from sentence_transformers import SentenceTransformer

        self.model = SentenceTransformer(folder(), device="cpu")
        self.model.encode(["a first call is start-up as well"])
        note(scratch, "ready")

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        batch["vector"] = self.model.encode(batch.pop("text").tolist())
        return batch


class Ours:
    """The same with our function."""

    def __init__(self, scratch: Path) -> None:
        tuned()
        note(scratch, "ready")

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        batch["vector"] = np.asarray(embed(batch.pop("text").tolist()))
        return batch


def documented(job: Job) -> Engine:
    """read_parquet and map_batches with an actor a core."""
    return _engine(job, Documented, DOCUMENTED_BATCH)


def ours(job: Job) -> Engine:
    """The same, a core's share at once."""
    return _engine(job, Ours, share(job))


def _engine(job: Job, function: type, batch_size: int) -> Engine:
    # Not in the scratch folder: a socket's path must be short.
    own = tempfile.mkdtemp(prefix="ray-")
    # One more than there are: where actors hold all, the tasks that read and write wait for ever.
    ray.init(
        num_cpus=job.cores + 1,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="error",
        _temp_dir=own,
    )
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    # All actors are up before the first batch, which parts start-up from work.
    context.wait_for_min_actors_s = 120

    def dataset() -> Any:
        # Small files make one block, on which one actor works alone: Ray's own warning says so.
        texts = ray.data.read_parquet(str(job.texts)).repartition(job.cores)
        return texts.map_batches(
            function,
            fn_constructor_args=(job.scratch,),
            compute=ray.data.ActorPoolStrategy(size=job.cores),
            batch_size=batch_size,
        )

    def write(path: Path) -> None:
        dataset().write_delta(str(path))
        last(job.scratch, "ready")

    def collect() -> Collected:
        tables = ray.get(dataset().to_arrow_refs())
        ended, ready = time.time(), last(job.scratch, "ready")
        return Collected(pa.concat_tables(tables), ended - ready if ready else None)

    def stop() -> None:
        ray.shutdown()
        shutil.rmtree(own, ignore_errors=True)

    return Engine(write, collect, stop)

"""What an engine is given and what it gives back: the same for all of them."""

import os
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from harmsweep.encoders.conf import load_encoders

WIDTH = 384


class Job(NamedTuple):
    """The work: embed every text of Parquet files (input_hash, text) on some cores."""

    texts: Path  # a folder with one file a core
    size: int  # how many posts
    cores: int
    scratch: Path  # an empty folder of this process


class Collected(NamedTuple):
    """A warm run's table of input_hash and vector; seconds of work where it was not all work.

    Some engines start workers anew for each run, and end them in it. What passes until the last of
    them is ready is start-up, and no part of a warm run.
    """

    table: pa.Table
    work: float | None = None


class Round(NamedTuple):
    """One engine's measures of one round: seconds, bytes, rows, and the least cosine.

    `java` are the processor seconds that Java took in each warm run: none of them embeds a text.
    """

    cold: float
    warm: list[float]
    startup: list[float]
    pss: int
    rows: int
    cosine: float
    java: Sequence[float] = ()


class Engine(NamedTuple):
    """A started engine: write the vectors to a Delta table, collect them again, stop."""

    write: Callable[[Path], None]
    collect: Callable[[], Collected]
    stop: Callable[[], None]


def folder() -> str:
    """The encoder's files, checked against their hashes."""
    from harmsweep.encoders.conf import verify

    return str(verify(load_encoders()["text"]))


@cache
def tuned() -> Any:
    """Our loaded model, once a process, after a first call: that is start-up as well."""
    from harmsweep.encoders import text

    model = text.load(load_encoders()["text"], "cpu")
    text.embed(model, text.EXAMPLES[:2])
    return model


def embed(texts: list[str]) -> Any:
    """Vectors [texts, WIDTH] by our function, as the stage calls it."""
    from harmsweep.encoders import text

    return text.embed(tuned(), texts).vectors


def share(job: Job) -> int:
    """Texts to hand to our function at once: a core's share, and at most what the stage holds."""
    from harmsweep.encoders import text

    return min(int(text.BUFFER), -(-job.size // job.cores))


def table(hashes: list[str], vectors: Any) -> pa.Table:
    """Vectors [texts, WIDTH] beside their hashes."""
    flat = pa.array(vectors.reshape(-1))
    lists = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    return pa.table({"input_hash": pa.array(hashes, pa.string()), "vector": lists})


def read(job: Job) -> tuple[list[str], list[str]]:
    """All hashes and texts, for engines that have no reader of their own."""
    import pyarrow.parquet as pq

    found = pq.read_table(job.texts)
    return found.column("input_hash").to_pylist(), found.column("text").to_pylist()


def write_delta(path: Path, found: pa.Table) -> None:
    """A Delta table of the rows, for engines that have no writer of their own."""
    import deltalake

    deltalake.write_deltalake(str(path), found)


def note(folder: Path, what: str) -> None:
    """A worker's note that something happened now, such as that it is ready."""
    (folder / f"{what}-{os.getpid()}-{time.time():.6f}").touch()


def last(folder: Path, what: str) -> float | None:
    """When it last happened in any worker; the notes are taken away for the next run."""
    notes = list(folder.glob(f"{what}-*"))
    times = [float(note.name.rpartition("-")[2]) for note in notes]
    for found in notes:
        found.unlink()
    return max(times, default=None)

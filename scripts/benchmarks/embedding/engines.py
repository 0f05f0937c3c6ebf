"""Every engine: its name, what it is, and the function that starts it, imported where it runs."""

from importlib import import_module
from typing import NamedTuple

from embedding.job import Engine, Job

OURS, LOOP = "ours", "loop"


class Entry(NamedTuple):
    """An engine: its module and function; its peer, and whether our function is inside."""

    starter: str
    peer: str
    with_ours: bool
    what: str


ENGINES = {
    OURS: Entry("spark:ours", "harmsweep", True, "the embed stage"),
    LOOP: Entry("processes:loop", "bare loop", True, "no engine"),
    "predict": Entry("spark:predict_documented", "predict_batch_udf", False, "as documented"),
    "predict+ours": Entry("spark:predict_ours", "predict_batch_udf", True, "our function"),
    "ray": Entry("ray_data:documented", "Ray Data", False, "as documented"),
    "ray+ours": Entry("ray_data:ours", "Ray Data", True, "our function"),
    "daft": Entry("daft_frames:documented", "Daft", False, "as documented"),
    "daft+ours": Entry("daft_frames:ours", "Daft", True, "our function"),
    "st": Entry("processes:encode_documented", "sentence-transformers", False, "as documented"),
    "st+ours": Entry("processes:encode_ours", "sentence-transformers", True, "our function"),
}


def start(name: str, job: Job) -> Engine:
    """The engine, started in this process."""
    module, _, function = ENGINES[name].starter.partition(":")
    engine: Engine = getattr(import_module(f"embedding.{module}"), function)(job)
    return engine

"""The bare loop, and sentence-transformers' pool as documented and with our function."""

import multiprocessing
from pathlib import Path
from typing import Any

import numpy as np

from embedding.job import Collected, Engine, Job, embed, folder, read, table, tuned, write_delta


def loop(job: Job) -> Engine:
    """A process a core, one thread each, its share of the texts at once; no engine at all."""
    pool = multiprocessing.get_context("spawn").Pool(job.cores, tuned)

    def collect() -> Collected:
        hashes, texts = read(job)
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        # Dealt like cards, each core has as many long ones as the next.
        shares = [order[core :: job.cores] for core in range(job.cores)]
        found = pool.map(embed, [[texts[n] for n in share] for share in shares], chunksize=1)
        places = [n for share in shares for n in share]
        return Collected(table([hashes[n] for n in places], np.concatenate(found)))

    return Engine(lambda path: write_delta(path, collect().table), collect, pool.terminate)


def encode_documented(job: Job) -> Engine:
    """SentenceTransformer.encode with a pool of as many CPU processes as cores."""
    from sentence_transformers import SentenceTransformer

    return _encode(job, SentenceTransformer(folder(), device="cpu"), {})


def encode_ours(job: Job) -> Engine:
    """The same pool, with our function in the place of the model's own inference."""
    from embedding.tuned_sentences import TunedSentences

    return _encode(job, TunedSentences(), {"chunk_size": -(-job.size // job.cores)})


def _encode(job: Job, model: Any, options: dict[str, int]) -> Engine:
    pool = model.start_multi_process_pool(["cpu"] * job.cores)

    def collect() -> Collected:
        hashes, texts = read(job)
        return Collected(table(hashes, model.encode(texts, pool=pool, **options)))

    def write(path: Path) -> None:
        write_delta(path, collect().table)

    return Engine(write, collect, lambda: model.stop_multi_process_pool(pool))

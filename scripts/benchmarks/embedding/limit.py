"""The physical limit: what the cores multiply in matrices, and how much of it a text takes.

Prints one line of JSON: the rates of all cores together, in operations a second, by format and
shape. Every core multiplies at the same time, one thread each, as in the engines.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

# M, K, N: MiniLM's widest layer over 1,024 tokens, and a large square.
SHAPES = {"layer": (1024, 384, 1536), "square": (2048, 2048, 2048)}
FORMATS = ("bfloat16", "float32")
SECONDS = 0.6
BLOCKS = 5


class Sizes(NamedTuple):
    """A BERT's sizes, under the names of its config.json."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int


def sizes(folder: Path) -> Sizes:
    """The sizes of the encoder in a folder."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return Sizes(*(int(config[name]) for name in Sizes._fields))


def operations(tokens: Sequence[int], of: Sizes) -> int:
    """Multiplications and additions of the matrix products over texts of so many tokens.

    A layer has four square products and two with the wider middle, 2 operations a weight and token,
    and two products of attention, 2 operations a pair of tokens and dimension. Padding is no work.
    """
    weights = 4 * of.hidden_size**2 + 2 * of.hidden_size * of.intermediate_size
    pairs = sum(n * n for n in tokens)
    return of.num_hidden_layers * (2 * weights * sum(tokens) + 4 * of.hidden_size * pairs)


def _core_rates(cpu: int) -> dict[str, float]:
    """This core's operations a second for each format and shape."""
    os.sched_setaffinity(0, {cpu})
    import torch

    torch.set_num_threads(1)
    found = {}
    for name in FORMATS:
        for shape, (m, k, n) in SHAPES.items():
            left = torch.randn(m, k).to(getattr(torch, name))
            right = torch.randn(k, n).to(left.dtype)
            found[f"{name}_{shape}"] = _rate(partial(torch.matmul, left, right), 2 * m * k * n)
    return found


def _rate(call: Callable[[], object], count: int) -> float:
    """The median of some blocks' rates, after one block that is not counted."""
    rates = []
    for _ in range(BLOCKS + 1):
        calls, started = 0, time.perf_counter()
        while (spent := time.perf_counter() - started) < SECONDS / BLOCKS:
            call()
            calls += 1
        rates.append(calls * count / spent)
    return statistics.median(rates[1:])


def rates(cpus: Sequence[int]) -> dict[str, float]:
    """The sum over the cores, all busy at once."""
    with multiprocessing.get_context("spawn").Pool(len(cpus)) as pool:
        found = pool.map(_core_rates, cpus, chunksize=1)
    return {name: sum(core[name] for core in found) for name in found[0]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpus", required=True, help="numbers of the cores, with commas")
    chosen = parser.parse_args().cpus
    print(json.dumps(rates([int(cpu) for cpu in chosen.split(",")])))

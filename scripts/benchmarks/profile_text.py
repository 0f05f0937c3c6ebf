"""Where a core's time goes when texts are embedded: each operator's share, by torch's profiler.

Takes the texts of a lake's features; beside each kind of work stands how close the matrix products
come to the rate of one large bf16 product of the same run.

    .venv/bin/python scripts/benchmarks/profile_text.py --lake LAKE
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import time
from collections import Counter
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from harmsweep.encoders import text
from harmsweep.encoders.conf import load_encoders
from harmsweep.lake import delta

QUERY = "SELECT normal_text FROM post_features_v1 WHERE normal_text <> '' LIMIT {posts}"
KINDS = {
    "mkldnn_linear": "matrix products",
    "addmm": "matrix products",
    "linear": "matrix products",
    "scaled_dot_product": "attention",
    "gelu": "GELU",
    "layer_norm": "layer norms",
    "add": "sums",
    "copy_": "copies",
}
SHAPE = (1024, 384, 1536)


def main(*, lake: Path, posts: int) -> None:
    """Print the shares of the operators' own time, and the matrix rate."""
    found = delta.query(lake, QUERY.format(posts=posts)).column(0).to_pylist()
    model = text.load(load_encoders()["text"], "cpu")
    text.embed(model, found[:200])
    started = time.perf_counter()
    text.embed(model, found)
    rate = len(found) / (time.perf_counter() - started)
    with profile(activities=[ProfilerActivity.CPU]) as kept:
        text.embed(model, found)
    shares: Counter[str] = Counter()
    for event in kept.key_averages():
        shares[_kind(event.key)] += event.self_cpu_time_total
    total = shares.total()
    print(f"{len(found)} texts, {rate:.0f} a second on one core")
    for kind, spent in shares.most_common():
        print(f"{kind}: {spent / total:.0%}")
    print(f"a bf16 product of {SHAPE}: {_matrix_rate():.0f} x 10^9 operations a second")


def _kind(operator: str) -> str:
    return next((kind for part, kind in KINDS.items() if part in operator), "other")


def _matrix_rate(*, repeats: int = 200) -> float:
    rows, inner, columns = SHAPE
    one = torch.randn(rows, inner, dtype=torch.bfloat16)
    other = torch.randn(columns, inner, dtype=torch.bfloat16)
    started = time.perf_counter()
    for _ in range(repeats):
        torch.nn.functional.linear(one, other)
    return 2 * rows * inner * columns * repeats / (time.perf_counter() - started) / 1e9


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--posts", type=int, default=2000)
    main(**vars(parser.parse_args()))

"""How soon the watch over certified claims finds a fall, and how often it suspends one that holds.

Streams of labels are planted: at the promised precision for a while, and a tenth below from then
on; or at the promise for the whole year.

    .venv/bin/python scripts/benchmarks/watch.py
"""

import argparse
from collections.abc import Iterator

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from harmsweep.policy.share_bounds import exact_interval
from harmsweep.release.conf import load_release
from harmsweep.release.confidence_sequence import ConfidenceSequence

PROMISES = (0.8, 0.9, 0.95, 0.99)
BEFORE = (0, 200, 600)
WITHIN = 200


def main(*, runs: int) -> None:
    sequence = load_release().watch.sequence
    table = Table(title=f"{runs} streams each, {sequence.labels} labels a year")
    for name in ("promise", "labels before the fall", "median labels to suspend",
                 f"suspended within {WITHIN}", "suspended in a year that holds"):  # fmt: skip
        table.add_column(name, justify="right")
    for promise in track(PROMISES, transient=True):
        falsely = sum(
            sequence.rules_out(promise, right)
            for right in _streams(runs, (sequence.labels, promise))
        )
        for before in BEFORE:
            delays = _delays(sequence, promise, before, runs)
            found = int((delays <= WITHIN).sum())
            table.add_row(
                f"{promise:g}",
                str(before),
                f"{np.median(delays):.0f}",
                _share(found, len(delays)),
                _share(falsely, runs),
            )
    Console(width=140).print(table)


def _streams(runs: int, *periods: tuple[int, float]) -> Iterator[list[bool]]:
    draws = np.random.default_rng(7)
    for _ in range(runs):
        yield [bool(x) for labels, p in periods for x in draws.random(labels) < p]


def _delays(
    sequence: ConfidenceSequence, promise: float, before: int, runs: int
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Labels from the fall to the suspension; at most a year's; those suspended before left out."""
    periods = (before, promise), (sequence.labels, promise - sequence.drop)
    found = (sequence.first_out(promise, right) for right in _streams(runs, *periods))
    ends = np.array([sequence.labels + before if n is None else n for n in found])
    return np.asarray(ends[ends > before] - before)


def _share(count: int, of: int) -> str:
    low, high = exact_interval(count, of)
    return f"{count / of:.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--runs", type=int, default=2000)
    main(**vars(arguments.parse_args()))

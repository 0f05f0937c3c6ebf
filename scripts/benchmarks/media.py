"""What the bound on decoding costs: pictures a second with and without it, and clips a second.

As many workers as there are cores, as in Spark, inspect every picture and prepare it for the image
encoder, as the features and embed stages do. Every round has the same pictures decoded in the
workers and in their bounded children, in turn, so that what else the machine does slows both.
Prints one line of JSON; `ratio` is the median of the rounds' ratios of bounded to unbounded rates,
and below 0.85 the exit code is 1.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from harmsweep.encoders import image
from harmsweep.encoders.conf import Encoder, load_encoders
from harmsweep.media import facts
from harmsweep.media.access import read_image
from harmsweep.media.bounded import FILES_PER_CALL, run_bounded, run_bounded_each
from harmsweep.media.clips import sample_frames
from harmsweep.media.facts import inspect_each
from harmsweep.media.images import decode_frames, decode_image
from harmsweep.media.problem import MediaProblem
from harmsweep.paths import ROOT

SEED = 1
LEAST_RATIO = 0.85
PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".gif"}
CLIPS = {".mp4", ".webm"}
Run = Callable[..., Any]


def main(*, media: Path, pictures: int, clips: int, rounds: int, workers: int) -> int:
    found = sorted(path for path in media.rglob("*") if path.is_file())
    chosen = _sample([p for p in found if p.suffix in PICTURES], pictures)
    videos = _sample([p for p in found if p.suffix in CLIPS], clips)
    shares = [chosen[n::workers] for n in range(workers)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        pairs = [_rates(pool, media, shares, turn) for turn in range(-1, rounds)][1:]
        clips_per_s = len(videos) / _seconds(
            pool, _sampled, [videos[n::workers] for n in range(workers)]
        )
    ratios = [bounded / direct for bounded, direct in pairs]
    numbers = {
        "workers": workers,
        "pictures": len(chosen),
        "pictures_per_s_bounded": round(statistics.median(p[0] for p in pairs), 1),
        "pictures_per_s_direct": round(statistics.median(p[1] for p in pairs), 1),
        "ratio": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "ms_per_picture": _parts(media, chosen),
        "pdq_bits_by_reducing": _distances(chosen),
        "clips": len(videos),
        "clips_per_s": round(clips_per_s, 2),
    }
    print(json.dumps(numbers))
    return 0 if statistics.median(ratios) >= LEAST_RATIO else 1


def direct(
    function: Callable[[Any], Any], items: Sequence[Any], *, kind: str = "image"
) -> list[Any]:
    """`run_bounded_each` without the bound."""
    return [_attempt(function, item) for item in items]


def _attempt(function: Callable[[Any], Any], item: Any) -> Any:
    try:
        return function(item)
    except MediaProblem as problem:
        return problem


def _rates(
    pool: ProcessPoolExecutor, media: Path, shares: Sequence[Sequence[Path]], turn: int
) -> tuple[float, float]:
    """Pictures a second with and without the bound; which comes first changes with the round."""
    count = sum(map(len, shares))
    rates = {}
    for bounded in (True, False) if turn % 2 else (False, True):
        rates[bounded] = count / _seconds(pool, partial(_both, media, bounded), shares)
    return rates[True], rates[False]


def _both(media: Path, bounded: bool, paths: Sequence[Path]) -> None:
    """One worker's share: features first, then embed, each over all its pictures."""
    run = run_bounded_each if bounded else direct
    _inspect(media, run, paths)
    _prepare(load_encoders()["image"], run, paths)


def _inspect(media: Path, run: Run, paths: Sequence[Path]) -> None:
    with mock.patch.object(facts, "run_bounded_each", run):
        inspect_each(media, [str(path.relative_to(media)) for path in paths], "image")


def _prepare(encoder: Encoder, run: Run, paths: Sequence[Path]) -> None:
    for first in range(0, len(paths), files := FILES_PER_CALL["image"]):
        run(partial(image.prepare, encoder), [read_image(p) for p in paths[first : first + files]])


def _sampled(paths: Sequence[Path]) -> None:
    for path in paths:
        run_bounded_each(_frames, [path], kind="video")


def _frames(path: Path) -> int:
    """In the child, where the frames themselves stay but for a small copy of each."""
    return len(sample_frames(path))


def _parts(media: Path, paths: Sequence[Path]) -> dict[str, float]:
    """Milliseconds a picture of each part without the bound, and of an empty bounded call."""
    encoder = load_encoders()["image"]
    parts: dict[str, Callable[[Sequence[Path]], Any]] = {
        "inspect": partial(_inspect, media, direct),
        "of_it_decoding": lambda paths: [_reduced(path) for path in paths],
        "prepare": partial(_prepare, encoder, direct),
        "empty_call": lambda paths: [run_bounded(abs, 1) for _ in paths],
    }
    found = {}
    for name, part in parts.items():
        part(paths[:1])
        started = time.perf_counter()
        part(paths)
        found[name] = round(1000 * (time.perf_counter() - started) / len(paths), 2)
    return found


def _reduced(path: Path) -> Any:
    try:
        return next(decode_frames(read_image(path), side=facts.PDQ_SIDE))
    except MediaProblem:
        return None


def _distances(paths: Sequence[Path]) -> dict[str, float]:
    """Bits of 256 by which the PDQ of a picture decoded at a reduced size differs from the full."""
    found = []
    for path in paths:
        if reduced := _reduced(path):
            pairs = [reduced, decode_image(read_image(path))]
            one, other = (int(facts.perceptual_hashes([p])[0][0], 16) for p in pairs)
            found.append((one ^ other).bit_count())
    return {"mean": round(statistics.mean(found), 2), "most": max(found)}


def _sample(paths: Sequence[Path], count: int) -> list[Path]:
    return Random(SEED).sample(paths, min(count, len(paths)))


def _seconds(
    pool: ProcessPoolExecutor, function: Callable[..., Any], shares: Sequence[Sequence[Path]]
) -> float:
    started = time.perf_counter()
    list(pool.map(function, shares))
    return time.perf_counter() - started


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--media", type=Path, default=ROOT / "tests" / "sample" / "media")
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    sys.exit(main(**vars(parser.parse_args())))

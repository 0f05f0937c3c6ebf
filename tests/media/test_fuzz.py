"""Every sample file, mutated at random: each ends in a status with one of the known reasons.

HARMSWEEP_FUZZ_SECONDS is how long (10 by default), HARMSWEEP_FUZZ_SEED the first seed (0): a
failure names the file and the seed, and that seed makes the same mutation again.
"""

import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

from harmsweep.encoders import image
from harmsweep.encoders.conf import load_encoders
from harmsweep.media.bounded import run_bounded
from harmsweep.media.clips import every_frame, sample_frames
from harmsweep.media.facts import inspect_media
from harmsweep.media.problem import MediaProblem

pytestmark = pytest.mark.slow

MEDIA = Path(__file__).resolve().parents[1] / "sample" / "media"
SECONDS = float(os.environ.get("HARMSWEEP_FUZZ_SECONDS", "10"))
FIRST_SEED = int(os.environ.get("HARMSWEEP_FUZZ_SEED", "0"))
ENCODER = load_encoders()["image"]
# A decoder that ends its process is contained, and still a find: it is not on the list.
ALLOWED = [
    re.compile(pattern)
    for pattern in (
        r"ok",
        r"undecodable: truncated or damaged \(\w+\)",
        r"undecodable: not a JPEG, PNG, WEBP, GIF or AVIF",
        r"undecodable: not an MP4 or WebM",
        r"undecodable: no (video stream|frame could be decoded|size in its header)",
        r"undecodable: ends at [\d.]+ of [\d.]+ s",
        r"refused: (\d+x\d+ is )?over \d+ megapixels( and moves)?",
        r"refused: \d+ bytes are over \d+( and move)?",
        r"refused: coded as no browser reads",
        r"refused: \d+x\d+ is over \d+ pixels",
        r"refused: -?\d+ seconds are none or over [\d.]+",
        r"refused: \d+ frames a second are too many",
        r"refused: codec \w+ is not listed",
        r"refused: over \d+ (frames of its size|bytes) to decode",
        r"refused: over \d+ (scans of its size|segments|chunks|blocks|tracks)",
        r"refused: takes too much memory",
        r"refused: decoding took over .+",
    )
]

Mutation = Callable[[Random, bytes, bytes], bytes]


def flip(draw: Random, data: bytes, _: bytes) -> bytes:
    return _set(draw, data, len(data), draw.randint(1, 16))


def flip_header(draw: Random, data: bytes, _: bytes) -> bytes:
    return _set(draw, data, min(len(data), 256), draw.randint(1, 4))


def cut(draw: Random, data: bytes, _: bytes) -> bytes:
    return data[: draw.randrange(len(data))]


def blank(draw: Random, data: bytes, _: bytes) -> bytes:
    first, length = draw.randrange(len(data)), draw.randint(1, 4096)
    return data[:first] + draw.choice([b"\0", b"\xff"]) * length + data[first + length :]


def leave_out(draw: Random, data: bytes, _: bytes) -> bytes:
    first = draw.randrange(len(data))
    return data[:first] + data[first + draw.randint(1, 4096) :]


def splice(draw: Random, data: bytes, other: bytes) -> bytes:
    return data[: draw.randrange(len(data))] + other[draw.randrange(len(other)) :]


MUTATIONS: tuple[Mutation, ...] = (flip, flip_header, cut, blank, leave_out, splice)


def _set(draw: Random, data: bytes, end: int, times: int) -> bytes:
    changed = bytearray(data)
    for _ in range(times):
        changed[draw.randrange(end)] = draw.randrange(256)
    return bytes(changed)


def mutated(files: list[Path], file: Path, seed: int) -> bytes:
    draw = Random(f"{file.name} {seed}")
    mutation, other = draw.choice(MUTATIONS), draw.choice(files)
    return mutation(draw, file.read_bytes(), other.read_bytes())


def outcomes(path: Path, kind: str) -> Iterator[str]:
    """What the stages make of a file: features first, then the encoders."""
    facts = inspect_media(path.parent, path.name, kind)
    yield facts.status if facts.status == "ok" else f"{facts.status}: {facts.reason}"
    if kind == "image":
        yield _outcome(image.prepare, ENCODER, path.read_bytes())
    else:
        yield _outcome(sample_frames, path, kind=kind)
        yield _outcome(partial(every_frame, size=(48, 27), limit=100), path, kind=kind)


def _outcome(function: Callable[..., Any], *arguments: Any, kind: str = "image") -> str:
    try:
        run_bounded(function, *arguments, kind=kind)
    except MediaProblem as problem:
        return f"{problem.status}: {problem.reason}"
    return "ok"


def mutations(files: list[Path]) -> Iterator[tuple[Path, int]]:
    """Each file with the first seed, then each with the next, until the time is up."""
    end = time.monotonic() + SECONDS
    for seed in count(FIRST_SEED):
        for file in files:
            if time.monotonic() > end:
                return
            yield file, seed


@pytest.mark.timeout(SECONDS + 300)
def test_mutated_files_end_in_a_known_outcome(tmp_path: Path) -> None:
    files = sorted(path for path in MEDIA.rglob("*") if path.is_file())
    strange, seen = [], Counter[str]()
    for file, seed in mutations(files):
        path = tmp_path / "x"
        path.write_bytes(mutated(files, file, seed))
        for outcome in outcomes(path, "video" if file.suffix == ".mp4" else "image"):
            seen[outcome.partition(":")[0]] += 1
            if not any(pattern.fullmatch(outcome) for pattern in ALLOWED):
                strange.append(f"{file.name}, seed {seed}: {outcome}")
    print(f"{seed + 1 - FIRST_SEED} rounds of {len(files)} files: {dict(seen)}")
    assert not strange, "\n".join(strange)
    assert seen["undecodable"] and seen["ok"]

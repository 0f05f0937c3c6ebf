"""Every sample file, and files made to break a decoder, mutated at random: each has a known status.

HARMSWEEP_SEED is the first seed (0): a failure names the file and the seed, and that seed makes the
same mutation again.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from media_files import flat_animation, many_scans, mp4, png, with_chunks, wrong_tags

from harmsweep.encoders import image
from harmsweep.encoders.conf import load_encoders
from harmsweep.media.bounded import run_bounded
from harmsweep.media.clips import every_frame, sample_frames
from harmsweep.media.facts import inspect_media
from harmsweep.media.problem import MediaProblem

pytestmark = pytest.mark.slow

MEDIA = Path(__file__).resolve().parents[1] / "sample" / "media"
FIRST_SEED = int(os.environ.get("HARMSWEEP_SEED", "0"))
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


def leave(_draw: Random, data: bytes, _: bytes) -> bytes:
    return data


def splice(draw: Random, data: bytes, other: bytes) -> bytes:
    return data[: draw.randrange(len(data))] + other[draw.randrange(len(other)) :]


MUTATIONS: tuple[Mutation, ...] = (flip, flip_header, cut, blank, leave_out, leave, splice)


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


# Small files that ask for much: of scans, tags, pixels, chunks, frames and tracks.
BOMBS: dict[str, Callable[[], bytes]] = {
    "scans.jpg": lambda: many_scans(2000, 200),
    "tags.jpg": lambda: wrong_tags(2000),
    "pixels.png": lambda: png(4990, 4990),
    "chunks.png": lambda: with_chunks(png(16, 16), 20_000),
    "texts.png": lambda: with_chunks(png(16, 16), 5000, b"tEXt", b"a\0b"),
    "frames.gif": lambda: flat_animation("GIF", 500, 200),
    "frames.webp": lambda: flat_animation("WEBP", 500, 50),
    "tracks.mp4": lambda: mp4(tracks=500),
    "large.mp4": lambda: mp4(side=2000, frames=2),
}


def mutations(files: list[Path]) -> Iterator[tuple[Path, int]]:
    """Each file with the first seed, then each with the next, for ever."""
    for seed in count(FIRST_SEED):
        for file in files:
            yield file, seed


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The sample's files and the bombs."""
    folder = tmp_path_factory.mktemp("bombs")
    for name, made in BOMBS.items():
        (folder / name).write_bytes(made())
    return sorted(path for path in (*MEDIA.rglob("*"), *folder.iterdir()) if path.is_file())


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("trials", [120, pytest.param(2000, marks=pytest.mark.nightly)])
def test_hostile_files_end_in_a_known_outcome(
    files: list[Path], tmp_path: Path, counts: Callable[[str], None], trials: int
) -> None:
    strange, seen = [], Counter[str]()
    for file, seed in islice(mutations(files), trials):
        path = tmp_path / "x"
        path.write_bytes(mutated(files, file, seed))
        for outcome in outcomes(path, "video" if file.suffix == ".mp4" else "image"):
            seen[outcome.partition(":")[0]] += 1
            if not any(pattern.fullmatch(outcome) for pattern in ALLOWED):
                strange.append(f"{file.name}, HARMSWEEP_SEED={seed}: {outcome}")
    counts(f"{trials} hostile files: {dict(seen)}, {len(strange)} faults")
    assert not strange, "\n".join(strange)
    assert seen["undecodable"] and seen["ok"]

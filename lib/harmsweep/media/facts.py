"""What is known of a medium before any model sees it: status, hash, size, length, PDQ."""

import hashlib
import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from harmsweep.media.access import local_media, open_media
from harmsweep.media.bounded import FILES_PER_CALL, run_bounded_each
from harmsweep.media.clips import clip_facts
from harmsweep.media.images import decode_frames, header_size
from harmsweep.media.pdq import MIN_QUALITY
from harmsweep.media.problem import MediaProblem

# PDQ works on 64 x 64 means; its window depends on the size, so that a copy of half the size is
# found in 32 of 100 cases only. Every picture is brought to this many pixels a side first, as the
# reference implementation does with large ones: then 98 are found.
PDQ_SIDE = 512
PDQ_FRAMES = 5


@dataclass(frozen=True)
class MediaFacts:
    """What is known of a medium; `reason` says why it is not ok, `width` and `height` in pixels.

    `seconds` is a video's length; `pdq` its perceptual hashes, `pdq_quality` the best's quality.
    """

    status: str
    reason: str | None = None
    content_hash: str | None = None
    bytes: int | None = None
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    pdq: tuple[str, ...] | None = None
    pdq_quality: int | None = None


def inspect_media(root: Path, uri: str, kind: str) -> MediaFacts:
    """The facts of one medium, as `inspect_each` gives them."""
    return inspect_each(root, [uri], kind)[0]


def inspect_each(root: Path, uris: Sequence[str], kind: str) -> list[MediaFacts]:
    """The facts of media of a kind; bad content is a status, never an exception.

    A picture is decoded in full, a video in samples, both in a bounded child: only that tells a
    truncated file from a whole one before a post is scored on a part of it.
    """
    facts_of = picture_facts if kind == "image" else video_facts
    found = []
    for first in range(0, len(uris), files := FILES_PER_CALL.get(kind, 1)):
        with ExitStack() as copies:
            chosen = [_opened(copies, root, uri, kind) for uri in uris[first : first + files]]
            paths = [path for _, path in chosen if path]
            decoded = iter(run_bounded_each(facts_of, paths, kind=kind))
            found += [_decoded(facts, next(decoded)) if path else facts for facts, path in chosen]
    return found


def _opened(copies: ExitStack, root: Path, uri: str, kind: str) -> tuple[MediaFacts, Path | None]:
    """The medium's hash and size, and the file to decode; none where it cannot be read."""
    try:
        path = copies.enter_context(local_media(root, uri, kind))
        with open_media(path, kind) as file:
            size = os.fstat(file.fileno()).st_size
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except MediaProblem as problem:
        return MediaFacts(problem.status, problem.reason), None
    return MediaFacts("ok", content_hash=digest, bytes=size), path


def _decoded(read: MediaFacts, decoded: MediaFacts | MediaProblem) -> MediaFacts:
    if isinstance(decoded, MediaProblem):
        return replace(read, status=decoded.status, reason=decoded.reason)
    return replace(decoded, content_hash=read.content_hash, bytes=read.bytes)


def picture_facts(path: Path) -> MediaFacts:
    """Size of an image file, and the PDQ of all that `decode_frames` gives of it.

    Raises:
        MediaProblem: it cannot be decoded or is refused.
    """
    with open_media(path, "image") as file:
        data = file.read()
    width, height = header_size(data)
    pdq, quality = perceptual_hashes(decode_frames(data, side=PDQ_SIDE))
    return MediaFacts("ok", width=width, height=height, pdq=pdq, pdq_quality=quality)


def video_facts(path: Path) -> MediaFacts:
    """Length, size and some frames' PDQ of a video file.

    Raises:
        MediaProblem: it cannot be decoded or is refused.
    """
    seconds, (width, height), frames = clip_facts(path, count=PDQ_FRAMES)
    pdq, quality = perceptual_hashes([frame.image for frame in frames])
    return MediaFacts(
        "ok", width=width, height=height, seconds=seconds, pdq=pdq, pdq_quality=quality
    )


def perceptual_hashes(pictures: Iterable[Image.Image]) -> tuple[tuple[str, ...], int]:
    """Each picture's PDQ as 64 hexadecimal digits, in order and once, and the best's quality.

    Method: Facebook's PDQ (The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing
    Algorithm, 2019); quality is 0 to 100, and below 50 a hash says little: beside a better one
    it is left out, as a blank frame is near every other.
    """
    import pdqhash

    found: list[tuple[str, int]] = []
    for picture in pictures:
        square = picture.resize((PDQ_SIDE, PDQ_SIDE), Image.Resampling.BILINEAR)
        bits, quality = pdqhash.compute(np.asarray(square))
        found.append((np.packbits(bits).tobytes().hex(), int(quality)))
        del picture  # before the next is made: each may have 100 MB
    best = max((quality for _, quality in found), default=0)
    least = min(best, MIN_QUALITY)
    return tuple(dict.fromkeys(text for text, quality in found if quality >= least)), best

"""Video by whitelisted containers and codecs: frames spread over its length, nothing else decoded.

PyAV (FFmpeg's libraries) reads an open file through the one demuxer that the first bytes name, so
that neither a playlist nor a network address inside the file is followed.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from harmsweep.media.files import open_media
from harmsweep.media.problem import MediaProblem, VideoLimits, load_limits

if TYPE_CHECKING:
    import av

FRAMES = 16
# Up to this length every frame up to the last wanted one is decoded; beyond it, only what follows
# the key frame before each wanted time.
SEQUENTIAL_SECONDS = 60.0
# A clip whose last frame ends before this share of its length was cut.
TAIL = 0.9


class Frame(NamedTuple):
    """A frame and the time at which it is shown."""

    seconds: float
    image: Image.Image


class Clip(NamedTuple):
    """What a video's header says, checked against the limits."""

    seconds: float
    width: int
    height: int
    container: "av.container.InputContainer"
    stream: "av.VideoStream"


def sample_frames(path: Path, *, count: int = FRAMES) -> list[Frame]:
    """At most `count` frames, spread evenly by time, as RGB.

    Raises:
        MediaProblem: missing; refused for its size, length, rate or codec; undecodable.
    """
    with open_clip(path) as clip:
        return list(_sampled(clip, count))


def clip_facts(path: Path, *, count: int) -> tuple[float, tuple[int, int], list[Frame]]:
    """Seconds, size in pixels, and `count` sampled frames.

    Raises:
        MediaProblem: as sample_frames.
    """
    with open_clip(path) as clip:
        return clip.seconds, (clip.width, clip.height), list(_sampled(clip, count))


def every_frame(path: Path, *, size: tuple[int, int], limit: int) -> NDArray[np.uint8]:
    """The first `limit` frames, scaled to `size` (width, height): uint8 [frames, height, width, 3].

    Raises:
        MediaProblem: as sample_frames.
    """
    width, height = size
    with open_clip(path) as clip:
        found = []
        for _, frame in _decoded(clip):
            small = frame.reformat(width=width, height=height, format="rgb24")
            found.append(small.to_ndarray())
            if len(found) == limit:
                break
    if not found:
        raise MediaProblem("undecodable", "no frame could be decoded")
    return np.stack(found).astype(np.uint8)


@contextmanager
def open_clip(path: Path) -> Iterator[Clip]:
    """The video's only stream that is read, once its header was checked.

    Raises:
        MediaProblem: as sample_frames; errors of the decoder within the block become one too.
    """
    import av

    with open_media(path, "video") as file:
        try:
            demuxer = _demuxer(file)
            with av.open(file, mode="r", format=demuxer, metadata_errors="replace") as container:
                yield _checked(container, load_limits().video)
        except MediaProblem:
            raise
        except MemoryError:
            raise MediaProblem("refused", "takes too much memory") from None
        # FFmpeg's errors, and what its bindings raise for nonsense in a header.
        except Exception as error:
            reason = f"truncated or damaged ({type(error).__name__})"
            raise MediaProblem("undecodable", reason) from None


def _demuxer(file: io.BufferedReader) -> str:
    head = file.read(12)
    file.seek(0)
    if head[4:8] == b"ftyp":
        return "mov"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    raise MediaProblem("undecodable", "not an MP4 or WebM")


def _checked(container: "av.container.InputContainer", limits: VideoLimits) -> Clip:
    if not container.streams.video:
        raise MediaProblem("undecodable", "no video stream")
    stream = container.streams.video[0]
    context = stream.codec_context
    width, height, rate = context.width, context.height, stream.average_rate
    seconds = _seconds(container, stream)
    if context.name not in limits.codecs:
        raise MediaProblem("refused", f"codec {context.name} is not listed")
    if not width * height:
        raise MediaProblem("undecodable", "no size in its header")
    if width * height > limits.pixels:
        raise MediaProblem("refused", f"{width}x{height} is over {limits.pixels} pixels")
    if not 0 < seconds <= limits.seconds:
        raise MediaProblem("refused", f"{seconds:.0f} seconds are none or over {limits.seconds}")
    if rate is not None and rate > limits.frames_per_second:
        raise MediaProblem("refused", f"{float(rate):.0f} frames a second are too many")
    stream.thread_type = "NONE"
    context.thread_count = 1
    return Clip(seconds, width, height, container, stream)


def _seconds(container: "av.container.InputContainer", stream: "av.VideoStream") -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return float(container.duration or 0) / 1_000_000


def _sampled(clip: Clip, count: int) -> Iterator[Frame]:
    """The frames shown in the middle of each of `count` equal parts, each once."""
    wanted = [(n + 0.5) * clip.seconds / count for n in range(count)]
    if clip.seconds > SEQUENTIAL_SECONDS:
        for time in wanted:
            clip.container.seek(int(time * 1_000_000))
            yield _frame(*next(_decoded(clip)))
        return
    shown: tuple[float, Any] | None = None
    for seconds, frame in _decoded(clip):
        if shown and wanted[0] < seconds:
            yield _frame(*shown)
        wanted = [time for time in wanted if time >= seconds]
        if not wanted:
            return
        shown = seconds, frame
    end = shown[0] + 1 / float(clip.stream.average_rate or 1) if shown else 0.0
    if shown is None or end < TAIL * clip.seconds:
        raise MediaProblem("undecodable", f"ends at {end:.1f} of {clip.seconds:.1f} s")
    yield _frame(*shown)


def _decoded(clip: Clip) -> Iterator[tuple[float, Any]]:
    """Frames with their time, in order, at most as many as the limits allow."""
    limit = load_limits().video.decoded_frames
    for number, frame in enumerate(clip.container.decode(clip.stream)):
        if number == limit:
            raise MediaProblem("refused", f"over {limit} frames")
        yield (
            (number / float(clip.stream.average_rate or 25) if frame.time is None else frame.time),
            frame,
        )


def _frame(seconds: float, frame: Any) -> Frame:
    return Frame(seconds, frame.to_image())

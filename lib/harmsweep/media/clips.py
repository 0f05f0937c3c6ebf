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

from harmsweep.media.access import open_media
from harmsweep.media.conf import VideoLimits, load_limits
from harmsweep.media.problem import MediaProblem

if TYPE_CHECKING:
    import av

FRAMES = 16
# A clip whose last frame ends before this share of its length was cut.
TAIL = 0.9


class Frame(NamedTuple):
    """A frame and the time at which it is shown."""

    seconds: float
    image: Image.Image


Shown = tuple[float, Any]


class Clip(NamedTuple):
    """What a video's header says, checked against the limits; `budget` frames may be decoded."""

    seconds: float
    width: int
    height: int
    budget: int
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

    Fewer, where so many of the clip's size are more than conf/media.yaml lets be decoded.

    Raises:
        MediaProblem: as sample_frames.
    """
    width, height = size
    with open_clip(path) as clip:
        found = []
        for _, frame in _decoded(clip):
            small = frame.reformat(width=width, height=height, format="rgb24")
            found.append(small.to_ndarray())
            if len(found) == min(limit, clip.budget):
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
    budget = min(limits.decoded_frames, limits.decoded_pixels // (width * height))
    return Clip(seconds, width, height, budget, container, stream)


def _seconds(container: "av.container.InputContainer", stream: "av.VideoStream") -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return float(container.duration or 0) / 1_000_000


def _sampled(clip: Clip, count: int) -> Iterator[Frame]:
    """The frames shown in the middle of each of `count` equal parts, each once."""
    wanted = [(n + 0.5) * clip.seconds / count for n in range(count)]
    # Few headers have no rate, and most clips have 30.
    expected = clip.seconds * float(clip.stream.average_rate or 30)
    chosen = _in_order if expected <= clip.budget else _by_seeking
    return (Frame(seconds, frame.to_image()) for seconds, frame in chosen(clip, wanted))


def _in_order(clip: Clip, wanted: list[float]) -> Iterator[Shown]:
    """Every frame is decoded up to the last wanted one."""
    shown: Shown | None = None
    for seconds, frame in _decoded(clip):
        if shown and wanted[0] < seconds:
            yield shown
        wanted = [time for time in wanted if time >= seconds]
        if not wanted:
            return
        shown = seconds, frame
    end = shown[0] + 1 / float(clip.stream.average_rate or 1) if shown else 0.0
    if shown is None or end < TAIL * clip.seconds:
        raise _cut_short(clip, end)
    yield shown


def _by_seeking(clip: Clip, wanted: list[float]) -> Iterator[Shown]:
    """From the key frame before each wanted time on; within its part once its share is used up.

    A key frame alone will not do: whoever made the clip chose where they are, and there may be one.
    """
    last, done, share = 0.0, 0, clip.budget // len(wanted)
    half = wanted[0]
    for time in wanted:
        clip.container.seek(int(time * 1_000_000))
        found: Shown | None = None
        for number, (seconds, frame) in enumerate(_decoded(clip, done=done), start=1):
            if seconds >= time or (number >= share and seconds >= time - half):
                found = seconds, frame
                done += number
                break
        if found is None:
            raise _cut_short(clip, last)
        last = found[0]
        yield found


def _cut_short(clip: Clip, end: float) -> MediaProblem:
    return MediaProblem("undecodable", f"ends at {end:.1f} of {clip.seconds:.1f} s")


def _decoded(clip: Clip, *, done: int = 0) -> Iterator[Shown]:
    """Frames with their time, in order, as many as are left of the budget once `done` were."""
    most = load_limits().video.pixels
    for number, frame in enumerate(clip.container.decode(clip.stream)):
        if done + number >= clip.budget:
            raise MediaProblem("refused", f"over {clip.budget} frames of its size to decode")
        # The header's size does not bind: a stream may change it.
        if frame.width * frame.height > most:
            raise MediaProblem("refused", f"{frame.width}x{frame.height} is over {most} pixels")
        rate = float(clip.stream.average_rate or 25)
        yield (number / rate if frame.time is None else frame.time), frame

"""Video by whitelisted containers and codecs: frames spread over its length, nothing else decoded.

PyAV (FFmpeg's libraries) reads an open file through the one demuxer that the first bytes name, so
that neither a playlist nor a network address inside the file is followed.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from harmsweep.media.access import open_media
from harmsweep.media.conf import load_limits
from harmsweep.media.containers import check_tracks, demuxer_of, lacks_bytes
from harmsweep.media.problem import MediaProblem
from harmsweep.media.sampling import by_time
from harmsweep.media.turns import Turn, turn_of, turned

if TYPE_CHECKING:
    import av

FRAMES = 16
# A clip that lacks bytes or frames, and whose last frame ends before this share of its length, was
# cut. Length alone says nothing: a last frame may stand long, and sound outlast the picture.
TAIL = 0.9
# Of each of the frames that are kept at once, sixteen as a rule: 1920 x 1080 stays as it is.
KEPT_PIXELS = 2_100_000


class Frame(NamedTuple):
    """A frame and the time at which it is shown.

    `size` is what the clip has; the image of a large one is a half, a third… of it.
    """

    seconds: float
    image: Image.Image
    size: tuple[int, int]


Shown = tuple[float, Any]


@dataclass
class Work:
    """How much of a file was decoded so far, however often it was opened."""

    frames: int = 0
    bytes: int = 0


class Clip(NamedTuple):
    """What a video's header says, checked against the limits; `budget` is what may be decoded.

    `lacking`: the file is shorter than its container says.
    """

    seconds: float
    lacking: bool
    budget: Work
    done: Work
    container: "av.container.InputContainer"
    stream: "av.VideoStream"


def sample_frames(path: Path, *, count: int = FRAMES) -> list[Frame]:
    """At most `count` frames, spread evenly by time, as RGB.

    Raises:
        MediaProblem: missing; refused for its size, length, rate or codec; undecodable.
    """
    return _spread(path, count)[1]


def clip_facts(path: Path, *, count: int) -> tuple[float, tuple[int, int], list[Frame]]:
    """Seconds, size in pixels as it is shown, and `count` sampled frames.

    Raises:
        MediaProblem: as sample_frames.
    """
    seconds, frames = _spread(path, count)
    return seconds, frames[0].size, frames


def every_frame(path: Path, *, size: tuple[int, int], limit: int) -> NDArray[np.uint8]:
    """The first `limit` frames, scaled to `size` (width, height): uint8 [frames, height, width, 3].

    Fewer, where so many of the clip's size are more than conf/media.yaml lets be decoded.

    Raises:
        MediaProblem: as sample_frames.
    """
    width, height = size
    with open_clip(path) as clip:
        found: list[NDArray[np.uint8]] = []
        turn: Turn | None = None
        for _, frame in _decoded(clip):
            turn = turn or turn_of(frame)
            across, down = (height, width) if turn.swapped else (width, height)
            small = frame.reformat(width=across, height=down, format="rgb24")
            found.append(turned(small.to_ndarray(), turn))
            if len(found) == min(limit, clip.budget.frames):
                break
    if not found:
        raise MediaProblem("undecodable", "no frame could be decoded")
    return np.stack(found).astype(np.uint8)


@contextmanager
def open_clip(path: Path, done: Work | None = None) -> Iterator[Clip]:
    """The video's only stream that is read, once its header was checked; some may be decoded.

    Raises:
        MediaProblem: as sample_frames; errors of the decoder within the block become one too.
    """
    import av

    with open_media(path, "video") as file:
        try:
            demuxer = demuxer_of(file)
            lacking = lacks_bytes(file, demuxer)
            check_tracks(file, demuxer)
            with av.open(file, mode="r", format=demuxer, metadata_errors="replace") as container:
                yield _checked(container, lacking=lacking, done=done or Work())
        except MediaProblem:
            raise
        except MemoryError:
            raise MediaProblem("refused", "takes too much memory") from None
        # FFmpeg's errors, and what its bindings raise for nonsense in a header.
        except Exception as error:
            reason = f"truncated or damaged ({type(error).__name__})"
            raise MediaProblem("undecodable", reason) from None
        finally:
            # What `turn_of` tied: each such frame keeps threads, and their memory.
            gc.collect()


def _checked(container: "av.container.InputContainer", *, lacking: bool, done: Work) -> Clip:
    limits = load_limits().video
    stream = _shown_stream(container)
    context = stream.codec_context
    width, height = context.width, context.height
    seconds = _seconds(container, stream)
    if context.name not in limits.codecs:
        raise MediaProblem("refused", f"codec {context.name} is not listed")
    if not width * height:
        raise MediaProblem("undecodable", "no size in its header")
    if width * height > limits.pixels:
        raise MediaProblem("refused", f"{width}x{height} is over {limits.pixels} pixels")
    if not 0 < seconds <= limits.seconds:
        raise MediaProblem("refused", f"{seconds:.0f} seconds are none or over {limits.seconds}")
    stream.thread_type = "NONE"
    context.thread_count = 1
    frames = min(limits.decoded_frames, limits.decoded_pixels // (width * height))
    budget = Work(frames, limits.decoded_bytes)
    return Clip(seconds, lacking, budget, done, container, stream)


def _shown_stream(container: "av.container.InputContainer") -> "av.VideoStream":
    """The stream that players show: no attached picture, the default one first, else the first."""
    from av.stream import Disposition

    pictures = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
    moving = [stream for stream in container.streams.video if not stream.disposition & pictures]
    if not moving:
        raise MediaProblem("undecodable", "no video stream")
    return next((s for s in moving if s.disposition & Disposition.default), moving[0])


def _seconds(container: "av.container.InputContainer", stream: "av.VideoStream") -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return float(container.duration or 0) / 1_000_000


def _spread(path: Path, count: int) -> tuple[float, list[Frame]]:
    """A clip's seconds, and the frames shown in the middle of each of `count` equal parts, once.

    Where one picture stands in half of the middles or more, what is left of `count` goes to the
    others by their time: neither it nor sound without a picture hides what moves.
    """
    done = Work()
    with open_clip(path, done) as clip:
        seconds = clip.seconds
        middles = [(n + 0.5) * seconds / count for n in range(count)]
        # Few headers have no rate, and most clips have 30.
        expected = clip.stream.frames or seconds * float(clip.stream.average_rate or 30)
        whole = expected <= clip.budget.frames and clip.container.size <= clip.budget.bytes
        chosen = _in_order if whole else _by_seeking
        frames = list(_upright(chosen(clip, middles)))
    if len(frames) > count / 2:
        return seconds, frames
    with open_clip(path, done) as clip:
        times = [time for time, _ in _decoded(clip)]
    if len(frames) == len(times):
        return seconds, frames
    lengths = np.diff([*times, max(seconds, times[-1])])
    wanted = [times[n] + lengths[n] / 2 for n in by_time(lengths.tolist(), count)]
    with open_clip(path, done) as clip:
        return seconds, list(_upright(_in_order(clip, wanted)))


def _upright(shown: Iterator[Shown]) -> Iterator[Frame]:
    """The frames in RGB, each as the first of them is turned."""
    turn: Turn | None = None
    for seconds, frame in shown:
        turn = turn or turn_of(frame)
        size = (frame.height, frame.width) if turn.swapped else (frame.width, frame.height)
        parts = 1
        while frame.width * frame.height > parts**2 * KEPT_PIXELS:
            parts += 1
        across, down = max(1, frame.width // parts), max(1, frame.height // parts)
        small = frame.reformat(across, down, interpolation="AREA") if parts > 1 else frame
        upright = turned(small.to_ndarray(format="rgb24"), turn)
        yield Frame(seconds, Image.fromarray(upright), size)


def _in_order(clip: Clip, wanted: list[float]) -> Iterator[Shown]:
    """Every frame is decoded up to the last wanted one."""
    shown: Shown | None = None
    count = 0
    for seconds, frame in _decoded(clip):
        count += 1
        if shown and wanted[0] < seconds:
            yield shown
        wanted = [time for time in wanted if time >= seconds]
        if not wanted:
            return
        shown = seconds, frame
    end = shown[0] + 1 / float(clip.stream.average_rate or 1) if shown else 0.0
    lacking = clip.lacking or count < TAIL * clip.stream.frames
    if shown is None or (lacking and end < TAIL * clip.seconds):
        raise _cut_short(clip, end)
    yield shown


def _by_seeking(clip: Clip, wanted: list[float]) -> Iterator[Shown]:
    """From the key frame before each wanted time on; within its part once its share is used up.

    A key frame alone will not do: whoever made the clip chose where they are, and there may be one.
    """
    last, half = -1.0, wanted[0]
    for time in wanted:
        clip.container.seek(int(time * 1_000_000))
        found: Shown | None = None
        before = replace(clip.done)
        for found in _decoded(clip):
            near = found[0] >= time - half and _has_its_share(clip, before, len(wanted))
            if near or found[0] >= time:
                break
        if found is None or (found[0] < time - half and clip.lacking):
            raise _cut_short(clip, max(last, 0.0))
        # The last frame stands to the end: it is wanted once.
        if found[0] > last:
            yield found
        last = max(last, found[0])


def _has_its_share(clip: Clip, before: Work, parts: int) -> bool:
    """Whether one of so many parts has used up its share of the budget."""
    frames, size = clip.done.frames - before.frames, clip.done.bytes - before.bytes
    return frames >= clip.budget.frames // parts or size >= clip.budget.bytes // parts


def _cut_short(clip: Clip, end: float) -> MediaProblem:
    return MediaProblem("undecodable", f"ends at {end:.1f} of {clip.seconds:.1f} s")


def _decoded(clip: Clip) -> Iterator[Shown]:
    """Frames with their time, in order, as many as are left of the budget."""
    rate = float(clip.stream.average_rate or 25)
    number = 0
    for packet in clip.container.demux(clip.stream):
        clip.done.bytes += packet.size
        if clip.done.bytes > clip.budget.bytes:
            raise MediaProblem("refused", f"over {clip.budget.bytes} bytes to decode")
        for frame in packet.decode():
            _count(clip, frame)
            yield (number / rate if frame.time is None else frame.time), frame
            number += 1


def _count(clip: Clip, frame: Any) -> None:
    if clip.done.frames >= clip.budget.frames:
        over = f"over {clip.budget.frames} frames of its size to decode"
        raise MediaProblem("refused", over)
    clip.done.frames += 1
    # The header's size does not bind: a stream may change it.
    most = load_limits().video.pixels
    if frame.width * frame.height > most:
        raise MediaProblem("refused", f"{frame.width}x{frame.height} is over {most} pixels")

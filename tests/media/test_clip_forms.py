"""Whole clips of unusual form: turned, standing, with a cover, without `ftyp`; and cut ones."""

import io
import struct
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from PIL import Image

from harmsweep.media import clips
from harmsweep.media.clips import every_frame, sample_frames
from harmsweep.media.conf import load_limits
from harmsweep.media.facts import inspect_media
from harmsweep.media.problem import MediaProblem

# Left and upper quarter white, the rest black: each of the eight turns shows another picture.
CORNER = np.zeros((48, 64, 3), np.uint8)
CORNER[:24, :16] = 255
GREY = np.full((48, 64, 3), 90, np.uint8)


def write(path: Path, times: list[int], *, codec: str = "mpeg4", sound: float = 0) -> Path:
    """A picture at each time, in tenths of a second, the last one's end; sound in seconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        name = "libopus" if path.suffix == ".webm" else "aac"
        noise = container.add_stream(name, rate=48000, layout="mono") if sound else None
        packets = []
        for number in range(len(times) - 1):
            frame = av.VideoFrame.from_ndarray(CORNER if number % 2 else GREY, format="rgb24")
            packets += stream.encode(frame)
        for number, packet in enumerate([*packets, *stream.encode()]):
            packet.pts = packet.dts = times[number]
            packet.duration = times[number + 1] - times[number]
            container.mux(packet)
        if noise:
            draw = np.random.default_rng(0)
            for start in range(0, int(sound * 48000), 960):
                wave = draw.normal(0, 0.1, (1, 960)).astype(np.float32)
                heard = av.AudioFrame.from_ndarray(wave, "fltp", "mono")
                heard.rate, heard.pts = 48000, start
                container.mux(noise.encode(heard))
            container.mux(noise.encode())
    return path


@pytest.mark.parametrize(
    ("matrix", "upright"),
    [
        ((1, 0, 0, 1), CORNER),
        ((0, 1, -1, 0), np.rot90(CORNER, -1)),
        ((-1, 0, 0, -1), np.rot90(CORNER, 2)),
        ((0, -1, 1, 0), np.rot90(CORNER)),
        ((-1, 0, 0, 1), CORNER[:, ::-1]),
        ((1, 0, 0, -1), CORNER[::-1]),
        ((0, 1, 1, 0), CORNER.transpose(1, 0, 2)),
        ((0, -1, -1, 0), np.rot90(CORNER, 2).transpose(1, 0, 2)),
    ],
)
def test_a_turn_in_the_header_is_applied_everywhere(
    tmp_path: Path, matrix: tuple[int, ...], upright: np.ndarray
) -> None:
    data = bytearray(write(tmp_path / "x.mp4", [0, 1, 2]).read_bytes())
    a, b, c, d = (value << 16 for value in matrix)
    start = data.index(b"tkhd") + 44
    data[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    (tmp_path / "x.mp4").write_bytes(data)
    height, width = upright.shape[:2]
    shown = np.asarray(sample_frames(tmp_path / "x.mp4", count=2)[1].image).astype(int)
    every = every_frame(tmp_path / "x.mp4", size=(width, height), limit=2)[1].astype(int)
    assert np.abs(shown - upright).mean() < 8
    assert np.abs(every - upright).mean() < 8
    facts = inspect_media(tmp_path, "x.mp4", "video")
    assert (facts.status, facts.width, facts.height) == ("ok", width, height)


CONTAINERS = [
    *(("x.mp4", "mpeg4"), ("x.mov", "mpeg4")),
    *(("x.mkv", "mpeg4"), ("x.webm", "libvpx")),
]


@pytest.mark.parametrize(("name", "codec"), CONTAINERS)
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_every_container_turns(tmp_path: Path, name: str, codec: str, quarters: int) -> None:
    with av.open(str(tmp_path / name), "w") as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.set_display_rotation(90 * quarters)
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(CORNER, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    upright = np.rot90(CORNER, quarters)
    shown = np.asarray(sample_frames(tmp_path / name)[0].image).astype(int)
    assert np.abs(shown - upright).mean() < 8
    facts = inspect_media(tmp_path, name, "video")
    assert (facts.width, facts.height) == (upright.shape[1], upright.shape[0])


@pytest.mark.parametrize("times", [[0, 1, 2, 60], [0, 50, 100, 400], [0, 30]])
@pytest.mark.parametrize(("name", "codec"), CONTAINERS)
def test_a_last_picture_that_stands_long_is_whole(
    tmp_path: Path, times: list[int], name: str, codec: str
) -> None:
    path = write(tmp_path / name, times, codec=codec)
    seen = [round(frame.seconds, 1) for frame in sample_frames(path)]
    assert seen == [time / 10 for time in times[:-1]]


@pytest.mark.parametrize(("name", "codec"), CONTAINERS)
@pytest.mark.parametrize(
    "times",
    [
        [*range(40), 6000],
        [0, *range(6000, 6040)],
        [*range(20), *range(6000, 6021)],
    ],
    ids=["last", "first", "between"],
)
def test_a_picture_that_stands_hides_nothing_beside_it(
    tmp_path: Path, name: str, codec: str, times: list[int]
) -> None:
    seen = [frame.seconds for frame in sample_frames(write(tmp_path / name, times, codec=codec))]
    assert len(seen) == 16
    steps = np.diff([*seen, times[-2] / 10])
    assert sorted(steps)[-2] < 0.6, seen


@pytest.mark.parametrize(("name", "codec"), CONTAINERS)
def test_sound_without_a_picture_hides_nothing_beside_it(
    tmp_path: Path, name: str, codec: str
) -> None:
    path = write(tmp_path / name, list(range(31)), codec=codec, sound=60)
    assert len(sample_frames(path)) == 16


@pytest.mark.parametrize(("name", "codec"), CONTAINERS)
def test_what_lies_beside_a_standing_picture_and_cannot_all_be_decoded_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, codec: str
) -> None:
    path = write(tmp_path / name, [*range(40), 6000], codec=codec)
    limits = load_limits()
    video = limits.video.model_copy(update={"decoded_frames": 39})
    monkeypatch.setattr(clips, "load_limits", lambda: limits.model_copy(update={"video": video}))
    with pytest.raises(MediaProblem, match="over 39 frames of its size to decode"):
        sample_frames(path, count=8)


@pytest.mark.parametrize(("name", "codec"), CONTAINERS)
def test_sound_that_outlasts_the_picture_is_whole(tmp_path: Path, name: str, codec: str) -> None:
    path = write(tmp_path / name, list(range(11)), codec=codec, sound=4)
    assert sample_frames(path)


@pytest.mark.parametrize("name", ["x.webm", "x.mkv"])
def test_a_cut_matroska_with_or_without_sound_is_found(tmp_path: Path, name: str) -> None:
    for sound in (0, 3):
        path = write(tmp_path / name, list(range(41)), codec="libvpx", sound=sound)
        content = path.read_bytes()
        for percent in range(1, 60, 3):
            path.write_bytes(content[: len(content) * percent // 100])
            with pytest.raises(MediaProblem) as caught:
                sample_frames(path)
            assert caught.value.status == "undecodable", percent


@pytest.mark.parametrize("first", [True, False])
def test_the_moving_stream_is_read_beside_a_cover(tmp_path: Path, first: bool) -> None:
    with av.open(str(tmp_path / "x.mp4"), "w") as container:

        def add(codec: str, size: int) -> av.VideoStream:
            stream = container.add_stream(codec, rate=10)
            stream.width = stream.height = size
            stream.pix_fmt = "yuv420p" if codec == "mpeg4" else "yuvj420p"
            return stream

        order = ["mjpeg", "mpeg4"] if first else ["mpeg4", "mjpeg"]
        streams = {codec: add(codec, 64 if codec == "mpeg4" else 96) for codec in order}
        streams["mjpeg"].disposition = Disposition.attached_pic
        for codec, frames in (("mjpeg", 1), ("mpeg4", 20)):
            stream, size = streams[codec], streams[codec].width
            for number in range(frames):
                flat = Image.new("RGB", (size, size), (number * 10,) * 3)
                container.mux(stream.encode(av.VideoFrame.from_image(flat)))
            container.mux(stream.encode())
    facts = inspect_media(tmp_path, "x.mp4", "video")
    assert (facts.status, facts.width, facts.seconds) == ("ok", 64, 2.0)


@pytest.mark.parametrize("first", [True, False])
def test_the_moving_stream_is_read_beside_a_cover_that_is_attached(
    tmp_path: Path, first: bool
) -> None:
    cover = io.BytesIO()
    Image.new("RGB", (96, 96), "red").save(cover, "JPEG")
    with av.open(str(tmp_path / "x.mkv"), "w") as container:
        if first:
            container.add_attachment("cover.jpg", "image/jpeg", cover.getvalue())
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        if not first:
            container.add_attachment("cover.jpg", "image/jpeg", cover.getvalue())
        for _ in range(20):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(GREY, format="rgb24")))
        container.mux(stream.encode())
    facts = inspect_media(tmp_path, "x.mkv", "video")
    assert (facts.status, facts.width) == ("ok", 64)


def test_a_file_of_a_cover_alone_is_no_video(tmp_path: Path) -> None:
    cover = io.BytesIO()
    Image.new("RGB", (96, 96), "red").save(cover, "JPEG")
    with av.open(str(tmp_path / "x.mkv"), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        container.add_attachment("cover.jpg", "image/jpeg", cover.getvalue())
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        sound.rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    assert inspect_media(tmp_path, "x.mkv", "video").reason == "no video stream"


def test_a_quicktime_file_without_ftyp_is_read_and_a_cut_one_is_not(tmp_path: Path) -> None:
    content = write(tmp_path / "x.mp4", list(range(21))).read_bytes()
    size = int.from_bytes(content[:4])
    # The offsets of its index count from the start: the first box becomes another of its length.
    assert content[4:8] == b"ftyp"
    bare = content[:4] + b"free" + content[8:]
    assert size > 8
    (tmp_path / "x.mov").write_bytes(bare)
    assert inspect_media(tmp_path, "x.mov", "video").status == "ok"
    (tmp_path / "x.mov").write_bytes(bare[: len(bare) // 2])
    assert inspect_media(tmp_path, "x.mov", "video").status == "undecodable"


def test_many_clips_leave_no_threads_behind(tmp_path: Path) -> None:
    path = write(tmp_path / "x.mp4", list(range(11)))
    before = len(list(Path("/proc/self/task").iterdir()))
    for _ in range(5):
        sample_frames(path)
        every_frame(path, size=(48, 27), limit=10)
    assert len(list(Path("/proc/self/task").iterdir())) <= before + 4

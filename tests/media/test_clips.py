"""Videos as untrusted input: what is sampled, and what each refusal says."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from harmsweep.media import clips
from harmsweep.media.clips import every_frame, sample_frames
from harmsweep.media.conf import load_limits
from harmsweep.media.facts import inspect_media
from harmsweep.media.problem import MediaProblem

SAMPLE = Path(__file__).resolve().parents[1] / "sample" / "media" / "videos"


def write_clip(
    path: Path,
    *,
    frames: int = 20,
    rate: Fraction | int = 10,
    codec: str = "mpeg4",
    options: str = "",
    key_frames: int = 12,
) -> Path:
    """Grey frames that grow lighter: frame n of `frames` has the shade n * 255 / frames."""
    flags = {"movflags": options} if options else {}
    with av.open(str(path), "w", options=flags) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.gop_size = key_frames
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(frames):
            shade = np.full((48, 64, 3), number * 255 // frames, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shade, format="rgb24")))
        container.mux(stream.encode())
    return path


def test_frames_are_spread_evenly_by_time(tmp_path: Path) -> None:
    frames = sample_frames(write_clip(tmp_path / "x.mp4"), count=4)
    assert [round(frame.seconds, 2) for frame in frames] == [0.2, 0.7, 1.2, 1.7]
    shades = [float(np.asarray(frame.image).mean()) for frame in frames]
    assert shades == sorted(shades)
    assert shades[-1] - shades[0] > 100


def test_a_clip_shorter_than_the_samples_gives_each_frame_once(tmp_path: Path) -> None:
    assert len(sample_frames(write_clip(tmp_path / "x.mp4", frames=3), count=16)) == 3


def few(monkeypatch: pytest.MonkeyPatch, frames: int) -> None:
    """Let no more frames than that be decoded of a clip."""
    limits = load_limits()
    video = limits.video.model_copy(update={"decoded_frames": frames})
    monkeypatch.setattr(clips, "load_limits", lambda: limits.model_copy(update={"video": video}))


def test_a_long_clip_is_sampled_by_seeking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_clip(tmp_path / "x.mp4", frames=300)
    every = sample_frames(path, count=8)
    few(monkeypatch, 120)
    found = sample_frames(path, count=8)
    assert [round(frame.seconds) for frame in found] == [round(frame.seconds) for frame in every]


def test_what_follows_a_clips_only_key_frame_is_seen_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_clip(tmp_path / "x.mp4", frames=300, key_frames=1000)
    few(monkeypatch, 290)
    assert sample_frames(path, count=2)[1].seconds > 14
    with pytest.raises(MediaProblem, match="over 290 frames of its size to decode"):
        sample_frames(path, count=8)


@pytest.mark.parametrize(("name", "codec"), [("x.mp4", "h264"), ("x.webm", "libvpx-vp9")])
def test_common_containers_and_codecs_are_read(tmp_path: Path, name: str, codec: str) -> None:
    assert len(sample_frames(write_clip(tmp_path / name, codec=codec), count=4)) == 4


def test_every_frame_is_scaled_and_capped(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "x.mp4")
    assert every_frame(path, size=(48, 27), limit=100).shape == (20, 27, 48, 3)
    assert every_frame(path, size=(48, 27), limit=7).shape == (7, 27, 48, 3)


def test_a_video_has_facts_like_a_picture(tmp_path: Path) -> None:
    facts = inspect_media(SAMPLE, "coffee.mp4", "video")
    assert (facts.reason, facts.width, facts.height) == (None, 192, 144)
    assert facts.seconds == pytest.approx(1.5)
    assert facts.pdq and 1 <= len(facts.pdq) <= 5
    assert (facts.pdq_quality or 0) > 50


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not an MP4 or WebM"),
        (b"#EXTM3U\n#EXTINF:1,\nhttp://a.example/x.ts\n", "not an MP4 or WebM"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "not an MP4 or WebM"),
        (b"\0\0\0\x18ftypisom" + b"\0" * 200, "truncated or damaged"),
        (b"\x1a\x45\xdf\xa3" + b"\xff" * 200, "truncated or damaged"),
    ],
)
def test_what_is_no_video_is_undecodable_whatever_its_name(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "x.mp4").write_bytes(content)
    facts = inspect_media(tmp_path, "x.mp4", "video")
    assert facts.status == "undecodable"
    assert (facts.reason or "").startswith(reason)


@pytest.mark.parametrize("options", ["", "faststart"])
def test_a_clip_cut_anywhere_is_undecodable(tmp_path: Path, options: str) -> None:
    content = write_clip(tmp_path / "whole.mp4", options=options).read_bytes()
    for percent in range(1, 90, 3):
        path = tmp_path / "x.mp4"
        path.write_bytes(content[: len(content) * percent // 100])
        with pytest.raises(MediaProblem) as caught:
            sample_frames(path, count=5)
        assert caught.value.status == "undecodable", percent


def test_a_file_without_a_video_stream_is_undecodable(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "x.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        sound.rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    assert inspect_media(tmp_path, "x.mp4", "video").reason == "no video stream"


@pytest.mark.parametrize("name", ["x.mp4", "x.mov", "x.mkv"])
@pytest.mark.parametrize(
    "rate",
    [Fraction(120000, 1001), Fraction(240000, 1001), 240, Fraction(24002, 100), 1000],
    ids=str,
)
def test_a_rate_in_the_header_binds_nothing(
    tmp_path: Path, rate: Fraction | int, name: str
) -> None:
    path = write_clip(tmp_path / name, rate=rate, codec="h264")
    assert inspect_media(tmp_path, path.name, "video").status == "ok"
    assert len(sample_frames(path)) >= 10


def test_an_absurd_length_is_refused(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "x.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        # The encoder would refuse such times; the container takes them.
        frames = [av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8)) for _ in range(2)]
        packets = [packet for frame in frames for packet in stream.encode(frame)]
        for number, packet in enumerate([*packets, *stream.encode()]):
            packet.pts = packet.dts = number * 10**6
            container.mux(packet)
    facts = inspect_media(tmp_path, "x.mp4", "video")
    assert facts.status == "refused"
    assert "seconds are none or over" in (facts.reason or "")


def test_a_codec_off_the_list_is_refused(tmp_path: Path) -> None:
    write_clip(tmp_path / "x.mp4", codec="mpeg2video")
    facts = inspect_media(tmp_path, "x.mp4", "video")
    assert (facts.status, facts.reason) == ("refused", "codec mpeg2video is not listed")


def test_a_clip_of_more_bytes_than_may_be_decoded_is_sought_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = load_limits()
    path = write_clip(tmp_path / "x.mp4", frames=300)
    size = path.stat().st_size

    def allow(most: int) -> None:
        video = limits.video.model_copy(update={"decoded_bytes": most})
        fewer = limits.model_copy(update={"video": video})
        monkeypatch.setattr(clips, "load_limits", lambda: fewer)

    allow(size - 1)
    assert len(sample_frames(path, count=4)) == 4
    allow(100)
    with pytest.raises(MediaProblem, match="over 100 bytes to decode"):
        sample_frames(path, count=4)

"""Files made to break a decoder: each is a status with a reason, and the next file works."""

import io
import os
import struct
import time
import zipfile
import zlib
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from harmsweep.media.facts import MediaFacts, inspect_media

STEPS = 64


def picture(form: str) -> bytes:
    fractal = Image.effect_mandelbrot((96, 64), (-2.0, -1.0, 1.0, 1.0), 60).convert("RGB")
    file = io.BytesIO()
    fractal.save(file, form)
    return file.getvalue()


def clip(path: Path, codec: str) -> bytes:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(12):
            shade = np.full((48, 64, 3), number * 20, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shade, format="rgb24")))
        container.mux(stream.encode())
    return path.read_bytes()


def inspect(folder: Path, content: bytes, kind: str = "image") -> MediaFacts:
    (folder / "x").write_bytes(content)
    return inspect_media(folder, "x", kind)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def flipped(content: bytes, step: int) -> bytes:
    changed = bytearray(content)
    changed[len(content) * step // STEPS] ^= 0xFF
    return bytes(changed)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_flipped_at_every_64th_has_a_status(tmp_path: Path, form: str) -> None:
    content = picture(form)
    found = [inspect(tmp_path, flipped(content, step)) for step in range(STEPS)]
    assert {facts.status for facts in found} <= {"ok", "undecodable", "refused"}
    assert "undecodable" in {facts.status for facts in found}
    assert all(facts.reason for facts in found if facts.status != "ok")
    assert all(facts.width for facts in found if facts.status == "ok")


@pytest.mark.parametrize(("name", "codec"), [("x.mp4", "h264"), ("x.webm", "libvpx-vp9")])
def test_a_clip_cut_or_flipped_at_every_64th_has_a_status(
    tmp_path: Path, name: str, codec: str
) -> None:
    content = clip(tmp_path / name, codec)
    cuts = [content[: len(content) * step // STEPS] for step in range(STEPS)]
    found = [inspect(tmp_path, cut, "video") for cut in cuts[: STEPS * 3 // 4]]
    assert {facts.status for facts in found} == {"undecodable"} | {
        facts.status for facts in found if (facts.reason or "").startswith("0 seconds")
    }
    found = [inspect(tmp_path, flipped(content, step), "video") for step in range(STEPS)]
    assert {facts.status for facts in found} <= {"ok", "undecodable", "refused"}
    assert all(facts.reason for facts in found if facts.status != "ok")


def test_an_empty_file_is_undecodable_and_hashed(tmp_path: Path) -> None:
    for kind, reason in (
        ("image", "not a JPEG, PNG, WEBP, GIF or AVIF"),
        ("video", "not an MP4 or WebM"),
    ):
        facts = inspect(tmp_path, b"", kind)
        assert (facts.status, facts.reason, facts.bytes) == ("undecodable", reason, 0)
        assert facts.content_hash


def test_a_whole_png_of_88_megapixels_is_refused_from_its_header(tmp_path: Path) -> None:
    Image.new("1", (9400, 9400)).save(tmp_path / "x.png", optimize=True)
    assert (tmp_path / "x.png").stat().st_size < 90_000
    started = time.monotonic()
    facts = inspect_media(tmp_path, "x.png", "image")
    assert (facts.status, facts.reason) == ("refused", "9400x9400 is over 25 megapixels")
    assert time.monotonic() - started < 5


def test_a_gif_of_a_million_frames_is_refused_soon(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("P", (1, 1)).save(file, "GIF")
    head, _, frame = file.getvalue()[:-1].partition(b",")
    started = time.monotonic()
    facts = inspect(tmp_path, head + (b"," + frame) * 1_000_000 + b";")
    assert (facts.status, facts.reason) == ("refused", "over 4000 frames of its size to decode")
    assert (facts.bytes or 0) > 10_000_000
    assert time.monotonic() - started < 5


def test_compressed_text_of_256_megabytes_in_a_png_is_not_unpacked(tmp_path: Path) -> None:
    packer = zlib.compressobj(1)
    packed = b"".join(packer.compress(b"\0" * 2**24) for _ in range(16)) + packer.flush()
    content = picture("PNG")
    bomb = content[:33] + chunk(b"zTXt", b"Comment\0\0" + packed) + content[33:]
    facts = inspect(tmp_path, bomb)
    assert facts.status in {"ok", "undecodable"}


def test_what_follows_a_picture_does_not_make_it_another_kind(tmp_path: Path) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("page.html", "<script>alert(1)</script>")
    for form in ("JPEG", "PNG", "GIF"):
        both = picture(form) + archive.getvalue()
        assert zipfile.is_zipfile(io.BytesIO(both))
        assert inspect(tmp_path, both).status == "ok"
        assert inspect(tmp_path, both, "video").reason == "not an MP4 or WebM"


def test_a_kind_is_not_read_as_the_other(tmp_path: Path) -> None:
    content = clip(tmp_path / "x.mp4", "mpeg4")
    assert inspect(tmp_path, content).reason == "not a JPEG, PNG, WEBP, GIF or AVIF"
    assert inspect(tmp_path, content, "sound").status == "unsupported"


def test_other_containers_are_undecodable_whatever_they_hold(tmp_path: Path) -> None:
    for form in ("avi", "flv", "mpegts", "gif"):
        with av.open(str(tmp_path / "x.mp4"), "w", format=form) as container:
            stream = container.add_stream("gif" if form == "gif" else "flv", rate=10)
            stream.width, stream.height = 64, 48
            stream.pix_fmt = "rgb8" if form == "gif" else "yuv420p"
            for _ in range(3):
                frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        assert inspect_media(tmp_path, "x.mp4", "video").reason == "not an MP4 or WebM", form


def test_a_device_or_a_pipe_beneath_the_root_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    found = [
        inspect_media(tmp_path, "pipe.mp4", "video"),
        inspect_media(tmp_path, "zero.jpg", "image"),
        inspect_media(Path("/dev"), "zero", "video"),
    ]
    assert [facts.reason for facts in found] == [
        "not a regular file",
        "outside the media root",
        "not a regular file",
    ]
    assert {facts.status for facts in found} == {"refused"}

"""Small files that ask for much work: refused by what is counted, before anything is decoded."""

import struct
import time
from pathlib import Path

import pytest
from media_files import encoded, flat_animation, many_scans, mp4, png, with_chunks
from PIL import Image

from harmsweep.media.clips import clip_facts
from harmsweep.media.conf import load_limits
from harmsweep.media.images import decode_frames, decode_image
from harmsweep.media.problem import MediaProblem
from harmsweep.media.structure import MOST_CHUNKS, check_structure


def reason(data: bytes) -> str:
    with pytest.raises(MediaProblem) as caught:
        decode_image(data)
    assert caught.value.status == "refused"
    return caught.value.reason


@pytest.mark.parametrize(("side", "most"), [(64, 100), (2000, 75), (4990, 12)])
def test_a_jpeg_of_many_scans_is_refused_by_scans_and_pixels(side: int, most: int) -> None:
    started = time.process_time()
    data = many_scans(side, 200)
    made = time.process_time()
    assert reason(data) == f"over {most} scans of its size"
    assert time.process_time() - made < max(0.2, made - started)


def test_a_progressive_jpeg_as_encoders_write_it_passes_at_any_size() -> None:
    for side in (8, 1000, 5000):
        check_structure(many_scans(side, 1))


def test_a_jpeg_too_large_for_one_scan_is_refused_for_its_pixels() -> None:
    data = bytearray(encoded(Image.new("RGB", (8, 8)), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\xff\xff\xff"
    assert reason(bytes(data)) == "over 25 megapixels"


def test_a_jpeg_of_many_segments_is_refused() -> None:
    data = encoded(Image.new("RGB", (8, 8)), "JPEG")
    assert reason(data[:2] + b"\xff\xfe\0\x02" * 5000 + data[2:]) == "over 2000 segments"


def test_what_looks_like_scans_inside_a_segment_is_none() -> None:
    data = encoded(Image.new("RGB", (8, 8)), "JPEG")
    body = b"\xff\xda" * 5000
    comment = b"\xff\xfe" + struct.pack(">H", len(body) + 2) + body
    assert decode_image(data[:2] + comment + data[2:]).size == (8, 8)


def test_a_png_of_many_chunks_is_refused() -> None:
    data = png(16, 16)
    assert reason(with_chunks(data, MOST_CHUNKS)) == f"over {MOST_CHUNKS} chunks"
    assert reason(with_chunks(data, MOST_CHUNKS, b"tEXt", b"a\0b")) == f"over {MOST_CHUNKS} chunks"
    assert decode_image(with_chunks(data, MOST_CHUNKS - 3)).size == (16, 16)


@pytest.mark.parametrize("blocks", [b"!\xfe" + b"\1a" * 400_000 + b"\0", b"\1" * 400_000])
def test_a_gif_of_many_blocks_is_refused(blocks: bytes) -> None:
    data = encoded(Image.new("P", (8, 8)), "GIF")
    at = data.index(b",")
    assert reason(data[:at] + blocks + data[at:]) == "over 300000 blocks"


@pytest.mark.parametrize(("form", "share"), [("GIF", 1), ("PNG", 1), ("WEBP", 2), ("AVIF", 2)])
def test_an_animation_of_many_pixels_is_refused(form: str, share: int) -> None:
    most = load_limits().image.animation.decoded_pixels // share // 1400**2
    with pytest.raises(MediaProblem, match=f"over {most} frames of its size to decode"):
        list(decode_frames(flat_animation(form, 1400, most + 1)))


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "AVIF"])
def test_a_large_picture_is_read_where_it_does_not_move(form: str) -> None:
    assert decode_image(flat_animation(form, 1500, 1)).size == (1500, 1500)
    with pytest.raises(MediaProblem, match=r"1500x1500 is over 2\.1 megapixels and moves"):
        list(decode_frames(flat_animation(form, 1500, 2)))


def test_an_animation_dear_by_the_byte_is_refused() -> None:
    data = flat_animation("WEBP", 64, 2) + bytes(2**23)
    with pytest.raises(MediaProblem, match=r"\d+ bytes are over 8388608 and move"):
        list(decode_frames(data))


@pytest.mark.parametrize("form", ["WEBP", "AVIF"])
def test_a_format_that_is_dear_has_limits_of_its_own(form: str) -> None:
    picture = encoded(Image.new("RGB", (16, 16)), form)
    assert reason(picture + bytes(2**24)) == f"{len(picture) + 2**24} bytes are over 16777216"
    wide = encoded(Image.new("RGB", (3700, 3600)), form)
    assert reason(wide) == "3700x3600 is over 13 megapixels"


def test_a_jpeg_in_arithmetic_coding_is_refused() -> None:
    data = encoded(Image.new("RGB", (8, 8)), "JPEG").replace(b"\xff\xc0", b"\xff\xc9")
    assert reason(data) == "coded as no browser reads"


def test_an_mp4_of_many_tracks_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(mp4(tracks=500))
    with pytest.raises(MediaProblem) as caught:
        clip_facts(tmp_path / "x", count=5)
    assert (caught.value.status, caught.value.reason) == ("refused", "over 32 tracks")


def test_a_clip_of_some_tracks_is_read(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(mp4(tracks=5))
    seconds, size, frames = clip_facts(tmp_path / "x", count=5)
    assert (round(seconds, 1), size, len(frames)) == (1.2, (64, 64), 5)


def test_a_webm_of_many_tracks_is_refused(tmp_path: Path) -> None:
    def element(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack(">Q", len(body) | 1 << 56) + body

    tracks = element(b"\x16\x54\xae\x6b", element(b"\xae", b"") * 500)
    void = element(b"\xec", b"0" * 1000)
    content = element(b"\x1a\x45\xdf\xa3", b"") + element(b"\x18\x53\x80\x67", void + tracks)
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(MediaProblem, match="over 32 tracks"):
        clip_facts(tmp_path / "x", count=5)

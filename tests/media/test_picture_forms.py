"""Whole pictures of unusual form: see-through, wordy, moving."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from harmsweep.media.facts import inspect_media
from harmsweep.media.gif import count_frames
from harmsweep.media.images import decode_frames, decode_image
from harmsweep.media.tiles import decoded_tiles


def encoded(picture: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def words(shade: int, alpha: int = 255) -> Image.Image:
    """A word of the shade on nothing."""
    picture = Image.new("RGBA", (160, 48), (255, 255, 255, 0))
    drawn = (shade, shade, shade, alpha)
    ImageDraw.Draw(picture).text((8, 4), "WORD", drawn, font_size=36)
    return picture


@pytest.mark.parametrize("form", ["PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("shade", [255, 250, 242, 128, 20, 0])
def test_words_on_nothing_stand_out_on_some_ground(form: str, shade: int) -> None:
    seen = np.asarray(decode_image(encoded(words(shade), form)))
    assert int(np.ptp(seen)) > 100


def test_grey_and_palette_with_transparency_too() -> None:
    pale = Image.new("P", (64, 48), 0)
    pale.putpalette([255, 255, 255, 250, 250, 250])
    pale.paste(1, (16, 16, 40, 30))
    for form in ("PNG", "GIF"):
        assert int(np.ptp(np.asarray(decode_image(encoded(pale, form, transparency=0))))) > 100
    assert int(np.ptp(np.asarray(decode_image(encoded(words(255).convert("LA"), "PNG"))))) > 100


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize(
    ("kind", "head", "packed"),
    [
        (b"tEXt", b"Comment\0", False),
        (b"zTXt", b"Comment\0\0", True),
        (b"iTXt", b"Comment\0\1\0\0\0", True),
        (b"iTXt", b"Comment\0\0\0\0\0", False),
        (b"iCCP", b"Profile\0\0", True),
    ],
)
def test_long_words_in_a_png_cost_no_pixel(
    kind: bytes, head: bytes, packed: bool, where: str
) -> None:
    data = encoded(words(0), "PNG")
    body = b"a" * 12_000_000
    wordy = chunk(kind, head + (zlib.compress(body) if packed else body))
    at = 33 if where == "before" else data.index(b"IEND") - 4
    found = decode_image(data[:at] + wordy + data[at:])
    assert found.tobytes() == decode_image(data).tobytes()


def test_a_wordy_png_that_is_cut_is_undecodable(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "a" * 2_000_000, zip=True)
    data = encoded(Image.effect_noise((96, 64), 90), "PNG", pnginfo=info)
    for percent in range(5, 96, 5):
        (tmp_path / "x").write_bytes(data[: len(data) * percent // 100])
        assert inspect_media(tmp_path, "x", "image").status == "undecodable", percent


def test_long_comments_and_profiles_of_a_jpeg_and_a_webp_cost_no_pixel() -> None:
    picture = Image.effect_noise((96, 64), 90).convert("RGB")
    jpeg = encoded(picture, "JPEG")
    comments = b"".join(b"\xff\xfe\xff\xff" + b"a" * 65533 for _ in range(200))
    wordy = jpeg[:2] + comments + jpeg[2:]
    assert decode_image(wordy).tobytes() == decode_image(jpeg).tobytes()
    for form in ("JPEG", "WEBP"):
        assert decode_image(encoded(picture, form, icc_profile=b"a" * 3_000_000)).size == (96, 64)


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP", "AVIF"])
def test_the_first_a_middle_and_the_last_frame_are_read(tmp_path: Path, form: str) -> None:
    draw = np.random.default_rng(0)
    noise = [draw.integers(0, 256, (6, 8, 3), np.uint8) for _ in range(5)]
    frames = [Image.fromarray(part).resize((160, 120)) for part in noise]
    options = {"save_all": True, "append_images": frames[1:], "duration": 100}
    data = encoded(frames[0], form, **options)
    for seen, number in zip(decode_frames(data), (0, 2, 4), strict=True):
        gap = np.asarray(seen).astype(int) - np.asarray(frames[number])
        assert np.abs(gap).mean() < 25, number
    (tmp_path / "x").write_bytes(data)
    assert len(inspect_media(tmp_path, "x", "image").pdq or ()) == 3
    assert [tile.frame for tile in decoded_tiles(data, 10, 1000)] == [0, 1, 2]


@pytest.mark.parametrize("frames", [1, 2, 7])
def test_frames_of_a_gif_are_counted_up_to_a_limit(frames: int) -> None:
    shades = [Image.new("RGB", (9, 7), (30 * number, 5, 5)) for number in range(frames)]
    data = encoded(shades[0], "GIF", save_all=True, append_images=shades[1:], comment=b"a" * 600)
    assert count_frames(data, most=100) == frames
    assert count_frames(data, most=2) == min(frames, 2)


def test_an_avif_is_read_and_a_cut_one_is_not(tmp_path: Path) -> None:
    data = encoded(Image.effect_noise((96, 64), 90).convert("RGB"), "AVIF")
    (tmp_path / "x").write_bytes(data)
    assert inspect_media(tmp_path, "x", "image").status == "ok"
    (tmp_path / "x").write_bytes(data[: len(data) // 2])
    assert inspect_media(tmp_path, "x", "image").status == "undecodable"

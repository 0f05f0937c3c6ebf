"""Whole pictures of unusual form: see-through, wordy, moving."""

import io
import struct
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from harmsweep.media import animations
from harmsweep.media.animations import FRAMES
from harmsweep.media.conf import load_limits
from harmsweep.media.facts import inspect_media
from harmsweep.media.gif import count_frames
from harmsweep.media.images import decode_frames, decode_image
from harmsweep.media.problem import MediaProblem
from harmsweep.media.sampling import by_time
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
@pytest.mark.parametrize(
    ("shade", "grounds"), [(255, 1), (250, 1), (242, 1), (128, 2), (5, 1), (0, 1)]
)
def test_words_on_nothing_stand_out_on_each_ground_that_is_given(
    form: str, shade: int, grounds: int
) -> None:
    frames = list(decode_frames(encoded(words(shade), form)))
    assert len(frames) == grounds
    assert all(int(np.ptp(np.asarray(frame))) > 100 for frame in frames)


def test_grey_and_palette_with_transparency_too() -> None:
    pale = Image.new("P", (64, 48), 0)
    pale.putpalette([255, 255, 255, 250, 250, 250])
    pale.paste(1, (16, 16, 40, 30))
    for form in ("PNG", "GIF"):
        assert int(np.ptp(np.asarray(decode_image(encoded(pale, form, transparency=0))))) > 100
    assert int(np.ptp(np.asarray(decode_image(encoded(words(255).convert("LA"), "PNG"))))) > 100


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def marked(shade: tuple[int, int, int], mark: tuple[int, int, int]) -> Image.Image:
    """A word of a shade beside a bar of another, on nothing."""
    picture = Image.new("RGBA", (240, 48), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.text((8, 4), "WORD", (*shade, 255), font_size=36)
    draw.rectangle((180, 8, 230, 40), (*mark, 255))
    return picture


def stands_out(picture: Image.Image) -> bool:
    """Whether the word's part of it shows something."""
    return max(high - low for low, high in picture.crop((0, 0, 170, 48)).getextrema()) > 100


WHITE, BLACK, GREY, PINK, YELLOW = (
    *((255, 255, 255), (0, 0, 0), (128, 128, 128)),
    *((255, 90, 160), (255, 255, 0)),
)


@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF", "AVIF"])
@pytest.mark.parametrize("shade", [WHITE, BLACK, GREY, PINK, YELLOW], ids=str)
@pytest.mark.parametrize("mark", [WHITE, BLACK, GREY], ids=str)
def test_a_word_beside_any_mark_on_nothing_stands_out_on_some_ground(
    form: str, shade: tuple[int, int, int], mark: tuple[int, int, int]
) -> None:
    frames = list(decode_frames(encoded(marked(shade, mark), form)))
    assert len(frames) <= 2
    assert any(map(stands_out, frames))


@pytest.mark.parametrize("mode", ["P", "LA", "PA"])
def test_a_white_word_beside_a_black_mark_stands_out_in_every_mode(mode: str) -> None:
    picture = marked(WHITE, BLACK)
    if mode == "LA":
        data = encoded(picture.convert("LA"), "PNG")
    elif mode == "PA":
        data = encoded(picture.quantize(8), "PNG")
    else:
        flat = Image.new("P", picture.size, 0)
        flat.putpalette([7, 7, 7, 255, 255, 255, 0, 0, 0])
        ImageDraw.Draw(flat).text((8, 4), "WORD", 1, font_size=36)
        flat.paste(2, (180, 8, 230, 40))
        data = encoded(flat, "PNG", transparency=0)
    assert [stands_out(frame) for frame in decode_frames(data)] == [False, True]


@pytest.mark.parametrize("mode", ["1", "L", "I;16"])
def test_a_shade_that_is_transparent_by_number_is_taken_away(mode: str) -> None:
    """White words on what is one shade less and not shown: on black they are read."""
    most = {"1": 1, "L": 255, "I;16": 65535}[mode]
    values = np.full((48, 160), most - 1, np.uint16)
    values[16:30, 20:140] = most
    grey = Image.fromarray(values if mode == "I;16" else (values * (255 // most)).astype(np.uint8))
    data = encoded(grey.convert("1") if mode == "1" else grey, "PNG", transparency=most - 1)
    (seen,) = decode_frames(data)
    assert seen.getextrema() == ((0, 255),) * 3


def test_a_transparent_colour_of_16_bits_is_undecodable_as_8_would_be_another() -> None:
    head = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)
    clear = chunk(b"tRNS", struct.pack(">3H", 200, 200, 200))
    body = chunk(b"IDAT", zlib.compress(b"\0" + struct.pack(">3H", 0xC800, 0xC800, 0xC800)))
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
    assert decode_image(start + body + chunk(b"IEND", b"")).getpixel((0, 0)) == (200, 200, 200)
    with pytest.raises(MediaProblem, match="a transparent colour of 16 bits"):
        decode_image(start + clear + body + chunk(b"IEND", b""))


def test_what_has_hardly_any_transparency_is_given_once() -> None:
    noise = Image.effect_noise((96, 64), 90).convert("RGBA")
    noise.putalpha(245)
    assert len(list(decode_frames(encoded(noise, "PNG")))) == 1


def test_both_grounds_have_a_hash_and_parts_to_be_read(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (6, 8, 4), np.uint8)
    data = encoded(Image.fromarray(noise).resize((160, 120)), "PNG")
    (tmp_path / "x").write_bytes(data)
    assert len(inspect_media(tmp_path, "x", "image").pdq or ()) == 2
    assert [tile.frame for tile in decoded_tiles(data, 10, 1000)] == [0, 1]


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


def test_a_long_exif_of_a_png_costs_no_pixel() -> None:
    data = encoded(words(0), "PNG")
    at = data.index(b"IDAT") - 4
    exif = chunk(b"eXIf", b"II*\0\x08\0\0\0" + b"\0" * 3_000_000)
    found = decode_image(data[:at] + exif + data[at:])
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


MOVING = ["GIF", "PNG", "WEBP", "AVIF"]


def moving(form: str, count: int, durations: list[int] | int = 100) -> bytes:
    """An animation of flat frames: frame n has the shade 5 n, and a bar that makes it distinct."""
    frames = []
    for number in range(count):
        frame = Image.new("RGB", (64, 48), (5 * number,) * 3)
        frame.paste((255, 255, 255), (0, 0, 8, 8))
        frames.append(frame)
    options = {"save_all": True, "append_images": frames[1:], "duration": durations}
    return encoded(frames[0], form, **options)


def numbers(data: bytes) -> list[int]:
    """Which frames of `moving` were looked at."""
    return [round(frame.getpixel((40, 30))[0] / 5) for frame in decode_frames(data)]


@pytest.mark.parametrize("form", MOVING)
def test_every_frame_of_a_short_animation_is_looked_at(tmp_path: Path, form: str) -> None:
    draw = np.random.default_rng(0)
    noise = [draw.integers(0, 256, (6, 8, 3), np.uint8) for _ in range(5)]
    frames = [Image.fromarray(part).resize((160, 120)) for part in noise]
    options = {"save_all": True, "append_images": frames[1:], "duration": 100}
    data = encoded(frames[0], form, **options)
    for seen, frame in zip(decode_frames(data), frames, strict=True):
        gap = np.asarray(seen).astype(int) - np.asarray(frame)
        assert np.abs(gap).mean() < 25
    (tmp_path / "x").write_bytes(data)
    assert len(inspect_media(tmp_path, "x", "image").pdq or ()) == 5
    assert [tile.frame for tile in decoded_tiles(data, 10, 1000)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("form", MOVING)
def test_a_long_animation_is_looked_at_in_sixteen_frames_spread_by_time(form: str) -> None:
    found = numbers(moving(form, 48))
    assert len(found) == FRAMES
    assert (found[0], found[-1]) == (0, 47)
    assert max(late - early for early, late in pairwise(found)) <= 4


@pytest.mark.parametrize("form", MOVING)
@pytest.mark.parametrize("place", [0, 17, 30, 47])
def test_a_frame_that_stands_long_among_many_short_ones_is_looked_at(form: str, place: int) -> None:
    durations = [20] * 48
    durations[place] = 2000
    assert place in numbers(moving(form, 48, durations))


def test_frames_that_ask_for_no_time_count_as_players_show_them() -> None:
    # 47 frames of 100 ms, and one of 110: where 0 stood for no time it alone would be seen.
    durations = [0] * 48
    durations[20] = 110
    assert len(numbers(moving("GIF", 48, durations))) == FRAMES


@pytest.mark.parametrize(
    "lengths", [[1.0] * 17, [1.0] * 4000, [1e6, *[1.0] * 60], [*[1.0] * 30, 1e6, *[1.0] * 30]]
)
def test_sixteen_frames_are_chosen_however_long_one_stands(lengths: list[float]) -> None:
    chosen = by_time(lengths, 16, always=(0, len(lengths) - 1))
    assert len(set(chosen)) == 16
    assert {0, len(lengths) - 1} <= set(chosen)
    assert max(late - early for early, late in pairwise(chosen)) <= 2 * len(lengths) / 14


@pytest.mark.parametrize("form", MOVING)
def test_an_animation_of_too_many_frames_is_refused(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = load_limits()
    video = limits.video.model_copy(update={"decoded_frames": 20})
    fewer = limits.model_copy(update={"video": video})
    monkeypatch.setattr(animations, "load_limits", lambda: fewer)
    assert len(list(decode_frames(moving(form, 20)))) == FRAMES
    with pytest.raises(MediaProblem, match="over 20 frames of its size to decode"):
        list(decode_frames(moving(form, 21)))


def test_a_moving_sticker_is_looked_at_on_both_grounds() -> None:
    frames = [marked(shade, BLACK) for shade in (WHITE, GREY, PINK)]
    for form in ("GIF", "PNG", "WEBP"):
        data = encoded(frames[0], form, save_all=True, append_images=frames[1:], disposal=2)
        assert sum(map(stands_out, decode_frames(data))) >= 3, form


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

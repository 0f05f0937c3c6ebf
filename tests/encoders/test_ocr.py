"""What is read in a picture, where, and in which order."""

import io
import socket
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

from harmsweep.encoders.ocr import Line, in_order, load_engine, read_lines
from harmsweep.encoders.ocr_conf import load_ocr_conf
from harmsweep.files import FileRefused
from harmsweep.media.problem import MediaProblem
from harmsweep.media.tiles import MAX_TILES, MAX_TILES_IN_ALL, Tile, decoded_tiles, tile, tile_spans

READER = load_ocr_conf()
Draw = Callable[..., Image.Image]


def line(text: str, left: float, upper: float, height: float = 10) -> Line:
    right, lower = left + 50, upper + height
    return Line(text, 0.9, (left, upper, right, upper, right, lower, left, lower))


def pieces(picture: Image.Image) -> list[Tile]:
    settings = READER.settings
    return tile(picture, min_side=settings.min_side, max_side=settings.max_side)


def words(picture: Image.Image) -> list[str]:
    lines = read_lines(load_engine(READER.model_dump_json()), pieces(picture))
    return [one.text for one in lines]


@pytest.mark.torch
def test_lines_are_read_in_order_with_boxes_in_the_pictures_own_pixels(
    draw: Draw, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("asked the network"))
    load_engine.cache_clear()
    placed = {"BELOW": (30, 140), "RIGHT": (200, 20), "LEFT": (20, 24)}
    engine = load_engine(READER.model_dump_json())
    lines = read_lines(engine, pieces(draw((320, 200), placed)))
    assert [one.text for one in lines] == ["LEFT", "RIGHT", "BELOW"]
    for one in lines:
        left, upper = placed[one.text]
        assert one.box[0] == pytest.approx(left, abs=10)
        assert upper - 10 <= one.box[1] <= upper + 14
        assert 0.5 <= one.score <= 1
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.mark.torch
def test_a_picture_without_words_has_no_lines() -> None:
    assert words(Image.new("RGB", (300, 200), "white")) == []


@pytest.mark.torch
def test_a_long_strip_is_read_as_a_reader_scrolls(draw: Draw) -> None:
    placed = {name: (30, 40 + 590 * n) for n, name in enumerate(["FIRST", "SECOND", "THIRD"])}
    assert words(draw((240, 1300), placed)) == ["FIRST", "SECOND", "THIRD"]


@pytest.mark.parametrize("size", [(240, 1300), (1000, 37), (500, 500), (3, 100)])
def test_the_cores_of_the_pieces_cover_the_picture_once(size: tuple[int, int]) -> None:
    found = tile_spans(*size)
    places = np.arange(max(size)) + 0.5
    covered = sum((one.core[0] <= places) & (places < one.core[1]) for one in found)
    assert set(np.unique(covered)) <= {1, 2} and (covered == 2).mean() < 0.05
    assert all(one.start <= one.core[0] and one.end - one.start <= 3 * min(size) for one in found)


@pytest.mark.parametrize(
    ("size", "shape"),
    [((320, 240), (384, 512)), ((30, 20), (80, 120)), ((4000, 2000), (480, 960))],
)
def test_small_pictures_are_enlarged_and_large_ones_made_smaller(
    size: tuple[int, int], shape: tuple[int, int]
) -> None:
    (piece,) = tile(Image.new("RGB", size), min_side=384, max_side=960)
    assert piece.pixels.shape == (*shape, 3)
    assert piece.scale == pytest.approx((size[0] / shape[1], size[1] / shape[0]))


def test_a_picture_that_is_too_long_is_refused() -> None:
    assert len(tile_spans(100, 4000)) <= MAX_TILES
    with pytest.raises(MediaProblem, match="too long to be read: 100x9000 pixels"):
        tile_spans(100, 9000)


def test_words_of_one_row_go_left_to_right() -> None:
    lines = [line("down", 0, 40), line("right", 90, 3), line("left", 10, 0), line("tall", 5, 80)]
    assert [one.text for one in in_order(lines)] == ["left", "right", "down", "tall"]


def test_a_reader_that_fails_is_named_without_its_message() -> None:
    def broken(_: object) -> None:
        raise RuntimeError("secret content")

    with pytest.raises(MediaProblem) as failed:
        read_lines(broken, pieces(Image.new("RGB", (9, 9))))
    assert failed.value.reason == "the reader failed (RuntimeError)"


def test_another_model_is_refused_before_it_is_loaded() -> None:
    files = dict.fromkeys(READER.files, "0" * 64)
    with pytest.raises(FileRefused, match=r"PP-OCRv6_det_small\.onnx: expected SHA-256"):
        load_engine(READER.model_copy(update={"files": files}).model_dump_json())


def test_models_and_settings_make_another_id() -> None:
    others = [
        READER.model_copy(update={"files": dict.fromkeys(READER.files, "0" * 64)}),
        READER.model_copy(update={"settings": READER.settings.model_copy(update={"batch": 9})}),
    ]
    assert len({one.reader_id for one in (READER, *others)}) == 3
    assert READER.reader_id.startswith("rapidocr-3.10.0-")


def drawn_on_nothing(words: dict[str, tuple[int, int, int]]) -> Image.Image:
    """Words of their shades, one below the other, on transparency."""
    picture = Image.new("RGBA", (320, 60 * len(words)), (0, 0, 0, 0))
    for row, (word, shade) in enumerate(words.items()):
        place = (20, 60 * row + 8)
        ImageDraw.Draw(picture).text(place, word, (*shade, 255), font_size=36)
    return picture


def read_encoded(form: str, first: Image.Image, **options: object) -> list[str]:
    """The lines of an encoded picture, as the stage reads them."""
    file = io.BytesIO()
    first.save(file, form, **options)
    settings = READER.settings
    tiles = decoded_tiles(file.getvalue(), settings.min_side, settings.max_side)
    return [one.text for one in read_lines(load_engine(READER.model_dump_json()), tiles)]


SHADES = {
    "LIGHT": (255, 255, 255),
    "NIGHT": (0, 0, 0),
    "CLOUD": (128, 128, 128),
    "SUNNY": (255, 230, 0),
    "BERRY": (190, 20, 90),
}


@pytest.mark.torch
@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF", "AVIF"])
def test_words_of_any_shade_on_one_transparent_picture_are_read_once(form: str) -> None:
    assert sorted(read_encoded(form, drawn_on_nothing(SHADES))) == sorted(SHADES)


@pytest.mark.torch
def test_a_palette_with_transparency_too() -> None:
    picture = drawn_on_nothing({"LIGHT": (255, 255, 255), "NIGHT": (0, 0, 0)})
    assert sorted(read_encoded("PNG", picture.quantize(8))) == ["LIGHT", "NIGHT"]


@pytest.mark.torch
@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF", "AVIF"])
def test_a_word_in_any_frame_of_an_animation_is_read_and_what_stays_once(
    draw: Draw, form: str
) -> None:
    said = ["ALPHA", "BRAVO", "DELTA", "HOTEL", "LIMA"]
    frames = [draw((320, 160), {"STAYS": (20, 20), word: (20, 100)}) for word in said]
    found = read_encoded(form, frames[0], save_all=True, append_images=frames[1:])
    assert found == ["STAYS", *said]


def test_an_animation_that_takes_too_many_parts_is_refused() -> None:
    frames = [Image.new("RGB", (40, 1000), (20 * n, 0, 0)) for n in range(8)]
    file = io.BytesIO()
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:])
    with pytest.raises(MediaProblem, match=f"over {MAX_TILES_IN_ALL} parts to be read"):
        decoded_tiles(file.getvalue(), 40, 100)

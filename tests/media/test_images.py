"""Media as untrusted input: what is let through, and what each refusal says."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harmsweep.media.access import read_image
from harmsweep.media.facts import inspect_media
from harmsweep.media.images import decode_image
from harmsweep.media.problem import MediaProblem


def picture(form: str = "JPEG", size: tuple[int, int] = (96, 64)) -> bytes:
    fractal = Image.effect_mandelbrot(size, (-2.0, -1.0, 1.0, 1.0), 60).convert("RGB")
    file = io.BytesIO()
    fractal.save(file, form)
    return file.getvalue()


def huge_png(side: int) -> bytes:
    """A PNG whose header claims side x side pixels and whose data is a few bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


def open_image(path: Path) -> Image.Image:
    return decode_image(read_image(path))


def status(root: Path, data: bytes, name: str = "x.jpg") -> str:
    (root / name).write_bytes(data)
    return inspect_media(root, name, "image").status


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_whole_picture_is_ok_with_its_hash_and_size(tmp_path: Path, form: str) -> None:
    data = picture(form)
    (tmp_path / "x").write_bytes(data)
    facts = inspect_media(tmp_path, "x", "image")
    assert (facts.status, facts.width, facts.height, facts.bytes) == ("ok", 96, 64, len(data))
    assert len(facts.content_hash or "") == 64


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_cut_anywhere_is_undecodable_and_still_hashed(tmp_path: Path, form: str) -> None:
    data = picture(form)
    for percent in range(1, 96):
        (tmp_path / "x").write_bytes(data[: len(data) * percent // 100])
        facts = inspect_media(tmp_path, "x", "image")
        assert facts.status == "undecodable", percent
        assert facts.content_hash


def test_decoding_for_the_encoder_agrees_with_inspection(tmp_path: Path) -> None:
    data = picture()
    for percent in (30, 60, 90, 100):
        path = tmp_path / "x"
        path.write_bytes(data[: len(data) * percent // 100])
        if inspect_media(tmp_path, "x", "image").status == "ok":
            assert open_image(path).size == (96, 64)
        else:
            with pytest.raises(MediaProblem):
                open_image(path)


@pytest.mark.parametrize("side", [5001, 9400, 65535])
def test_too_many_pixels_are_refused_from_the_header(tmp_path: Path, side: int) -> None:
    (tmp_path / "x.png").write_bytes(huge_png(side))
    facts = inspect_media(tmp_path, "x.png", "image")
    assert facts.status == "refused"
    assert "25 megapixels" in (facts.reason or "")


def test_text_named_png_is_undecodable_and_not_quoted(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_text("a secret sentence")
    facts = inspect_media(tmp_path, "x.png", "image")
    assert (facts.status, facts.reason) == ("undecodable", "not a JPEG, PNG, WEBP, GIF or AVIF")


def test_a_format_off_the_list_is_undecodable(tmp_path: Path) -> None:
    assert status(tmp_path, picture("TIFF")) == "undecodable"


def test_too_large_a_file_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "x.jpg").open("wb") as file:
        file.truncate(33 * 2**20)
    assert inspect_media(tmp_path, "x.jpg", "image").status == "refused"


@pytest.mark.parametrize(
    "uri", ["../secret.jpg", "/etc/passwd", "a/../../secret.jpg", "escape.jpg"]
)
def test_a_reference_out_of_the_root_is_refused(tmp_path: Path, uri: str) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (tmp_path / "secret.jpg").write_bytes(picture())
    (root / "escape.jpg").symlink_to(tmp_path / "secret.jpg")
    facts = inspect_media(root, uri, "image")
    assert (facts.status, facts.reason) == ("refused", "outside the media root")


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    found = [
        inspect_media(tmp_path, f"{n}.jpg", "image").status for n in ("pipe", "folder", "loop")
    ]
    assert found == ["refused"] * 3
    assert inspect_media(Path("/dev"), "null", "image").reason == "not a regular file"


def test_a_nul_or_an_endless_name_is_refused_and_an_absent_file_missing(tmp_path: Path) -> None:
    statuses = [inspect_media(tmp_path, uri, "image").status for uri in ("a\0b", "a" * 5000, "no")]
    assert statuses == ["refused", "refused", "missing"]


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "x.png")
    assert open_image(tmp_path / "x.png").getpixel((0, 0)) == (255, 255, 255)


def test_sixteen_bits_of_grey_keep_their_shades(tmp_path: Path) -> None:
    shades = np.array([[0, 20000, 40000, 65535]], np.uint16)
    Image.fromarray(shades).save(tmp_path / "x.png")
    assert np.asarray(open_image(tmp_path / "x.png"))[0, :, 0].tolist() == [0, 78, 156, 255]


def test_a_picture_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (8, 4)).save(tmp_path / "x.jpg", exif=exif)
    assert open_image(tmp_path / "x.jpg").size == (4, 8)

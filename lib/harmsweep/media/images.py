"""Images by whitelisted formats, refused from the header where they are too large."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageOps, UnidentifiedImageError

from harmsweep.media.animations import DEAR, FRAMES, chosen_frames
from harmsweep.media.conf import load_limits
from harmsweep.media.grounds import as_seen
from harmsweep.media.problem import MediaProblem
from harmsweep.media.structure import SIGNATURE, check_structure, png_chunks

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
# Chunks of a PNG that no pixel depends on: Pillow refuses a file for a long one.
WORDY = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")
# 16 bits of colour, which are read as 8: many shades would be the transparent one, or none.
DEEP = b"\x10\x02"


def decode_image(data: bytes) -> Image.Image:
    """The first of `decode_frames`, and no other frame decoded.

    Raises:
        MediaProblem: as decode_frames.
    """
    return next(decode_frames(data, most=1))


def decode_frames(
    data: bytes, *, side: int | None = None, most: int = FRAMES
) -> Iterator[Image.Image]:
    """What an encoded image shows, upright, as RGB: of an animation at most `most` frames.

    A frame that shows something on white and on black is given on both, one after the other. With
    `side` a JPEG is reduced by an eighth, quarter or half of it, to at least `side` pixels on both
    sides where it has them; all its bytes are read: what is cut short is found.

    Raises:
        MediaProblem: refused for its pixels, read from the header, or for the frames that would
            have to be decoded; undecodable. Also while the frames are taken.
    """
    with _problems(), _opened(data) as image:
        if side is not None:
            image.draft("RGB", (side, side))
        chosen = chosen_frames(image, data, most)
        for number in chosen:
            image.seek(number)
            # The next frame is drawn on this one; a picture alone needs no copy of 100 MB.
            shown = image if len(chosen) == 1 else image.copy()
            ImageOps.exif_transpose(shown, in_place=True)
            yield from as_seen(shown)


def header_size(data: bytes) -> tuple[int, int]:
    """Width and height in an image's header.

    Raises:
        MediaProblem: refused for its pixels; undecodable.
    """
    with _problems(), _opened(data) as image:
        return image.size


@contextmanager
def _problems() -> Iterator[None]:
    """What a decoder raises as a problem of the medium."""
    try:
        yield
    except MediaProblem:
        raise
    except MemoryError:
        raise MediaProblem("refused", "takes too much memory") from None
    # Decoders raise nearly anything for hostile bytes (struct.error, SyntaxError, zlib.error…).
    except Exception as error:
        # The kind of the error alone: its message may quote the content.
        reason = f"truncated or damaged ({type(error).__name__})"
        raise MediaProblem("undecodable", reason) from None


def _without_words(data: bytes) -> bytes:
    """A PNG without its comments and colour profile; what is cut short stays cut short."""
    if not data.startswith(SIGNATURE):
        return data
    kept, start = [], 0
    for first, end in png_chunks(data):
        if data[first + 4 : first + 8] in WORDY:
            kept.append(data[start:first])
            start = end
    # Without any there is no copy.
    return b"".join([*kept, data[start:]]) if kept else data


def _over(pixels: int) -> str:
    return f"over {pixels / 1e6:g} megapixels"


def _opened(data: bytes) -> Image.Image:
    limits = load_limits().image
    check_structure(data)
    with warnings.catch_warnings():
        # Pillow warns of large images at 89 megapixels; ours are refused well below.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(_without_words(data)), formats=FORMATS)
        except Image.DecompressionBombError:
            raise MediaProblem("refused", _over(limits.pixels)) from None
        except UnidentifiedImageError:
            raise MediaProblem("undecodable", "not a JPEG, PNG, WEBP, GIF or AVIF") from None
    most = limits.webp_avif if image.format in DEAR else limits
    if image.width * image.height > most.pixels:
        size = f"{image.width}x{image.height}"
        raise MediaProblem("refused", f"{size} is {_over(most.pixels)}")
    if len(data) > most.bytes:
        raise MediaProblem("refused", f"{len(data)} bytes are over {most.bytes}")
    if data[24:26] == DEEP and data.startswith(SIGNATURE) and "transparency" in image.info:
        raise MediaProblem("undecodable", "a transparent colour of 16 bits")
    return image

"""Images by whitelisted formats, refused from the header where they are too large."""

import io
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from harmsweep.media.conf import load_limits
from harmsweep.media.problem import MediaProblem

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


def decode_image(data: bytes) -> Image.Image:
    """The first frame of an encoded image, upright, as RGB; transparency is laid on white.

    Raises:
        MediaProblem: refused for its pixels, read from the header; undecodable.
    """
    return decode_reduced(data, None)[0]


def decode_reduced(data: bytes, side: int | None) -> tuple[Image.Image, tuple[int, int]]:
    """`decode_image`, and the size in the header; a JPEG by an eighth, quarter or half of it.

    A reduced JPEG has at least `side` pixels on both sides where it had, and all its bytes were
    read: what is cut short is found.

    Raises:
        MediaProblem: as decode_image.
    """
    try:
        with _opened(data) as image:
            size = image.size
            if side is not None:
                image.draft("RGB", (side, side))
            return _as_seen(ImageOps.exif_transpose(image)), size
    except MediaProblem:
        raise
    except MemoryError:
        raise MediaProblem("refused", "takes too much memory") from None
    # Decoders raise nearly anything for hostile bytes (struct.error, SyntaxError, zlib.error…).
    except Exception as error:
        # The kind of the error alone: its message may quote the content.
        reason = f"truncated or damaged ({type(error).__name__})"
        raise MediaProblem("undecodable", reason) from None


def _as_seen(image: Image.Image) -> Image.Image:
    """The picture as a viewer shows it: what hides from us would not hide from people."""
    if image.mode.startswith("I"):
        # 16 bits of grey: Pillow clips them to 8, and nearly every pixel to white.
        return Image.fromarray((np.asarray(image) // 256).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def _opened(data: bytes) -> Image.Image:
    limit = load_limits().image.pixels
    over = f"over {limit // 1_000_000} megapixels"
    with warnings.catch_warnings():
        # Pillow warns of large images at 89 megapixels; ours are refused well below.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        except Image.DecompressionBombError:
            raise MediaProblem("refused", over) from None
        except UnidentifiedImageError:
            raise MediaProblem("undecodable", "not a JPEG, PNG, WEBP or GIF") from None
    if image.width * image.height > limit:
        raise MediaProblem("refused", f"{image.width}x{image.height} is {over}")
    return image

"""Images by whitelisted formats, refused from the header where they are too large."""

import io
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from harmsweep.media.conf import load_limits
from harmsweep.media.gif import count_frames
from harmsweep.media.problem import MediaProblem

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
MOVING = ("PNG", "WEBP", "GIF", "AVIF")
# Frames of an animation that are read.
FRAMES = 3
# Chunks of a PNG that no pixel depends on: Pillow refuses a file for a long one.
WORDY = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")
SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Shades that differ by less are one to a reader.
SHOWN = 16


def decode_image(data: bytes) -> Image.Image:
    """The first frame of an encoded image, upright, as RGB; on white, or what shows more of it.

    Raises:
        MediaProblem: refused for its pixels, read from the header; undecodable.
    """
    return decode_reduced(data, None, most=1)[0][0]


def decode_frames(data: bytes) -> list[Image.Image]:
    """As decode_image, some frames of an animation: the first, the last, and one between.

    Raises:
        MediaProblem: as decode_image.
    """
    return decode_reduced(data, None)[0]


def decode_reduced(
    data: bytes, side: int | None, *, most: int = FRAMES
) -> tuple[list[Image.Image], tuple[int, int]]:
    """`decode_frames`, and the size in the header; a JPEG by an eighth, quarter or half of it.

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
            frames = []
            for number in _chosen(image, data, most):
                image.seek(number)
                frames.append(_as_seen(ImageOps.exif_transpose(image)))
            return frames, size
    except MediaProblem:
        raise
    except MemoryError:
        raise MediaProblem("refused", "takes too much memory") from None
    # Decoders raise nearly anything for hostile bytes (struct.error, SyntaxError, zlib.error…).
    except Exception as error:
        # The kind of the error alone: its message may quote the content.
        reason = f"truncated or damaged ({type(error).__name__})"
        raise MediaProblem("undecodable", reason) from None


def _chosen(image: Image.Image, data: bytes, most: int) -> list[int]:
    """The numbers of the frames that are read, the first and the last among them.

    Raises:
        MediaProblem: refused, where too many frames have to be decoded for it.
    """
    if most == 1 or image.format not in MOVING:
        return [0]
    limits = load_limits().video
    budget = min(limits.decoded_frames, limits.decoded_pixels // (image.width * image.height))
    frames = count_frames(data, most=budget + 1) if image.format == "GIF" else 0
    last = (frames if frames > budget else getattr(image, "n_frames", 1)) - 1
    if last >= budget:
        raise MediaProblem("refused", f"over {budget} frames of its size to decode")
    return sorted({round(part * last / (most - 1)) for part in range(most)})


def _as_seen(image: Image.Image) -> Image.Image:
    """The picture as a viewer shows it: what hides from us would not hide from people."""
    if image.mode.startswith("I"):
        # 16 bits of grey: Pillow clips them to 8, and nearly every pixel to white.
        return Image.fromarray((np.asarray(image) // 256).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        return _on_ground(image.convert("RGBA"))
    return image.convert("RGB")


def _on_ground(image: Image.Image) -> Image.Image:
    """On white, as players show it in light mode; on black where white shows nothing of it.

    Where black shows nothing either (no pixel is opaque), it stays white.
    """
    grounds = (Image.new("RGBA", image.size, name) for name in ("white", "black"))
    light, dark = (Image.alpha_composite(ground, image).convert("RGB") for ground in grounds)
    return dark if _contrast(dark) >= SHOWN > _contrast(light) else light


def _contrast(picture: Image.Image) -> int:
    """The widest range of a colour."""
    return max(high - low for low, high in picture.getextrema())  # type: ignore[misc]


def _without_words(data: bytes) -> bytes:
    """A PNG without its comments and colour profile; what is cut short stays cut short."""
    if not data.startswith(SIGNATURE):
        return data
    kept, start = [SIGNATURE], len(SIGNATURE)
    while start + 12 <= len(data):
        end = start + 12 + int.from_bytes(data[start : start + 4])
        if end > len(data):
            break
        if data[start + 4 : start + 8] not in WORDY:
            kept.append(data[start:end])
        start = end
    return b"".join([*kept, data[start:]])


def _opened(data: bytes) -> Image.Image:
    limit = load_limits().image.pixels
    over = f"over {limit // 1_000_000} megapixels"
    with warnings.catch_warnings():
        # Pillow warns of large images at 89 megapixels; ours are refused well below.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(_without_words(data)), formats=FORMATS)
        except Image.DecompressionBombError:
            raise MediaProblem("refused", over) from None
        except UnidentifiedImageError:
            raise MediaProblem("undecodable", "not a JPEG, PNG, WEBP, GIF or AVIF") from None
    if image.width * image.height > limit:
        raise MediaProblem("refused", f"{image.width}x{image.height} is {over}")
    return image

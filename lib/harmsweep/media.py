"""Media files as untrusted input: resolved beneath a root, capped, hashed and decoded.

What a file is, its content decides, never its name. Nothing here raises for bad content in
`inspect_media`: it is a status and a short reason that quotes none of the content.
"""

import errno
import hashlib
import io
import os
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
# A 65535 x 65535 PNG fits in 86 KB and takes 4 GB decoded; 25 megapixels take 75 MB.
MAX_PIXELS = 25_000_000
# An image is held in memory to be decoded; a video is only hashed, a megabyte at a time.
MAX_BYTES = {"image": 32 * 2**20, "video": 512 * 2**20}


class MediaProblem(ValueError):
    """A medium that cannot be used: `status` is missing, refused, undecodable or unsupported."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True)
class MediaFacts:
    """What is known of a medium; `reason` says why it is not ok, `width` and `height` in pixels.

    `seconds` is a video's length; `pdq` its perceptual hashes, `pdq_quality` the best's quality.
    """

    status: str
    reason: str | None = None
    content_hash: str | None = None
    bytes: int | None = None
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    pdq: tuple[str, ...] | None = None
    pdq_quality: int | None = None


def inspect_media(root: Path, uri: str, kind: str) -> MediaFacts:
    """The status, SHA-256 and size of a medium; bad content is a status, never an exception.

    An image is decoded in full: only that tells a truncated file from a whole one before a post
    is scored on a part of it. A JPEG is decoded at an eighth of its size, which reads every byte.
    """
    content_hash = size = None
    try:
        with _open_regular(resolve_media(root, uri)) as file:
            size = os.fstat(file.fileno()).st_size
            _check_size(size, kind)
            content_hash = hashlib.file_digest(file, "sha256").hexdigest()
            if kind != "image":
                raise MediaProblem("unsupported", "video is not embedded yet")
            file.seek(0)
            width, height = _decodable_size(file.read())
    except MediaProblem as problem:
        return MediaFacts(problem.status, problem.reason, content_hash, size)
    return MediaFacts("ok", None, content_hash, size, width, height)


def resolve_media(root: Path, uri: str) -> Path:
    """The file that a reference names beneath the media root, links followed; it may be missing.

    Raises:
        MediaProblem: refused, where it leads out of the root or is no path.
    """
    base = root.resolve()
    try:
        path = (base / uri).resolve()
    except (OSError, ValueError, RuntimeError):
        raise MediaProblem("refused", "not a usable path") from None
    if Path(uri).is_absolute() or not path.is_relative_to(base):
        raise MediaProblem("refused", "outside the media root")
    return path


def read_image(path: Path) -> bytes:
    """The bytes of an image file, at most MAX_BYTES of them.

    Raises:
        MediaProblem: missing, or refused: no regular file, or too large.
    """
    with _open_regular(path) as file:
        _check_size(os.fstat(file.fileno()).st_size, "image")
        return file.read(MAX_BYTES["image"])


def decode_image(data: bytes) -> Image.Image:
    """The first frame of an encoded image, upright, as RGB; transparency is laid on white.

    Raises:
        MediaProblem: refused for its pixels, read from the header; undecodable.
    """
    try:
        with _opened(data) as image:
            return _as_seen(ImageOps.exif_transpose(image))
    except MediaProblem:
        raise
    # Decoders raise nearly anything for hostile bytes (struct.error, SyntaxError, zlib.error…).
    except Exception as error:
        raise _undecodable(error) from None


def _as_seen(image: Image.Image) -> Image.Image:
    """The picture as a viewer shows it: what hides from us would not hide from people."""
    if image.mode.startswith("I"):
        # 16 bits of grey: Pillow clips them to 8, and nearly every pixel to white.
        return Image.fromarray((np.asarray(image) // 256).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def open_image(path: Path) -> Image.Image:
    """The RGB image in a file: `decode_image` of `read_image`."""
    return decode_image(read_image(path))


def _open_regular(path: Path) -> io.BufferedReader:
    # O_NONBLOCK: opening a FIFO would wait for its writer; the kind is asked of the open file.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags)
    except (FileNotFoundError, NotADirectoryError):
        raise MediaProblem("missing", "no such file") from None
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "OSError")
        raise MediaProblem("refused", f"cannot be opened ({name})") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise MediaProblem("refused", "not a regular file")
    return os.fdopen(descriptor, "rb")


def _check_size(size: int, kind: str) -> None:
    limit = MAX_BYTES.get(kind)
    if limit is None:
        raise MediaProblem("unsupported", "neither image nor video")
    if size > limit:
        raise MediaProblem("refused", f"{size} bytes are over {limit}")


def _opened(data: bytes) -> Image.Image:
    with warnings.catch_warnings():
        # Pillow warns of large images at 89 megapixels; ours are refused well below.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        except Image.DecompressionBombError:
            raise MediaProblem("refused", "over 25 megapixels") from None
        except UnidentifiedImageError:
            raise MediaProblem("undecodable", "not a JPEG, PNG, WEBP or GIF") from None
    if image.width * image.height > MAX_PIXELS:
        raise MediaProblem("refused", f"{image.width}x{image.height} is over 25 megapixels")
    return image


def _decodable_size(data: bytes) -> tuple[int, int]:
    try:
        with _opened(data) as image:
            size = image.size
            image.draft(None, (size[0] // 8, size[1] // 8))
            image.load()
            return size
    except MediaProblem:
        raise
    except Exception as error:
        raise _undecodable(error) from None


def _undecodable(error: Exception) -> MediaProblem:
    # The kind of the error alone: its message may quote the content.
    return MediaProblem("undecodable", f"truncated or damaged ({type(error).__name__})")

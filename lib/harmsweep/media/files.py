"""Media files: beneath a root or in a listed store, regular files only, of capped size."""

import errno
import io
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from harmsweep.media.problem import MediaProblem, Store, load_limits

COPY_BYTES = 1 << 20


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


@contextmanager
def local_media(root: Path, uri: str, kind: str) -> Iterator[Path]:
    """The medium as a local file for the length of the block; one from a store is a temporary copy.

    Raises:
        MediaProblem: refused: outside the root, or in a store that conf/media.yaml does not list;
            missing; too large.
    """
    if "://" not in uri:
        yield resolve_media(root, uri)
        return
    store = _listed(uri)
    with tempfile.NamedTemporaryFile(prefix="harmsweep-media-") as copy:
        _fetch(store, uri, copy.file, kind)
        yield Path(copy.name)


def _listed(uri: str) -> Store:
    try:
        parts = urlsplit(uri)
        named = (parts.scheme, parts.netloc)
    except ValueError:
        raise MediaProblem("refused", "not a usable address") from None
    for store in load_limits().stores:
        if (store.scheme, store.bucket) == named:
            return store
    raise MediaProblem("refused", "its scheme and bucket are not listed")


def _fetch(store: Store, uri: str, copy: IO[bytes], kind: str) -> None:
    """Copy an object to a file, up to one byte more than its kind may have."""
    from pyarrow import fs

    limit = byte_limit(kind)
    try:
        found = fs.S3FileSystem(**store.options) if store.scheme == "s3" else None
        if found is None:
            found, _ = fs.FileSystem.from_uri(f"{store.scheme}://{store.bucket}")
        with found.open_input_stream(uri.removeprefix(f"{store.scheme}://")) as source:
            while limit >= 0 and (content := source.read(min(COPY_BYTES, limit + 1))):
                copy.write(content)
                limit -= len(content)
        copy.flush()
    except FileNotFoundError:
        raise MediaProblem("missing", "no such object") from None
    except (OSError, ValueError) as error:
        raise MediaProblem("missing", f"could not be fetched ({type(error).__name__})") from None


def read_image(path: Path) -> bytes:
    """The bytes of an image file.

    Raises:
        MediaProblem: missing, or refused: no regular file, or too large.
    """
    with open_media(path, "image") as file:
        return file.read()


@contextmanager
def open_media(path: Path, kind: str) -> Iterator[io.BufferedReader]:
    """An open regular file within the size that its kind may have.

    Raises:
        MediaProblem: missing; refused: no regular file or too large; unsupported: an unknown kind.
    """
    limit = byte_limit(kind)
    with _open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise MediaProblem("refused", f"{size} bytes are over {limit}")
        yield file


def byte_limit(kind: str) -> int:
    """The most bytes that a medium of this kind may have.

    Raises:
        MediaProblem: unsupported, where it is neither image nor video.
    """
    if kind not in ("image", "video"):
        raise MediaProblem("unsupported", "neither image nor video")
    limits = load_limits()
    return limits.image.bytes if kind == "image" else limits.video.bytes


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

"""Media files: beneath a root or in a listed store, regular files only, of capped size."""

import errno
import io
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO

import pyarrow as pa
from pyarrow import fs

from harmsweep.media.conf import Store, load_limits
from harmsweep.media.problem import MediaProblem

COPY_BYTES = 1 << 20
# Of one attempt, of which the client makes three; options in conf/media.yaml replace them.
CONNECT_SECONDS, REQUEST_SECONDS = 5, 15


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
    with tempfile.NamedTemporaryFile(prefix="harmsweep-media-") as copy:
        _fetch(uri, copy.file, kind)
        yield Path(copy.name)


def _listed(scheme: str, bucket: str) -> Store:
    for store in load_limits().stores:
        if (store.scheme, store.bucket) == (scheme, bucket):
            return store
    raise MediaProblem("refused", "its scheme and bucket are not listed")


def _fetch(address: str, copy: IO[bytes], kind: str) -> None:
    """Copy an object to a file, up to one byte more than its kind may have."""
    # By hand: urlsplit drops line breaks and folds cases, so that what is checked is not what is
    # asked for.
    scheme, _, place = address.partition("://")
    store = _listed(scheme, place.partition("/")[0])
    # The client shortens `bucket/../other/key` to `other/key`, and so leaves the listed bucket.
    if {"", ".", ".."} & set(place.split("/")) or not place.isprintable():
        raise MediaProblem("refused", "not a usable address")
    left, end = byte_limit(kind) + 1, time.monotonic() + load_limits().fetch_seconds
    try:
        with _file_system(store.model_dump_json()).open_input_stream(place) as source:
            while left and (content := source.read(min(COPY_BYTES, left))):
                copy.write(content)
                left -= len(content)
                if time.monotonic() > end:
                    raise MediaProblem("refused", "fetching it took too long")
        copy.flush()
    except FileNotFoundError:
        raise MediaProblem("missing", "no such object") from None
    except (OSError, pa.ArrowException) as error:
        raise MediaProblem("missing", f"could not be fetched ({type(error).__name__})") from None


@lru_cache(maxsize=8)
def _file_system(store: str) -> fs.FileSystem:
    """The client of a store (its JSON), once a process: each holds threads and connections."""
    parsed = Store.model_validate_json(store)
    if parsed.scheme != "s3":
        return fs.FileSystem.from_uri(f"{parsed.scheme}://{parsed.bucket}")[0]
    timeouts = {"connect_timeout": CONNECT_SECONDS, "request_timeout": REQUEST_SECONDS}
    return fs.S3FileSystem(**{**timeouts, **parsed.options})


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

"""Preserved bytes in the lake's restricted folder: each file under its SHA-256, never decoded.

Who calls holds the lock of the table of preservations: one writer, and no deletion beside it.
"""

import errno
import hashlib
import io
import os
from pathlib import Path
from typing import IO

from harmsweep.media.access import COPY_BYTES, byte_limit, local_media, open_media
from harmsweep.media.problem import MediaProblem
from harmsweep.tables.catalog import RESTRICTED_FOLDER

# The copy that is being made. What a killed run left of one is cleared before the next.
_UNFINISHED = ".copying"


def vault(lake: Path) -> Path:
    """The folder of the preserved files, which may not be there yet."""
    return lake / RESTRICTED_FOLDER / "preserved"


def holds(lake: Path, content_hash: str) -> bool:
    """Whether the bytes are there and whole: they hash to their name."""
    try:
        with (vault(lake) / content_hash).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == content_hash
    except FileNotFoundError:
        return False


def take(lake: Path, root: Path | None, uri: str, kind: str, *, expected: str | None) -> str:
    """Copy a medium's bytes, whole or not at all; give their SHA-256.

    Raises:
        MediaProblem: missing; changed: they have not the `expected` SHA-256; else the place or the
            size is refused.
    """
    if root is None and "://" not in uri:
        raise MediaProblem("missing", "no media root was given")
    folder = vault(lake)
    folder.mkdir(mode=0o700, exist_ok=True)
    # A store's media need no root.
    with local_media(root or folder, uri, kind) as path, open_media(path, kind) as source:
        return _stored(source, folder, byte_limit(kind), expected)


def discard(lake: Path, content_hash: str) -> bool:
    """Delete preserved bytes; whether they were there."""
    path = vault(lake) / content_hash
    was_there = path.exists()
    path.unlink(missing_ok=True)
    return was_there


def clear_unfinished(lake: Path) -> None:
    """Delete what a killed run had copied in part."""
    (vault(lake) / _UNFINISHED).unlink(missing_ok=True)


def _stored(source: io.BufferedReader, folder: Path, limit: int, expected: str | None) -> str:
    unfinished = folder / _UNFINISHED
    try:
        # The mode from the first byte on: nobody else ever reads it, and nobody writes it.
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        with os.fdopen(descriptor, "wb") as to:
            digest = _copied(source, to, limit)
            to.flush()
            os.fsync(to.fileno())
        if expected not in (None, digest):
            raise MediaProblem("changed", "the file has other bytes than were recorded")
        unfinished.replace(folder / digest)
    finally:
        unfinished.unlink(missing_ok=True)
    _sync(folder)
    return digest


def _copied(source: io.BufferedReader, to: IO[bytes], limit: int) -> str:
    """Copy what may have grown since it was opened; give its SHA-256."""
    digest, size = hashlib.sha256(), 0
    while content := _read(source):
        size += len(content)
        if size > limit:
            raise MediaProblem("refused", f"more than {limit} bytes")
        digest.update(content)
        to.write(content)
    return digest.hexdigest()


def _read(source: io.BufferedReader) -> bytes:
    """The next bytes of the source; that they cannot be read is about the medium, not the lake."""
    try:
        return source.read(COPY_BYTES)
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "OSError")
        raise MediaProblem("missing", f"could not be read ({name})") from None


def _sync(folder: Path) -> None:
    """Make a rename last through a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

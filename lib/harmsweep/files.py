"""Files of conf: where they lie, and whether they are what conf says; files put in place whole."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from harmsweep.errors import Refused
from harmsweep.paths import ROOT


class FileRefused(Refused):
    """A file that conf names is missing, or is not the one that conf pins."""


def resolve(path: str) -> Path:
    """A folder or file of conf on this machine.

    Raises:
        FileRefused: the package that should hold it is not installed.
    """
    if not path.startswith("package:"):
        return ROOT / path
    package, _, rest = path.removeprefix("package:").partition("/")
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FileRefused(f"{path}: package {package} is not installed")
    return Path(spec.origin).parent / rest


def check_file(path: Path, expected: str) -> None:
    """Refuse a file whose SHA-256 is not the expected one; nothing has parsed it yet.

    Raises:
        FileRefused: the file is missing or another one.
    """
    if not path.is_file():
        made_by = "scripts/setup, scripts/fetch_mpnet or scripts/fetch_e5"
        raise FileRefused(f"{path}: missing; {made_by} makes it")
    actual = sha256_of(path)
    if actual != expected:
        raise FileRefused(f"{path}: expected SHA-256 {expected}, found {actual}")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_whole(path: Path, content: str | bytes) -> Path:
    """Put a file in place whole: whoever reads `path` finds all of it or what was there before."""
    with writing_whole(path) as fresh:
        fresh.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@contextmanager
def writing_whole(path: Path) -> Iterator[Path]:
    """A path beside `path` to write a file or a folder to, which takes its place at the end.

    An error in between leaves `path` as it was and nothing beside it. What a killed process left
    there is written over. A folder takes the place of none: a former one must be gone by the end.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    _discard(fresh)
    try:
        yield fresh
        fresh.replace(path)
    finally:
        _discard(fresh)


def _discard(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

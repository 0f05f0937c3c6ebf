"""Files that conf names: where they lie, and whether they are what conf says."""

import hashlib
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
        raise FileRefused(f"{path}: missing; scripts/setup makes it")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise FileRefused(f"{path}: expected SHA-256 {expected}, found {found}")

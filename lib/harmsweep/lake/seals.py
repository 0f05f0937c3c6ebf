"""What a table held after each commit, kept beside it: damage is refused, and never read as rows.

`.seals/<table>.jsonl` in the lake has a line for each commit: the version, the files that came with
their SHA-256, those that went, and a digest of this and of the line before. A table whose log lost
commits, or has torn or swapped ones, has other files than its seals say; a file that was changed
has another hash. A commit whose writer was killed before its line is known by its own log.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import deltalake
import pyarrow as pa
from deltalake.exceptions import DeltaError

from harmsweep.digests import as_json
from harmsweep.errors import Refused
from harmsweep.tables.catalog import (
    ACTIONS,
    APPEALS,
    DECISIONS,
    EXEMPTIONS,
    OPERATIONS,
    ORDERS,
    PLANS,
    POST_VISIBILITY,
    VERDICTS,
)

FOLDER = ".seals"
# What acts, what people did, and what the platform reads.
SEALED = frozenset(
    table.name
    for table in (
        *(ACTIONS, APPEALS, DECISIONS, EXEMPTIONS, OPERATIONS, ORDERS, PLANS, POST_VISIBILITY),
        VERDICTS,
    )
)
# So often a reader looks again where a writer was between its commit and its seal.
TRIES, PAUSE = 5, 0.05
_KNOWN = (DeltaError, OSError, ValueError, pa.ArrowException)
Files = Mapping[str, str | None]  # of each path the value of `day` that its rows have


class Damaged(Refused):
    """A table is not what was written to it; nothing was read from it, or written to it."""


@dataclass(frozen=True)
class Seal:
    """What a table's last seal says: its version, its files by path, and the last line's digest."""

    version: int = -1
    files: Mapping[str, str] = field(default_factory=dict)
    chain: str = ""


def check(
    lake: Path, name: str, *, day: str | None = None, content: bool = True
) -> deltalake.DeltaTable:
    """A table that is as it was sealed; one that has no seal yet is taken as it is.

    With `content` the hash of each file is compared, or of those that may hold rows of a day.

    Raises:
        Damaged: the table, what differs, and how to go on.
    """
    last, table, files = _settled(lake, name)
    version = int(table.version())
    if last is None:
        return table
    known = _expected(lake, name, last, version)
    lost, strange = sorted(known.keys() - files.keys()), sorted(files.keys() - known.keys())
    if version < last.version or lost or strange:
        found = f"version {version} of {last.version}, {len(lost)} files lost, {len(strange)} more"
        raise _damaged(name, found)
    for path, of_day in files.items() if content else ():
        wanted = known[path]
        if (day is None or of_day in (None, day)) and wanted and _hash(lake / name, path) != wanted:
            raise _damaged(name, f"{path} is not the file that was written")
    return table


def seal(lake: Path, name: str) -> None:
    """Add the line of what the table holds now. The caller holds the table's lock."""
    last, (table, files) = _read(lake, name) or Seal(), _state(lake, name)
    version = int(table.version())
    if version <= last.version:
        return
    line: dict[str, Any] = {
        "version": version,
        "add": {
            path: _hash(lake / name, path) for path in sorted(files.keys() - last.files.keys())
        },
        "remove": sorted(last.files.keys() - files.keys()),
    }
    text = as_json(line | {"chain": _chain(last.chain, line)}) + "\n"
    path = _place(lake, name)
    path.parent.mkdir(mode=0o750, exist_ok=True)
    with path.open("a+b") as file:
        _drop_torn_line(file)
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())


def _drop_torn_line(file: Any) -> None:
    """Cut what a kill left of a line, so that the next one begins where it should."""
    file.seek(0)
    content = file.read()
    if content and not content.endswith(b"\n"):
        file.truncate(content.rfind(b"\n") + 1)
    file.seek(0, os.SEEK_END)


def _settled(lake: Path, name: str) -> tuple[Seal | None, deltalake.DeltaTable, Files]:
    """The seal and the state, once the state is no older than the seal, or stays so."""
    for tried in range(TRIES):
        table, files = _state(lake, name)
        found = _read(lake, name)
        if found is None or table.version() >= found.version:
            break
        time.sleep(PAUSE * tried)
    return found, table, files


def _state(lake: Path, name: str) -> tuple[deltalake.DeltaTable, Files]:
    try:
        table = deltalake.DeltaTable(str(lake / name))
        files = pa.table(table.get_add_actions(flatten=True))
    except BaseException as error:
        # What the engine panics with is no Exception.
        if isinstance(error, _KNOWN) or type(error).__name__ == "PanicException":
            raise _damaged(name, f"its log cannot be read ({type(error).__name__})") from None
        raise
    days = files["partition.day"] if "partition.day" in files.column_names else [None] * len(files)
    paths = map(str, files["path"].to_pylist())
    return table, dict(zip(paths, (str(d) if d else None for d in days), strict=True))


def _expected(lake: Path, name: str, last: Seal, version: int) -> dict[str, str]:
    """The files of the seal and of the commits after it, whose hash nobody knows.

    A writer was killed there before its seal, or has it still to write.
    """
    found = dict(last.files)
    for number in range(last.version + 1, version + 1):
        path = lake / name / "_delta_log" / f"{number:020}.json"
        for action in _actions(path):
            if "add" in action:
                found[action["add"]["path"]] = ""
            if "remove" in action:
                found.pop(action["remove"]["path"], None)
    return found


def _actions(path: Path) -> Iterator[dict[str, Any]]:
    try:
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError):
        return


def _read(lake: Path, name: str) -> Seal | None:
    """What the lines say together; None where there is none.

    Raises:
        Damaged: a line is not what was written.
    """
    path = _place(lake, name)
    try:
        facts = path.stat()
    except FileNotFoundError:
        return None
    return _parsed(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=64)
def _parsed(path: Path, size: int, changed: int) -> Seal | None:
    """The lines of a file of that size and time, put together; a line that has no end is none."""
    name, found = path.stem, Seal()
    lines = path.read_bytes().split(b"\n")[:-1]
    for number, text in enumerate(lines, start=1):
        try:
            line = json.loads(text)
            chain = line.pop("chain")
            if chain != _chain(found.chain, line):
                raise ValueError
        except (ValueError, KeyError, AttributeError):
            raise _damaged(name, f"line {number} of its seals is not what was written") from None
        files = {p: s for p, s in found.files.items() if p not in line["remove"]} | line["add"]
        found = Seal(line["version"], files, chain)
    return found if lines else None


def _chain(before: str, line: Mapping[str, Any]) -> str:
    return hashlib.sha256((before + as_json(line)).encode()).hexdigest()


def _place(lake: Path, name: str) -> Path:
    return lake / FOLDER / f"{name}.jsonl"


def _hash(table: Path, path: str) -> str:
    """The SHA-256 of a table's file; empty where it is gone."""
    file = table / unquote(path)  # a log encodes what stands in a folder's name
    try:
        facts = file.stat()
    except OSError:
        return ""
    return _hash_of(file, facts.st_size, facts.st_mtime_ns, facts.st_ino)


@lru_cache(maxsize=100_000)
def _hash_of(file: Path, size: int, changed: int, number: int) -> str:
    """Delta never changes a file: one with the size, time and number of then is hashed once."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _damaged(name: str, found: str) -> Damaged:
    return Damaged(f"{name} is damaged: {found}; nothing was done: see `harmsweep doctor`")

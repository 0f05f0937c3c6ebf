"""The lines of a table's seals: each follows from the one before, so that none can go unseen.

`.seals/<table>.jsonl` beside a table has a line for each commit: the version, the files that came
and those of the log with their SHA-256, those that went, and a digest of this and of the line
before. Many lines become one by maintenance: it keeps the digest of the last of them.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from harmsweep.digests import as_json
from harmsweep.errors import Refused
from harmsweep.files import write_whole

FOLDER = ".seals"
# Maintenance makes one line of all but the last few of so many.
MOST_LINES, LAST_LINES = 1000, 100
Line = Mapping[str, Any]


class Damaged(Refused):
    """A table is not what was written to it; nothing was read from it, or written to it."""


def damaged(name: str, found: str) -> Damaged:
    """That a table is damaged, by what was found."""
    return Damaged(f"{name} is damaged: {found}; nothing was done: see `harmsweep doctor`")


@dataclass(frozen=True)
class Seal:
    """What a table's lines say up to a version: its files by path, and the last line's digest."""

    version: int = -1
    files: Mapping[str, str] = field(default_factory=dict)
    chain: str = ""
    known: Mapping[str, str] = field(default_factory=dict)  # every file that any line names
    log: Mapping[str, str] = field(default_factory=dict)  # every file of the log, by name


def place(lake: Path, name: str) -> Path:
    """Where a table's seals are: beside it, within reach of the same people."""
    table = lake / name
    return table.parent / FOLDER / f"{table.name}.jsonl"


def read(lake: Path, name: str, version: int | None = None) -> Seal | None:
    """What the lines up to a version say together; None where there is none.

    Raises:
        Damaged: a line is not what was written, or the version is older than what is known.
    """
    try:
        return _told(*_file(lake, name), version)
    except FileNotFoundError:
        return None
    except _BrokenLine as error:
        raise damaged(name, f"{error} of its seals is not what was written") from None


def _file(lake: Path, name: str) -> tuple[Path, int, int]:
    """A table's lines, with the size and time by which a change is known."""
    path = place(lake, name)
    facts = path.stat()
    return path, facts.st_size, facts.st_mtime_ns


@lru_cache(maxsize=256)
def _told(path: Path, size: int, changed: int, version: int | None) -> Seal | None:
    lines = _parsed(path, size, changed)
    told = [line for line in lines if version is None or line["version"] <= version]
    if lines and not told and "before" in lines[0]:
        oldest = lines[0]["version"]
        raise Damaged(f"{path.stem}: what it held before version {oldest} is known no longer")
    known, log = _merged(lines, "add"), _merged(lines, "log")
    return replace(_folded(told), known=known, log=log) if told else None


def _merged(lines: Sequence[Line], part: str) -> dict[str, str]:
    return {path: digest for line in lines for path, digest in line.get(part, {}).items()}


def append(lake: Path, name: str, line: Line, last: Seal) -> None:
    """Add a line after the last. The caller holds the table's lock."""
    path = place(lake, name)
    path.parent.mkdir(mode=0o750, exist_ok=True)
    with path.open("a+b") as file:
        _drop_torn_line(file)
        file.write(_chained(line, last.chain)[1].encode())
        file.flush()
        os.fsync(file.fileno())


def _drop_torn_line(file: Any) -> None:
    """Cut what a kill left of a line, so that the next one begins where it should."""
    file.seek(0)
    content = file.read()
    if content and not content.endswith(b"\n"):
        file.truncate(content.rfind(b"\n") + 1)
    file.seek(0, os.SEEK_END)


def compact(lake: Path, name: str) -> int:
    """Make one line of all but the last of a table's many lines; give how many became one.

    What the table held before them is known no longer. The caller holds the table's lock.
    """
    lines = _parsed(*_file(lake, name)) if place(lake, name).exists() else []
    if len(lines) <= MOST_LINES:
        return 0
    first, rest = lines[:-LAST_LINES], lines[-LAST_LINES:]
    whole = _folded(first)
    one: dict[str, Any] = {"version": whole.version, "add": whole.files, "remove": []}
    one |= {"log": _merged(first, "log"), "before": whole.chain}
    chain, text = "", ""
    for line in (one, *rest):
        chain, written = _chained(line, chain)
        text += written
    write_whole(place(lake, name), text)
    return len(first)


class _BrokenLine(ValueError):
    """Names the line that is not what was written."""


@lru_cache(maxsize=64)
def _parsed(path: Path, size: int, changed: int) -> Sequence[Line]:
    """The lines of a file of that size and time; one that has no end is none.

    Raises:
        _BrokenLine: a line does not follow from the one before it.
    """
    chain, found = "", list[Line]()
    for number, text in enumerate(path.read_bytes().split(b"\n")[:-1], start=1):
        try:
            line = json.loads(text)
            said = line["chain"]
            chain, _ = _chained(line, chain)
        except (ValueError, KeyError, TypeError):
            raise _BrokenLine(f"line {number}") from None
        if said != chain:
            raise _BrokenLine(f"line {number}")
        found.append(line)
    return found


def _folded(lines: Sequence[Line]) -> Seal:
    """What lines say together."""
    files: dict[str, str] = {}
    for line in lines:
        for path in line["remove"]:
            files.pop(path, None)
        files |= line["add"]
    return Seal(lines[-1]["version"], files, lines[-1]["chain"])


def _chained(line: Line, before: str) -> tuple[str, str]:
    """The digest of a line that follows another's, and the line's text with it."""
    said = {key: value for key, value in line.items() if key != "chain"}
    chain = hashlib.sha256((before + as_json(said)).encode()).hexdigest()
    return chain, as_json(said | {"chain": chain}) + "\n"

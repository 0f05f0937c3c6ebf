"""What a table held after each commit, kept beside it: damage is refused, and never read as rows.

A table whose log lost commits, or has torn or swapped ones, has other files than its seals say; a
file that was changed has another hash. A commit whose writer was killed before its line is known by
its own log.
"""

import hashlib
import json
import re
import time
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import deltalake
import pyarrow as pa
from deltalake.exceptions import DeltaError

from harmsweep.lake import seal_lines
from harmsweep.lake.seal_lines import Seal, damaged

# What acts and what that rests on, what people did, and what the platform reads and was told. By
# name: whoever asks a table imports no schemas.
SEALED = frozenset(
    {
        *("actions_v1", "decisions_v1", "plans_v1", "evidence_v1", "explanations_v1"),
        *("post_visibility_v1", "deliveries_v1"),
        *("operations_v1", "verdicts_v1", "appeals_v1", "orders_v1", "exemptions_v1"),
        "label_tasks_v1",
        *("hash_bank_v1", "restricted/hash_bank_v1"),
        *("restricted/escalations_v1", "restricted/preservations_v1"),
    }
)
# The property of a table that no row is written to before its first seal.
HAS_SEALS = {"harmsweep.sealed": "true"}
# So often a reader looks again where a writer was between its commit and its seal.
TRIES, PAUSE = 5, 0.05
_KNOWN = (DeltaError, OSError, ValueError, pa.ArrowException)
_LOG_FILE = re.compile(r"\d{20}\.(json|checkpoint(\..*)?\.parquet)$")
Files = Mapping[str, str | None]  # of each path the value of `day` that its rows have


def files_of(table: deltalake.DeltaTable) -> pa.Table:
    """A table's files as its log has them, a row each."""
    # pa.table would look whether it was given a frame of pandas, and take a second to import that.
    return pa.RecordBatchReader.from_stream(table.get_add_actions(flatten=True)).read_all()


def check(
    lake: Path,
    name: str,
    *,
    version: int | None = None,
    days: Container[str] | None = None,
    content: bool = True,
) -> deltalake.DeltaTable:
    """A table, now or as of a version, as it was sealed.

    One of before seals is taken as it is, and so is one without rows that has none yet.
    With `content` the hash of each file is compared, or of those that may hold rows of some days.

    Raises:
        Damaged: the table, what differs, and how to go on.
    """
    last, table, files = _settled(lake, name, version)
    newest = int(table.version())
    if last is None:
        if files and has_seals(table):
            raise damaged(name, f"its seals are gone ({seal_lines.place(lake, name)})")
        return table
    expected = _expected(lake, name, last, newest)
    lost, strange = sorted(expected.keys() - files.keys()), sorted(files.keys() - expected.keys())
    if newest < last.version or lost or strange:
        found = f"version {newest} of {last.version}, {len(lost)} files lost, {len(strange)} more"
        raise damaged(name, found)
    for log in _log_files(lake / name, newest):
        if log.name in last.log and _hash(log.parent, log.name) != last.log[log.name]:
            raise damaged(name, f"{log.name} of its log is not what was written")
    for path, day in files.items() if content else ():
        is_read = days is None or day is None or day in days
        if is_read and expected[path] and _hash(lake / name, path) != expected[path]:
            raise damaged(name, f"{path} is not the file that was written")
    return table


def has_seals(table: deltalake.DeltaTable) -> bool:
    """Whether a table says of itself that it has seals."""
    said: Mapping[str, str | None] = table.metadata().configuration
    return HAS_SEALS.items() <= said.items()


@contextmanager
def sealing(lake: Path, name: str) -> Iterator[None]:
    """Seal what is committed to a table in the block, where it should have seals.

    One that has none yet is sealed before too, so that what comes can be told from what was. The
    caller holds the table's lock.
    """
    if name not in SEALED:
        yield
        return
    if not seal_lines.place(lake, name).exists():
        seal(lake, name)
    yield
    seal(lake, name)


def seal(lake: Path, name: str) -> None:
    """Add the line of what the table holds now. The caller holds the table's lock."""
    last, (table, files) = seal_lines.read(lake, name) or Seal(), _state(lake, name)
    version = int(table.version())
    log = [f for f in _log_files(lake / name, version) if f.name not in last.log]
    if version < last.version or not log:
        return
    line: dict[str, Any] = {
        "version": version,
        "log": {file.name: _hash(file.parent, file.name) for file in log},
        "add": {
            path: _hash(lake / name, path) for path in sorted(files.keys() - last.files.keys())
        },
        "remove": sorted(last.files.keys() - files.keys()),
    }
    seal_lines.append(lake, name, line, last)


def _settled(
    lake: Path, name: str, version: int | None
) -> tuple[Seal | None, deltalake.DeltaTable, Files]:
    """The seal and the state, once the state is no older than the seal, or stays so."""
    for tried in range(TRIES):
        table, files = _state(lake, name, version)
        found = seal_lines.read(lake, name, version)
        if found is None or table.version() >= found.version:
            break
        time.sleep(PAUSE * tried)
    return found, table, files


def _state(lake: Path, name: str, version: int | None = None) -> tuple[deltalake.DeltaTable, Files]:
    try:
        table = deltalake.DeltaTable(str(lake / name), version=version)
        files = files_of(table)
    except BaseException as error:
        # What the engine panics with is no Exception.
        if isinstance(error, _KNOWN) or type(error).__name__ == "PanicException":
            raise damaged(name, f"its log cannot be read ({type(error).__name__})") from None
        raise
    days = files["partition.day"] if "partition.day" in files.column_names else [None] * len(files)
    paths = map(str, files["path"].to_pylist())
    return table, dict(zip(paths, (str(d) if d else None for d in days), strict=True))


def _log_files(table: Path, version: int) -> list[Path]:
    """What a reader of a version reads of the log: the newest checkpoint and the commits after it.

    Of these the seal has the hash; a commit or a checkpoint that came since, it has not.
    """
    found = [file for file in (table / "_delta_log").iterdir() if _LOG_FILE.match(file.name)]
    numbers = {file: int(file.name[:20]) for file in found}
    checkpoints = [n for file, n in numbers.items() if file.suffix == ".parquet" and n <= version]
    first = max(checkpoints, default=0)
    return sorted(file for file, n in numbers.items() if first <= n <= version)


def _expected(lake: Path, name: str, last: Seal, version: int) -> dict[str, str]:
    """The files of the seal and of the commits after it; their hash may be that of a later line.

    A writer was killed there before its seal, or has it still to write.
    """
    found = dict(last.files)
    for number in range(last.version + 1, version + 1):
        path = lake / name / "_delta_log" / f"{number:020}.json"
        for action in _actions(path):
            if "add" in action:
                added = action["add"]["path"]
                found[added] = last.known.get(added, "")
            if "remove" in action:
                found.pop(action["remove"]["path"], None)
    return found


def _actions(path: Path) -> Iterator[dict[str, Any]]:
    try:
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError):
        return


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

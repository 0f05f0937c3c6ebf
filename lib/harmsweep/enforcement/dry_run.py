"""A dry run: what a person's act would do, by doing it in a copy of the lake that is thrown away.

A dry run that computes its answer by other code can differ from the act; this is the act itself.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harmsweep.enforcement.state.day_ledger import ledger_locks
from harmsweep.lake import delta, seal_lines, table_log
from harmsweep.tables.catalog import (
    ACTIONS,
    APPEALS,
    EVIDENCE,
    EXEMPTIONS,
    OPERATIONS,
    ORDERS,
    POST_VISIBILITY,
    VERDICTS,
)

# What acts of people write; every other table is shared with the lake.
WRITTEN = (
    *(VERDICTS, APPEALS, ORDERS, EXEMPTIONS, OPERATIONS),
    *(ACTIONS, POST_VISIBILITY, EVIDENCE),
)

_PREFIX = ".rehearsal-"
_LEFT_SECONDS = 24 * 3600


@contextmanager
def scratch_copy(lake: Path) -> Iterator[Path]:
    """A copy of the lake for acts of people, which ends with the block; nobody else sees it.

    It lies beside the tables: files of data are never changed once written, so that they are linked
    and not copied. A copy that was left by a process that was killed goes after a day.
    """
    for left in lake.glob(f"{_PREFIX}*"):
        with suppress(FileNotFoundError):  # another ends just now
            if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
    with TemporaryDirectory(prefix=_PREFIX, dir=lake) as folder:
        copy = Path(folder)
        with ledger_locks(lake):
            for table in WRITTEN:
                _copy(lake / table.name, copy / table.name)
            for seals in lake.glob(seal_lines.FOLDER):  # none in a lake without a row
                shutil.copytree(seals, copy / seals.name)
        for path in lake.iterdir():
            if not path.name.startswith(".") and not (copy / path.name).exists():
                target = path.resolve()  # the lake's own path may be relative
                (copy / path.name).symlink_to(target, target_is_directory=path.is_dir())
        yield copy


def _copy(table: Path, copy: Path) -> None:
    log = "_delta_log"
    shutil.copytree(table, copy, copy_function=os.link, ignore=shutil.ignore_patterns(log))
    shutil.copytree(table / log, copy / log)


def effects_since(copy: Path, lake: Path, since: datetime) -> list[dict[str, Any]]:
    """The effects of a dry run that began then, as rows of actions: what the lake's lacks."""
    known = {row["effect_key"] for row in _intents_since(lake, since)}
    rows = [row for row in _intents_since(copy, since) if row["effect_key"] not in known]
    return sorted(rows, key=lambda row: (row["day"], row["subject_kind"], row["subject_id"]))


def _intents_since(lake: Path, since: datetime) -> list[dict[str, Any]]:
    days = table_log.days_since(ACTIONS, lake, "recorded_at", since)
    sql = f"""SELECT * FROM actions_v1 WHERE {delta.datafusion_where({"day": days})}
        AND entry = 'intent' AND recorded_at >= TIMESTAMP '{since:%Y-%m-%d %H:%M:%S.%f}'"""
    found: list[dict[str, Any]] = delta.query(lake, sql, days=days).to_pylist()
    return found

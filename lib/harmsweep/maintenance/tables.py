"""Small files put together, old files deleted, checkpoints written, what expired forgotten.

What stages write by day is not put together here: a run compacts its own day, and the digest by
which it knows an unchanged day is of its files (`harmsweep.lake.runs`). No version is pinned by the
ledger, which keeps its evidence as a copy; so old files may go once nobody can be reading them.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from harmsweep.enforcement.state.evidence import forget
from harmsweep.known_media.preservation import delete_expired
from harmsweep.lake import delta, seal_lines
from harmsweep.lake.compaction import FEW
from harmsweep.lake.runs import DRY_RUN
from harmsweep.lake.writes import committed
from harmsweep.plurals import counted
from harmsweep.tables.catalog import EVIDENCE, PRESERVATIONS, RESTRICTED, TABLES
from harmsweep.tables.spec import Table

# Below this a reader or a backfill that runs could lose the files that it reads: Delta's own floor.
LEAST_KEEP_DAYS = 7
# Writers make a checkpoint every ten commits, after the commit: one that was killed leaves none,
# and a reader parses all commits since the last one by one.
COMMITS = 20
# By table, what ends a keeping and gives how much of it.
EXPIRIES: Mapping[str, Callable[[Path, date], int]] = {
    EVIDENCE.name: forget,
    PRESERVATIONS.name: delete_expired,
}


@dataclass(frozen=True)
class Maintained:
    """What was done to a table, or would be."""

    table: str
    compacted: int  # small files that became fewer
    deleted: int  # files that no version of the last days needs
    forgotten: int  # past their keeping: rows of evidence, or preserved files (their rows stay)
    checkpoint: bool
    dry_run: bool

    def line(self) -> str:
        """It in a line."""
        would = "would have " if self.dry_run else ""
        checkpoint = ", a checkpoint" if self.checkpoint else ""
        files = counted(self.compacted, "file")
        return (
            f"{self.table}: {would}{files} put together, {self.deleted} deleted,"
            f" {self.forgotten} forgotten{checkpoint}{f'; {DRY_RUN}' if self.dry_run else ''}"
        )


def maintain(lake: Path, today: date, *, keep_days: int, dry_run: bool) -> Iterator[Maintained]:
    """Maintain each table of the lake in turn; with `dry_run` only say what would be done.

    Files are deleted that no version of the last `keep_days` needs. A second run does nothing.

    Raises:
        ValueError: `keep_days` is below LEAST_KEEP_DAYS.
    """
    if keep_days < LEAST_KEEP_DAYS:
        raise ValueError(f"keep_days {keep_days} is below {LEAST_KEEP_DAYS}: readers need them")
    for table in (*TABLES.values(), *RESTRICTED.values()):
        # Before the table's own lock: evidence is forgotten under the ledger's too, which a sweep
        # takes first.
        expire = None if dry_run else EXPIRIES.get(table.name)
        forgotten = expire(lake, today) if expire else 0
        # A dry run only looks: it waits for nobody.
        with nullcontext() if dry_run else committed(table, lake):
            yield _maintained(lake, table, forgotten, keep_days, dry_run)


def _maintained(
    lake: Path, table: Table, forgotten: int, keep_days: int, dry_run: bool
) -> Maintained:
    compacted = _compacted(lake, table, dry_run)
    files = delta.stored(lake, table.name).vacuum(retention_hours=24 * keep_days, dry_run=dry_run)
    is_due = _commits_since_checkpoint(lake, table) >= COMMITS
    if is_due and not dry_run:
        delta.stored(lake, table.name).create_checkpoint()
    if not dry_run:
        seal_lines.compact(lake, table.name)
    return Maintained(table.name, compacted, len(files), forgotten, is_due, dry_run)


def _compacted(lake: Path, table: Table, dry_run: bool) -> int:
    """How many small files of a table without days were put together."""
    stored = delta.stored(lake, table.name)
    files = len(stored.file_uris())
    if "day" in table.partition_by or files < FEW:
        return 0
    if dry_run:
        return files
    return int(delta.opened(lake, table.name).optimize.compact()["numFilesRemoved"])


def _commits_since_checkpoint(lake: Path, table: Table) -> int:
    """How many commits a reader parses after the last checkpoint."""
    log = lake / table.name / "_delta_log"
    checkpoints = [int(path.name.partition(".")[0]) for path in log.glob("*.checkpoint*.parquet")]
    return delta.version(table, lake) - max(checkpoints, default=0)

"""What a table's log alone says: its files, and what their statistics tell of days and times.

No row is read, and of a sealed table no file is hashed but those of the log.
"""

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from harmsweep.lake import seals
from harmsweep.lake.delta import Slice, query, stored
from harmsweep.tables.spec import Table


def size(lake: Path, name: str) -> tuple[int, list[str]]:
    """How many rows a table has, and its days in order, from its log alone."""
    listed = seals.files_of(stored(lake, name))
    has_days = listed.num_rows and "partition.day" in listed.column_names
    days = {*listed.column("partition.day").to_pylist()} if has_days else set()
    return sum(n or 0 for n in listed.column("num_records").to_pylist()), sorted(map(str, days))


def newest(table: Table, lake: Path, column: str) -> datetime | None:
    """The greatest time in a column, cut to milliseconds, from the log alone; None of no row.

    Where a file has no statistics its rows are read.
    """
    listed = slice_files(table, lake, {})
    if not listed.num_rows:
        return None
    name = f"max.{column}"
    if name not in listed.column_names or listed[name].null_count:
        sql = f"SELECT max({column}) AS newest FROM {table.name}"
        found: datetime | None = query(lake, sql)["newest"][0].as_py()
        return found
    time: datetime = max(listed[name].to_pylist())
    return _utc(time)


def days_since(table: Table, lake: Path, column: str, time: datetime) -> list[date]:
    """The days that may have rows with a time in a column from then on, from the log alone."""
    # The log cuts times to milliseconds.
    least, late = time - timedelta(milliseconds=1), set[date]()
    for file in slice_files(table, lake, {}).to_pylist():
        newest = file.get(f"max.{column}")
        is_empty = file.get(f"null_count.{column}") == file["num_records"]
        if _utc(newest) >= least if newest else not is_empty:
            late.add(date.fromisoformat(str(file["partition.day"])))
    return sorted(late)


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def slice_digest(table: Table, lake: Path, where: Slice) -> str:
    """A hash of which files may hold a slice's rows: it changes whenever the slice does.

    Of `where`, what partitions the table counts. Reads the log only.
    """
    paths = sorted(slice_files(table, lake, where)["path"].to_pylist())
    return hashlib.sha256("\n".join(paths).encode()).hexdigest()


def slice_files(table: Table, lake: Path, where: Slice, *, version: int | None = None) -> pa.Table:
    """The files that may hold a slice's rows, from the log alone."""
    files = seals.files_of(stored(lake, table.name, version))
    for name in where.keys() & set(table.partition_by):
        wanted = where[name]
        values = {wanted} if isinstance(wanted, date | str) else {*wanted}
        kept = [value in values for value in files.column(f"partition.{name}").to_pylist()]
        files = files.filter(pa.array(kept, pa.bool_()))
    return files

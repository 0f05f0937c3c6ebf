"""The only writes of Delta tables: what is to be written is made first, then locked and committed.

No lock is held while a query runs or a model computes: rows are made beside other writers, and
committed where their slice is still the one that they were made from. What the driver has itself
(runs, the ledger) and few rows of a frame go through deltalake, which needs no JVM; many rows go
from the executors through Spark.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import deltalake
import pyarrow as pa
from pyspark.sql import DataFrame

from harmsweep.errors import Refused
from harmsweep.lake import seals
from harmsweep.lake.delta import (
    Slice,
    datafusion_where,
    days_of,
    names_rows,
    opened,
    read_slice,
    spark_where,
    stored,
    version,
)
from harmsweep.lake.failpoints import failpoint
from harmsweep.lake.locks import locked
from harmsweep.lake.table_log import slice_digest
from harmsweep.tables.spec import Table

# Up to so many rows the driver writes itself: Spark's writer takes over a second for any number.
FEW_ROWS = 10_000
# So often rows are made beside other writers; where each time one was quicker, under the lock.
TRIES = 3
Rows = Sequence[Mapping[str, Any]]
Content: TypeAlias = pa.Table | DataFrame

# How many commits this process made, by table.
_own: Counter[Path] = Counter()


class SchemaMismatch(Refused):
    """The rows to write are not of the table's declared schema."""


def conform(df: DataFrame, table: Table) -> DataFrame:
    """The rows with the table's columns in order.

    Delta fills columns that the stored table has and conf no longer declares (a retired harm) with
    null.

    Raises:
        SchemaMismatch: a column is missing, extra, or of another type; each is named.
    """
    want = {f.name: f.dataType.simpleString() for f in table.schema}
    have = {f.name: f.dataType.simpleString() for f in df.schema}
    if want != have:
        missing, extra = sorted(want.keys() - have.keys()), sorted(have.keys() - want.keys())
        retyped = sorted(
            f"{n} is {have[n]}, not {want[n]}"
            for n in want.keys() & have.keys()
            if have[n] != want[n]
        )
        raise SchemaMismatch(
            f"{table.name}: missing {missing}, extra {extra}, of another type {retyped}"
        )
    return df.select(*table.schema.names)


def replace_slice(
    df: DataFrame, table: Table, lake: Path, *, where: Slice, at_most: int | None = None
) -> None:
    """Make the rows of the slice exactly `df`, in one commit; a second run changes nothing.

    Delta refuses rows that lie outside the slice. The caller puts `day` and every version of the
    table's key in `where`, and in `at_most` what it knows their number cannot exceed.
    """
    if table.append_only:
        raise ValueError(f"{table.name} is append-only")
    rows, few = conform(df, table), at_most is not None and at_most <= FEW_ROWS
    few = few or names_rows(table, where)

    def make() -> Content:
        # Planned anew: a frame that was computed once goes on reading the files of then.
        fresh = rows.select("*")
        return fresh.toArrow() if few else _computed(fresh)

    _commit_what_is_current(make, table, lake, read_from=where, replaced=where)


def append_missing(df: DataFrame, table: Table, lake: Path, *, where: Slice) -> int:
    """Append the rows whose key the slice does not hold yet, in one commit; give how many.

    Nothing is written where there is nothing new. `where` bounds the look-up of known keys.
    """
    rows = conform(df, table)

    def make() -> Content:
        known = read_slice(rows.sparkSession, table, lake, where).select(*table.key)
        missing = rows.join(known, on=list(table.key), how="left_anti")
        missing = missing.select(*table.schema.names)
        if names_rows(table, where):
            return missing.toArrow()
        new = _computed(missing)
        if new.count() > FEW_ROWS:
            return new
        few = new.toArrow()
        new.unpersist()
        return few

    return _commit_what_is_current(make, table, lake, read_from=where, replaced=None)


def write_rows(rows: Rows, table: Table, lake: Path, *, where: Slice | None = None) -> None:
    """Append rows of the driver's own, or make them exactly a slice, in a commit without Spark."""
    with committed(table, lake):
        _write(rows, table, lake, where)


@contextmanager
def committed(table: Table, lake: Path) -> Iterator[None]:
    """Hold the table's lock; what is committed under it is known to be this process's own."""
    with locked(lake, [table.name]):
        before = version(table, lake)
        with seals.sealing(lake, table.name):
            yield
        _own[lake / table.name] += version(table, lake) - before


def others_commits(table: Table, lake: Path) -> int:
    """How many of the table's commits are not this process's own: a change says that one came."""
    return version(table, lake) - _own[lake / table.name]


def _commit_what_is_current(
    make: Callable[[], Content],
    table: Table,
    lake: Path,
    *,
    read_from: Slice,
    replaced: Slice | None,
) -> int:
    """Commit what `make` gives if the slice is still as it was before; else make it anew.

    Gives how many rows there are. Nothing is appended where there are none.
    """
    for tried in range(TRIES + 1):
        with ExitStack() as held:
            if tried == TRIES:
                held.enter_context(locked(lake, [table.name]))
            before = slice_digest(table, lake, read_from)
            content = make()
            if isinstance(content, DataFrame):
                held.callback(content.unpersist)
            count = _count(content)
            if not count and replaced is None:
                return 0
            held.enter_context(committed(table, lake))
            if slice_digest(table, lake, read_from) == before:
                _write(content, table, lake, replaced)
                return count
    raise AssertionError("under the lock no other writer commits")


def _computed(rows: DataFrame) -> DataFrame:
    """The rows, computed and kept, so that a write of them only copies."""
    kept = rows.persist()
    kept.count()
    return kept


def _count(content: Content) -> int:
    return content.count() if isinstance(content, DataFrame) else len(content)


def _write(content: Content | Rows, table: Table, lake: Path, where: Slice | None) -> None:
    failpoint(f"{table.name}:before-commit")
    if where is not None and names_rows(table, where):
        # Files are written anew but for some rows: damage would pass for what was written.
        opened(lake, table.name, days=days_of(where))
    if isinstance(content, DataFrame):
        _write_by_spark(content, table, lake, where)
    else:
        _write_by_driver(content, table, lake, where)
    failpoint(f"{table.name}:after-commit")


def _write_by_spark(rows: DataFrame, table: Table, lake: Path, where: Slice | None) -> None:
    write = rows.write.format("delta").mode("append" if where is None else "overwrite")
    if where is not None:
        write = write.option("replaceWhere", spark_where(where))
    write.option("optimizeWrite", "true").save(str(lake / table.name))


def _write_by_driver(
    content: pa.Table | Rows, table: Table, lake: Path, where: Slice | None
) -> None:
    mode, replaced = ("append", None) if where is None else ("overwrite", datafusion_where(where))
    target = stored(lake, table.name)
    schema = pa.schema(target.schema().to_arrow())
    deltalake.write_deltalake(target, _as_stored(content, schema), mode=mode, predicate=replaced)


def _as_stored(content: pa.Table | Rows, schema: pa.Schema) -> pa.Table:
    """The rows with the stored table's columns; of those that conf no longer declares, null."""
    if not isinstance(content, pa.Table):
        return pa.Table.from_pylist([*content], schema=schema)
    columns = [
        content[field.name].cast(field.type)
        if field.name in content.schema.names
        else pa.nulls(len(content), field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)

"""Writes that leave a slice alone whose rows are as they should be."""

from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from harmsweep.lake.delta import Slice, days, read, spark_where, version
from harmsweep.lake.writes import replace_slice
from harmsweep.tables.spec import Table


def replace_slice_if_changed(
    rows: DataFrame, table: Table, lake: Path, *, where: Slice, count: int | None = None
) -> None:
    """`replace_slice` where the rows differ from the stored ones; `count` rows, where it is known.

    A slice that is not rewritten keeps its files, so that the later stages of its day see no change
    when a landing zone grows and all its days are ingested again.
    """
    if has_rows(table, lake, where):
        stored = read(rows.sparkSession, table, lake).where(spark_where(where))
        new = _sum(rows.select(*table.schema.names))
        if new == _sum(stored):
            return
        count = new[0]
    else:
        count = rows.count() if count is None else count
        if not count:
            return
    replace_slice(rows, table, lake, where=where, at_most=count)


def has_rows(table: Table, lake: Path, where: Slice) -> bool:
    """Whether the table may hold rows of the slice's days, by its log alone."""
    if "day" not in where:
        return version(table, lake) > 0
    wanted = where["day"]
    stored = set(days(table, lake))
    return bool(stored & ({wanted} if isinstance(wanted, date) else set(wanted)))


def _sum(rows: DataFrame) -> tuple[int, int]:
    """How many rows, and a sum of their hashes: equal for equal rows in any order."""
    digest = F.sum(F.xxhash64(*rows.columns).cast("decimal(38,0)"))
    sums = rows.agg(F.count("*").alias("rows"), digest.alias("digest")).first()
    return (sums["rows"], int(sums["digest"] or 0)) if sums else (0, 0)

"""Scores and rejects of a day and a model, each in its slice."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import DataFrame

from harmsweep.lake import delta, writes
from harmsweep.lake.portions import Portion
from harmsweep.tables.catalog import ACTIONS, REJECTS
from harmsweep.tables.spec import Table


@contextmanager
def kept(scored: DataFrame, part: Portion) -> Iterator[DataFrame]:
    """What is read more than once, computed once."""
    if part.posts is not None:
        yield delta.at_driver(scored)
        return
    persisted = scored.persist()
    try:
        yield persisted
    finally:
        persisted.unpersist()


def put_scores(
    scores: DataFrame, table: Table, lake: Path, part: Portion, model_version: str, *, at_most: int
) -> None:
    """Replace the slice of so many scores; where the ledger cites it, only add what is new."""
    where: delta.Slice = {**part.by_post, "model_version": model_version}
    if is_empty(ACTIONS, lake, {"day": part.day, "model_version": model_version}):
        writes.replace_slice(scores, table, lake, where=where, at_most=at_most)
    else:
        writes.append_missing(scores, table, lake, where=where)


def put_rejects(rejects: DataFrame, lake: Path, part: Portion, source: str, *, some: bool) -> None:
    """Replace the source's rejects; write nothing where there are and were none.

    `some` says whether there are any.
    """
    where: delta.Slice = {**part.by_post, "stage": "score", "source": source}
    if some or not is_empty(REJECTS, lake, where):
        writes.replace_slice(rejects, REJECTS, lake, where=where)


def is_empty(table: Table, lake: Path, where: delta.Slice) -> bool:
    """Whether a table has no row in the slice, without Spark."""
    sql = f"SELECT 1 FROM {table.name} WHERE {delta.datafusion_where(where)} LIMIT 1"
    return bool(delta.query(lake, sql, days=delta.days_of(where)).num_rows == 0)

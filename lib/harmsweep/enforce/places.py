"""A day's places as rows of Spark, and the pure functions of a place run over them."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema

from harmsweep.enforce.rules import Decision, Post
from harmsweep.ledger import Entry, Place
from harmsweep.tables import ACTIONS

PLACE = tuple(Place.__dataclass_fields__)
DECISION, POST = tuple(Decision.__dataclass_fields__), tuple(Post.__dataclass_fields__)
# Gives a place's entries to write, from its row: see `chain`, `decision` and `post`.
OfPlace = Callable[[Mapping[str, Any]], list[Entry]]


def chains(entries: DataFrame) -> DataFrame:
    """A row for each place that has entries, with all of them as `chain`, in no order."""
    entry = F.struct(*ACTIONS.schema.names)
    return entries.groupBy(*PLACE).agg(F.collect_list(entry).alias("chain"))


def beside_decisions(chained: DataFrame, decisions: DataFrame, posts: DataFrame) -> DataFrame:
    """A row for each place that has entries, or a decision, or both, and its `post` to judge.

    `posts` has the columns of Post and `subject_id`; `post` is null where it has none.
    """
    wanted = decisions.select(*PLACE, F.struct(*DECISION).alias("decision"))
    return beside_posts(chained.join(wanted, on=list(PLACE), how="full"), posts)


def beside_posts(chained: DataFrame, posts: DataFrame) -> DataFrame:
    """The places with their `post`, null where `posts` has none."""
    return chained.join(
        posts.select("subject_id", F.struct(*POST).alias("post")), on="subject_id", how="left"
    )


def over(places: DataFrame, function: OfPlace) -> DataFrame:
    """What a function of a place gives for each row, as rows of actions."""
    return places.mapInArrow(partial(_run, function=function), ACTIONS.schema)


def _run(batches: Iterator[pa.RecordBatch], *, function: OfPlace) -> Iterator[pa.RecordBatch]:
    schema = to_arrow_schema(ACTIONS.schema, timezone="UTC")
    for batch in batches:
        made = [entry for row in batch.to_pylist() for entry in function(row)]
        columns = [[getattr(entry, name) for entry in made] for name in schema.names]
        arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def place(row: Mapping[str, Any]) -> Place:
    """The row's place."""
    return Place(**{name: row[name] for name in PLACE})


def chain(row: Mapping[str, Any]) -> list[Entry]:
    """The row's entries; none where the place has only a decision."""
    return [Entry(**entry) for entry in row["chain"] or []]


def decision(row: Mapping[str, Any]) -> Decision | None:
    """The row's decision, if it has one."""
    return Decision(**row["decision"]) if row["decision"] else None


def post(row: Mapping[str, Any]) -> Post | None:
    """The row's post, if it is one to judge."""
    return Post(**row["post"]) if row["post"] else None

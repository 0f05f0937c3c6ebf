"""The day's media: each distinct file looked at once, in Spark's Python workers."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from harmsweep.media import in_turn, inspect_media
from harmsweep.tables import MEDIA

_FACTS = [
    *("status", "reason", "content_hash", "bytes", "width", "height"),
    *("seconds", "pdq", "pdq_quality"),
]
_SCHEMA = T.StructType([MEDIA.schema[name] for name in ["kind", "uri", *_FACTS]])
_ARROW = pa.schema(
    [(name, pa.string()) for name in ["kind", "uri", "status", "reason", "content_hash"]]
    + [("bytes", pa.int64()), ("width", pa.int32()), ("height", pa.int32())]
    + [("seconds", pa.float64()), ("pdq", pa.list_(pa.string())), ("pdq_quality", pa.int32())]
)


def media_of(posts: DataFrame, media_root: Path) -> DataFrame:
    """The rows of media for the posts' references."""
    references = posts.select(
        "day", "post_id", "revision", F.posexplode("media").alias("position", "medium")
    ).select("day", "post_id", "revision", "position", "medium.kind", "medium.uri")
    tasks = posts.sparkSession.sparkContext.defaultParallelism
    # A number keeps adaptive execution from giving all decoding to one task.
    distinct = references.select("kind", "uri").dropDuplicates().repartition(tasks)
    facts = distinct.mapInArrow(partial(inspect_batches, root=str(media_root)), _SCHEMA)
    joined = references.join(facts, on=["kind", "uri"], how="inner")
    return joined.select(*MEDIA.schema.names)


def inspect_batches(batches: Iterator[pa.RecordBatch], *, root: str) -> Iterator[pa.RecordBatch]:
    """The facts of each medium; bad content is a status, never an error."""
    for batch in batches:
        rows = list(in_turn(partial(_row, Path(root)), batch.to_pylist()))
        yield pa.RecordBatch.from_pylist(rows, _ARROW)


def _row(root: Path, reference: dict[str, str]) -> dict[str, Any]:
    facts = inspect_media(root, reference["uri"], reference["kind"])
    return {**reference, **{name: getattr(facts, name) for name in _FACTS}}

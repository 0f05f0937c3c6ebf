"""The day's media: each distinct file looked at once, in Spark's Python workers."""

from collections.abc import Iterator
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from harmsweep.lake.portions import Portion, spread
from harmsweep.media.facts import MediaFacts, inspect_each
from harmsweep.tables.catalog import MEDIA

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


def media_of(posts: DataFrame, media_root: Path, part: Portion) -> DataFrame:
    """The rows of media for the posts' references."""
    references = posts.select(
        "day", "post_id", "revision", F.posexplode("media").alias("position", "medium")
    ).select("day", "post_id", "revision", "position", "medium.kind", "medium.uri")
    distinct = spread(references.select("kind", "uri").dropDuplicates(), part)
    facts = distinct.mapInArrow(partial(inspect_batches, root=str(media_root)), _SCHEMA)
    joined = references.join(facts, on=["kind", "uri"], how="inner")
    return joined.select(*MEDIA.schema.names)


def inspect_batches(batches: Iterator[pa.RecordBatch], *, root: str) -> Iterator[pa.RecordBatch]:
    """The facts of each medium; bad content is a status, never an error."""
    for batch in batches:
        rows = []
        by_kind = sorted(batch.to_pylist(), key=itemgetter("kind"))
        for kind, references in groupby(by_kind, itemgetter("kind")):
            uris = [reference["uri"] for reference in references]
            each = zip(uris, inspect_each(Path(root), uris, kind), strict=True)
            rows += [{"kind": kind, "uri": uri} | _columns(facts) for uri, facts in each]
        yield pa.RecordBatch.from_pylist(rows, _ARROW)


def _columns(facts: MediaFacts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in _FACTS}

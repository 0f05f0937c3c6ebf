"""The windows of the day's texts as inputs: each embedded once, through the cache."""

from collections.abc import Iterator, Mapping

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from harmsweep.encoders.conf import Encoder
from harmsweep.model.fusion import Input
from harmsweep.model.text_windows import BOUNDED, is_bounded, text_windows
from harmsweep.model.windows import NAME, windows_input

_COLUMNS = ("post_id", "revision", "position", "content", "reason")


def windows_id(encoders: Mapping[str, Encoder]) -> dict[str, str]:
    """The id of the windows' vectors, by the input's name; none without an encoder of texts."""
    if "text" not in encoders:
        return {}
    text = encoders["text"]
    source = Input(name="text", encoder_id=text.encoder_id, width=text.width)
    return {NAME: windows_input(source).encoder_id}


def windows(posts: DataFrame) -> DataFrame:
    """A row for each window of a post's normal text; one with a reason where they are bounded."""
    key = T.StructType([posts.schema[name] for name in ("post_id", "revision")])
    schema = key.add("position", "integer").add("content", "string").add("reason", "string")
    rows = posts.select("post_id", "revision", "normal_text").mapInArrow(_cut, schema)
    return rows.withColumn("input", F.lit(NAME))


def _cut(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        posts = zip(*(batch[name].to_pylist() for name in batch.schema.names), strict=True)
        rows = [(post, revision, *row) for post, revision, text in posts for row in _rows(text)]
        columns = zip(*rows, strict=True) if rows else ([] for _ in _COLUMNS)
        types = (pa.string(), pa.int32(), pa.int32(), pa.string(), pa.string())
        arrays = [pa.array(c, kind) for c, kind in zip(columns, types, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, [*_COLUMNS])


def _rows(text: str) -> Iterator[tuple[int, str | None, str | None]]:
    contents = text_windows(text)
    yield from ((position, content, None) for position, content in enumerate(contents))
    if is_bounded(text):
        yield len(contents), None, BOUNDED

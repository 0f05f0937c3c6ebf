"""Clean and normal text, language and counts of texts, in Spark's Python workers."""

from collections.abc import Iterator

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from harmsweep.lake.portions import Portion, spread
from harmsweep.model.text_windows import words_and_numbers
from harmsweep.tables.catalog import TEXT_NUMBERS
from harmsweep.tables.features import IN_PART
from harmsweep.text.cleaning import clean

_NUMBERS = [field.name for field in TEXT_NUMBERS if field.name != "n_media"]
_STRINGS = ("clean_text", "normal_text", "language")
_ADDED = [*((name, "string") for name in _STRINGS), ("language_score", "double")]


def with_words(posts: DataFrame, part: Portion) -> DataFrame:
    """The posts with clean text, language and the numbers of their text, in place of `text`."""
    schema = T.StructType([field for field in posts.schema if field.name != "text"])
    for name, kind in [*_ADDED, *((name, "double") for name in _NUMBERS)]:
        schema = schema.add(name, kind)
    return spread(posts, part).mapInArrow(_add_words, schema)


def clean_column(frame: DataFrame, name: str) -> DataFrame:
    """The frame with one of its columns cleaned like a text; null becomes empty."""

    def cleaned(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            values = pa.array([clean(text) for text in batch[name].to_pylist()], pa.string())
            yield batch.set_column(batch.schema.get_field_index(name), name, values)

    texts = frame.withColumn(name, F.col(name).cast("string"))
    return texts.mapInArrow(cleaned, texts.schema)


def _add_words(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        rows = [words_and_numbers(text) for text in batch["text"].to_pylist()]
        flags = [
            [*known, *([IN_PART] if row["in_part"] else [])]
            for known, row in zip(batch["text_flags"].to_pylist(), rows, strict=True)
        ]
        place = batch.schema.get_field_index("text_flags")
        flagged = batch.set_column(place, "text_flags", pa.array(flags, pa.list_(pa.string())))
        kept = flagged.drop_columns(["text"])
        added = {name: pa.array([row[name] for row in rows], pa.string()) for name in _STRINGS}
        numbers = ["language_score", *_NUMBERS]
        added |= {name: pa.array([row[name] for row in rows], pa.float64()) for name in numbers}
        yield pa.RecordBatch.from_arrays(
            [*kept.columns, *added.values()], names=[*kept.schema.names, *added]
        )

"""The inputs of each post, stored numbers and vectors, joined alike to train and to score."""

from collections.abc import Sequence

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T
from pyspark.sql.pandas.functions import arrow_udf

from harmsweep.encoders.stored import cosine
from harmsweep.model.fusion import SIMILARITY, Input
from harmsweep.tables.catalog import AUTHOR_NUMBERS, ENGAGEMENT_NUMBERS, TEXT_NUMBERS

# Every number that may be an input. Reports on the post are none: they become labels.
NUMBERS = (
    *(
        field.name
        for field in (*TEXT_NUMBERS, *ENGAGEMENT_NUMBERS, *AUTHOR_NUMBERS)
        if field.name != "reports"
    ),
    SIMILARITY,
)
# What says nothing of a post unless another input is there: the author's words, and the same words
# in another form.
NOT_ALONE = ("description", "raw_text", "caption", "text_windows")
_POST = ["day", "post_id", "revision"]
_AUTHOR = ["day", "author_id"]


def with_inputs(
    features: DataFrame,
    post_vectors: DataFrame,
    author_vectors: DataFrame,
    *,
    inputs: Sequence[Input],
) -> DataFrame:
    """Rows of post_features with `<input>_vector` (null if absent), `<input>_present`, SIMILARITY.

    An author that was attached by hash says nothing of the post: that description and those
    numbers are absent.
    """
    of_author = [f.name for f in AUTHOR_NUMBERS if f.name in features.columns]
    unassigned = {n: F.when(~_is_assigned(), F.col(n)).cast("double") for n in of_author}
    joined = features.withColumns(unassigned) if unassigned else features
    for source in inputs:
        described = source.name == "description"
        key = _AUTHOR if described else _POST
        vectors = (author_vectors if described else post_vectors).where(_is_of(source))
        vectors = vectors.select(*key, F.col("vector").alias("_vector"))
        joined = joined.join(vectors, on=key, how="left").transform(_with_vector, source)
    return joined.withColumn(SIMILARITY, _similarity({source.name for source in inputs}))


def _is_assigned() -> Column:
    return F.col("author_origin") == "assigned"


def _is_of(source: Input) -> Column:
    of_encoder = F.col("encoder_id") == source.encoder_id
    if source.name == "description":
        return of_encoder
    return of_encoder & (F.col("input") == source.name)


def _with_vector(rows: DataFrame, source: Input) -> DataFrame:
    present = F.col("_vector").isNotNull()
    if source.name == "description":
        present = present & ~_is_assigned()
    return rows.withColumns(
        {
            f"{source.name}_present": present,
            f"{source.name}_vector": F.when(present, F.col("_vector")),
        }
    ).drop("_vector")


def _similarity(names: set[str]) -> Column:
    """Radford et al., CLIP, ICML 2021: the cosine of both towers' vectors; null without either."""
    if not {"caption", "image"} <= names:
        return F.lit(None).cast("double")
    cosines: Column = _cosines("caption_vector", "image_vector")
    return cosines


@arrow_udf(T.DoubleType())  # type: ignore[call-overload,untyped-decorator]
def _cosines(first: pa.Array, second: pa.Array) -> pa.Array:
    pairs = zip(first.to_pylist(), second.to_pylist(), strict=True)
    return pa.array([cosine(*pair) if None not in pair else None for pair in pairs], pa.float64())

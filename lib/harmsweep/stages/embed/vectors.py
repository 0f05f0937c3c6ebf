"""From the cache of embeddings to the day's vectors of posts and authors."""

from datetime import date

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T
from pyspark.sql.pandas.functions import arrow_udf

from harmsweep.encoders.stored import mean
from harmsweep.model.text_windows import packed
from harmsweep.model.windows import NAME as WINDOWS
from harmsweep.stages.embed.requests import INPUT


def latest(embeddings: DataFrame, inputs: DataFrame) -> DataFrame:
    """One embedding per input: two days outside each other's window may both have computed it."""
    wanted = inputs.select(*INPUT).where(F.col("input_hash").isNotNull())
    embeddings = embeddings.join(wanted, on=list(INPUT), how="left_semi")
    content = F.struct("day", "status", "reason", "vector", "windows")
    newest = embeddings.groupBy(*INPUT).agg(F.max_by(content, "day").alias("e"))
    return newest.select(*INPUT, "e.status", "e.reason", "e.vector", "e.windows")


def post_vectors(inputs: DataFrame, embeddings: DataFrame, day: date) -> DataFrame:
    """One row per post and encoder: the mean over the post's inputs that have a vector."""
    cached = embeddings.select(*INPUT, F.col("reason").alias("cause"), "vector", "windows")
    joined = inputs.join(cached, on=list(INPUT), how="left")
    missing = F.col("vector").isNull()
    gone = F.when(missing, F.lit("the file is gone or changed since it was hashed"))
    # What is unknown in a window, or in the disguised form of a text, is so of the whole or not.
    of_whole = missing | F.col("input").isin("text", "media_text")
    reason = F.coalesce("reason", F.when(of_whole, F.col("cause")), gone)
    window = F.when(F.col("input") == WINDOWS, F.col("content"))
    grouped = joined.groupBy("post_id", "revision", "encoder_id", "input").agg(
        F.array_sort(
            F.collect_list(
                F.when(~missing, F.struct("position", "vector", window.alias("content")))
            ),
        ).alias("found"),
        F.min(
            F.when(reason.isNotNull(), F.struct("position", reason.alias("reason"))),
        ).alias("first"),
        F.count(F.lit(1)).cast("int").alias("inputs"),
        F.coalesce(F.sum("windows"), F.lit(0)).cast("int").alias("windows"),
    )
    return grouped.select(
        F.lit(day).alias("day"),
        "post_id",
        "revision",
        "encoder_id",
        "input",
        _status().alias("status"),
        F.col("first.reason").alias("reason"),
        _vector().alias("vector"),
        "inputs",
        "windows",
    )


def author_vectors(inputs: DataFrame, embeddings: DataFrame, day: date) -> DataFrame:
    """The vector of each described author's description."""
    ok = embeddings.where(F.col("status") == "ok")
    joined = inputs.join(ok.select(*INPUT, "vector", "windows"), on=list(INPUT), how="inner")
    return joined.select(F.lit(day).alias("day"), "author_id", "encoder_id", "vector", "windows")


def _status() -> Column:
    decoded = F.size("found")
    some = F.when(F.col("first").isNotNull(), "partial").otherwise("ok")
    return F.when(decoded == 0, "undecodable").otherwise(some)


def _vector() -> Column:
    """The windows side by side, of any other input the mean."""
    vectors, is_windows = F.col("found.vector"), F.col("input") == WINDOWS
    windows = _packed(F.when(is_windows, vectors), F.when(is_windows, F.col("found.content")))
    return F.when(is_windows, windows).otherwise(_mean(F.when(~is_windows, vectors)))


def _mean(vectors: Column) -> Column:
    """The mean of an array of vectors in the order of their positions; null of none."""
    several = F.size(vectors) > 1
    # Only what has to be added up goes to a worker.
    return F.when(several, _means(F.when(several, vectors))).otherwise(F.get(vectors, F.lit(0)))


@arrow_udf(T.BinaryType())  # type: ignore[call-overload,untyped-decorator]
def _means(vectors: pa.Array) -> pa.Array:
    return pa.array(
        [None if several is None else mean(several) for several in vectors.to_pylist()], pa.binary()
    )


@arrow_udf(T.BinaryType())  # type: ignore[call-overload,untyped-decorator]
def _packed(vectors: pa.Array, texts: pa.Array) -> pa.Array:
    pairs = zip(vectors.to_pylist(), texts.to_pylist(), strict=True)
    return pa.array([packed(*pair) if pair[0] else None for pair in pairs], pa.binary())

"""Other people's comments as texts of their own: capped, embedded once, no input of a post."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from harmsweep.encoders.conf import Encoder
from harmsweep.lake.delta import days, query, read_slice
from harmsweep.lake.portions import Portion
from harmsweep.model.text_windows import as_read
from harmsweep.stages.embed.requests import INPUT
from harmsweep.tables.catalog import COMMENT_VECTORS, INTERACTIONS, POST_FEATURES
from harmsweep.text.cleaning import clean
from harmsweep.text.disguise import normalise

# A mob's comments may be thousands: so many of a post are read, and so much of each.
COMMENTS = 20
CHARACTERS = 500
# Before cleaning, which may shorten a text much: an entity of eight characters is one.
_READ = 8 * CHARACTERS
_KEY = ["post_id", "revision", "comment_id"]


def comment_inputs(
    spark: SparkSession, lake: Path, part: Portion, encoder: Encoder
) -> DataFrame | None:
    """One row per comment to embed: of each post the most reported, then the newest.

    Only comments recorded up to the post's cut-off count. None where there is nothing to read and
    nothing was written before.
    """
    day = part.day
    known = [d for d in days(INTERACTIONS, lake) if day <= d <= _last_cutoff(lake, day)]
    if not known and day not in days(COMMENT_VECTORS, lake):
        return None
    stored = read_slice(spark, INTERACTIONS, lake, {**part.by_post, "day": known or [day]})
    events = stored.where(F.col("post_day") == F.lit(day)).withColumnRenamed("day", "event_day")
    features = read_slice(spark, POST_FEATURES, lake, part.by_post)
    posts = features.select("post_id", "revision", "cutoff_day")
    joined = events.join(posts, on="post_id", how="inner")
    chosen = first_comments(joined.where(F.col("event_day") <= F.col("cutoff_day")))
    # The most are a few words: what is the same is cleaned and embedded once.
    texts = chosen.select("text").dropDuplicates().mapInArrow(_normal_texts, _TEXTS)
    read_texts = chosen.join(texts, on="text", how="inner").where(F.length("content") > 0)
    return read_texts.select(
        *_KEY,
        F.sha2("content", 256).alias("input_hash"),
        "content",
        F.lit(encoder.encoder_id).alias("encoder_id"),
        F.lit(encoder.cache_id).alias("cache_id"),
    )


def first_comments(events: DataFrame) -> DataFrame:
    """COMMENTS comments of each post, most reported first, then newest: the key and the text."""
    comments = events.where("kind = 'comment' AND length(trim(text)) > 0").groupBy(
        "post_id", "revision", F.col("event_id").alias("comment_id")
    )
    # An event that was recorded on two days counts once.
    latest = comments.agg(F.max(F.struct("recorded_at", "text")).alias("told"))
    of_comment = events.where("kind = 'report' AND comment_id IS NOT NULL").groupBy(*_KEY)
    reports = of_comment.agg(F.sum("amount").alias("reports"))
    joined = latest.join(reports, on=_KEY, how="left")
    order = [F.desc(_reports()), F.desc("told.recorded_at"), F.col("comment_id")]
    place = F.row_number().over(Window.partitionBy("post_id", "revision").orderBy(*order))
    chosen = joined.withColumn("place", place).where(F.col("place") <= COMMENTS)
    return chosen.select(*_KEY, F.substring("told.text", 1, _READ).alias("text"))


def comment_vectors(inputs: DataFrame, embeddings: DataFrame, day: date) -> DataFrame:
    """The rows of comment_vectors; a comment whose text was not embedded yet has none."""
    cached = embeddings.select(*INPUT, "vector", "windows")
    joined = inputs.join(cached, on=list(INPUT), how="inner").withColumn("day", F.lit(day))
    return joined.select(*COMMENT_VECTORS.schema.names)


def _reports() -> Column:
    return F.coalesce("reports", F.lit(0))


def _last_cutoff(lake: Path, day: date) -> date:
    sql = f"SELECT max(cutoff_day) AS last FROM {POST_FEATURES.name} WHERE day = '{day}'"
    last: date | None = query(lake, sql).to_pylist()[0]["last"]
    return last or day


_TEXTS = T.StructType().add("text", "string").add("content", "string")


def _normal_texts(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Each text with its normal form, cut at CHARACTERS."""
    for batch in batches:
        texts = batch["text"].to_pylist()
        contents = [as_read(normalise(clean(text))[:CHARACTERS].strip()) for text in texts]
        yield pa.RecordBatch.from_pydict(
            {"text": texts, "content": contents},
            schema=pa.schema([("text", pa.string()), ("content", pa.string())]),
        )

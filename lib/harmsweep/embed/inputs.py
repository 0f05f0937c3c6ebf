"""What the day's posts and authors ask to have embedded, and which of it is known already."""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import reduce
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep.encoders import Encoder
from harmsweep.lake import read_days
from harmsweep.tables import AUTHOR_FEATURES, EMBEDDINGS, MEDIA, MEDIA_TEXTS, POST_FEATURES

# A vector or a reading is looked for this many days around the day: a backfill finds what later
# days computed.
WINDOW_DAYS = 30
# The key of `embeddings`: `cache_id` is its encoder_id, the same for all inputs of an encoder.
INPUT = ("input_hash", "cache_id")
Encoders = dict[str, Encoder]


def post_inputs(
    spark: SparkSession, lake: Path, day: date, encoders: Encoders, *, reader_id: str
) -> DataFrame:
    """One row per input of a post: its texts, what was read in its images, each image and video.

    A medium that is not ok, or an image that was not read, has a reason in place of its input_hash
    and content. Only inputs that `encoders` names are asked for.
    """
    posts = read_days(spark, POST_FEATURES, lake, day)
    media = read_days(spark, MEDIA, lake, day)
    read = media_texts(media, _readings(spark, lake, day, reader_id))
    found = {
        "text": _texts(posts, F.col("normal_text")),
        "raw_text": _texts(posts, _raw_text()),
        "media_text": read,
        "image": _media(media, "image"),
        "video": _media(media, "video"),
        "caption": _texts(posts, F.col("clean_text")),
    }
    named = (_of(rows, encoders[n]) for n, rows in found.items() if n in encoders)
    return reduce(DataFrame.unionByName, named)


def author_inputs(spark: SparkSession, lake: Path, day: date, encoders: Encoders) -> DataFrame:
    """One row per author of the day with a description."""
    authors = read_days(spark, AUTHOR_FEATURES, lake, day)
    described = authors.where(F.length(F.trim("clean_description")) > 0)
    text = F.col("clean_description")
    rows = described.select(
        "author_id", F.sha2(text, 256).alias("input_hash"), text.alias("content")
    )
    return _of(rows, encoders["description"]).drop("input")


def media_texts(media: DataFrame, readings: DataFrame) -> DataFrame:
    """The text read in each post's images, in their order; a row with a reason per image unread.

    The lines of all images of a post are one text: what is said across two pictures is said.
    """
    images = media.where((F.col("kind") == "image") & (F.col("status") == "ok"))
    found = images.join(readings, on="content_hash", how="left")
    key = ["post_id", "revision"]
    words = F.col("found.status") == "ok"
    text = F.struct("position", "found.normal_text")
    joined = found.where(words & (F.length(F.trim("found.normal_text")) > 0)).groupBy(*key)
    told = joined.agg(F.array_sort(F.collect_list(text)).alias("texts"))
    content = F.array_join(F.col("texts.normal_text"), " ")
    unread = found.where(~F.coalesce(words, F.lit(False)))
    reason = F.coalesce("found.reason", "found.status", F.lit("the image was not read"))
    return _input(told, key, F.lit(0), content).unionByName(
        _input(unread, key, F.col("position"), F.lit(None).cast("string"), reason=reason)
    )


def distinct_inputs(posts: DataFrame, authors: DataFrame) -> DataFrame:
    """Each input once, however many posts and authors share it."""
    inputs = posts.select(*INPUT, "content").unionByName(authors.select(*INPUT, "content"))
    usable = inputs.where(F.col("input_hash").isNotNull())
    # The same picture may lie under several references: the first by name will do.
    return usable.groupBy(*INPUT).agg(F.min("content").alias("content"))


def known(spark: SparkSession, lake: Path, day: date, encoders: Iterable[Encoder]) -> DataFrame:
    """The encoders' cached embeddings of the days around the day, by partition."""
    ids = sorted({encoder.cache_id for encoder in encoders})
    cached = read_days(spark, EMBEDDINGS, lake, *_around(day)).where(F.col("encoder_id").isin(ids))
    return cached.withColumnRenamed("encoder_id", "cache_id")


def _around(day: date) -> tuple[date, date]:
    return day - timedelta(days=WINDOW_DAYS), day + timedelta(days=WINDOW_DAYS)


def _readings(spark: SparkSession, lake: Path, day: date, reader_id: str) -> DataFrame:
    """One reading per picture: two days outside each other's window may both have read it."""
    texts = read_days(spark, MEDIA_TEXTS, lake, *_around(day))
    of_reader = texts.where(F.col("reader_id") == reader_id)
    reading = F.struct("status", "reason", "normal_text")
    return of_reader.groupBy("content_hash").agg(F.max_by(reading, "day").alias("found"))


def _raw_text() -> Column:
    """The clean text where its disguises were undone; null where the normal text is the same."""
    return F.when(F.col("clean_text") != F.col("normal_text"), F.col("clean_text"))


def _texts(posts: DataFrame, text: Column) -> DataFrame:
    return _input(posts.where(F.length(F.trim(text)) > 0), ["post_id", "revision"], F.lit(0), text)


def _media(media: DataFrame, kind: str) -> DataFrame:
    ok = F.col("status") == "ok"
    return media.where(F.col("kind") == kind).select(
        "post_id",
        "revision",
        "position",
        F.when(ok, F.col("content_hash")).alias("input_hash"),
        F.when(ok, F.col("uri")).alias("content"),
        F.when(~ok, F.coalesce("reason", "status")).alias("reason"),
    )


def _input(
    rows: DataFrame, key: list[str], position: Column, text: Column, *, reason: Column | None = None
) -> DataFrame:
    """Rows of a text: its hash is the input's; null of null, where there is a reason."""
    return rows.select(
        *key,
        position.alias("position"),
        F.sha2(text, 256).alias("input_hash"),
        text.alias("content"),
        (F.lit(None) if reason is None else reason).cast("string").alias("reason"),
    )


def _of(rows: DataFrame, encoder: Encoder) -> DataFrame:
    ids = {"input": encoder.input, "encoder_id": encoder.encoder_id, "cache_id": encoder.cache_id}
    return rows.withColumns({name: F.lit(value) for name, value in ids.items()})

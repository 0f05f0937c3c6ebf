"""What the day's posts and authors ask to have embedded, and which of it is known already."""

from datetime import date, timedelta
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep.encoders import Encoder
from harmsweep.lake import read_days
from harmsweep.tables import AUTHOR_FEATURES, EMBEDDINGS, MEDIA, POST_FEATURES

# A vector is looked for this many days around the day: a backfill finds what later days computed.
WINDOW_DAYS = 30
INPUT = ("input_hash", "encoder_id")


def post_inputs(
    spark: SparkSession, lake: Path, day: date, encoders: dict[str, Encoder]
) -> DataFrame:
    """One row per input of a post: its text, and each image that it refers to.

    An image that is not ok has a reason in place of its input_hash and content.
    """
    posts = read_days(spark, POST_FEATURES, lake, day).where(F.length(F.trim("clean_text")) > 0)
    texts = posts.select(
        "post_id",
        "revision",
        F.lit(0).alias("position"),
        F.lit("text").alias("input"),
        *_input("text", F.sha2("clean_text", 256), F.col("clean_text"), encoders),
        F.lit(None).cast("string").alias("reason"),
    )
    media = read_days(spark, MEDIA, lake, day).where(F.col("kind") == "image")
    ok = F.col("status") == "ok"
    images = media.select(
        "post_id",
        "revision",
        "position",
        F.lit("image").alias("input"),
        *_input("image", F.when(ok, F.col("content_hash")), F.when(ok, F.col("uri")), encoders),
        F.when(~ok, F.coalesce("reason", "status")).alias("reason"),
    )
    return texts.unionByName(images)


def author_inputs(
    spark: SparkSession, lake: Path, day: date, encoders: dict[str, Encoder]
) -> DataFrame:
    """One row per author of the day with a description."""
    authors = read_days(spark, AUTHOR_FEATURES, lake, day)
    described = authors.where(F.length(F.trim("clean_description")) > 0)
    text = F.col("clean_description")
    return described.select("author_id", *_input("description", F.sha2(text, 256), text, encoders))


def _input(
    name: str, input_hash: Column, content: Column, encoders: dict[str, Encoder]
) -> tuple[Column, ...]:
    encoder_id = F.lit(encoders[name].encoder_id).alias("encoder_id")
    return input_hash.alias("input_hash"), encoder_id, content.alias("content")


def distinct_inputs(posts: DataFrame, authors: DataFrame) -> DataFrame:
    """Each input once, however many posts and authors share it."""
    inputs = posts.select(*INPUT, "content").unionByName(authors.select(*INPUT, "content"))
    usable = inputs.where(F.col("input_hash").isNotNull())
    # The same picture may lie under several references: the first by name will do.
    return usable.groupBy(*INPUT).agg(F.min("content").alias("content"))


def known(spark: SparkSession, lake: Path, day: date) -> DataFrame:
    """The cached embeddings of the days around the day, by partition."""
    around = timedelta(days=WINDOW_DAYS)
    return read_days(spark, EMBEDDINGS, lake, day - around, day + around)

"""What a sweep must know of a day's posts: that they stand, what people found, who is exempt."""

from datetime import date, datetime
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep import lake as lakes
from harmsweep.tables import ESCALATIONS, EXEMPTIONS, POSTS, SCORES, VERDICTS

KEY = ["post_id", "revision"]


def standing(spark: SparkSession, lake: Path, day: date, at: datetime) -> DataFrame:
    """A row of the columns of Post, and `subject_id`, for each post of the day that exists."""
    posts = lakes.read_days(spark, POSTS, lake, day).where(F.col("status") == "accepted")
    posts = posts.select(*KEY, "author_id")
    found = lakes.read_days(spark, VERDICTS, lake, day).groupBy(*KEY)
    verdicts = found.agg(F.max_by("verdict", F.struct("decided_at", "verdict_id")).alias("verdict"))
    exempt = exemptions(spark, lake, at)
    of_posts = exempt.where("subject_kind = 'post'").select(
        F.col("subject_id").alias("post_id"), F.col("kind").alias("post_exempt")
    )
    of_authors = exempt.where("subject_kind = 'account'").select(
        F.col("subject_id").alias("author_id"), F.col("kind").alias("author_exempt")
    )
    known = posts.join(verdicts, on=KEY, how="left")
    known = known.join(F.broadcast(of_posts), on="post_id", how="left")
    known = known.join(F.broadcast(of_authors), on="author_id", how="left")
    return known.select(
        F.col("post_id").alias("subject_id"),
        *("revision", "author_id", "verdict"),
        F.coalesce("post_exempt", "author_exempt").alias("exempt"),
    )


def judged(spark: SparkSession, lake: Path, day: date, at: datetime, model: str) -> DataFrame:
    """The standing posts that the model scored and that nobody was called for.

    What holds for an escalated post stays as it is: it has no decision, which lifts nothing.
    """
    scores = lakes.read_days(spark, SCORES, lake, day).where(F.col("model_version") == model)
    scored = scores.select(F.col("post_id").alias("subject_id"), "revision")
    escalated = lakes.read_days(spark, ESCALATIONS, lake, day)
    escalated = escalated.select(F.col("post_id").alias("subject_id"))
    posts = standing(spark, lake, day, at).join(scored, on=["subject_id", "revision"], how="semi")
    return posts.join(escalated, on="subject_id", how="anti")


def exemptions(spark: SparkSession, lake: Path, at: datetime) -> DataFrame:
    """The allow-list as it stands at a time: one row per subject that is on it."""
    entries = lakes.read(spark, EXEMPTIONS, lake).where(F.col("added_at") <= F.lit(at))
    newest = F.max_by(F.struct("kind", "until"), F.struct("added_at", "exemption_id"))
    standing = entries.groupBy("subject_kind", "subject_id").agg(newest.alias("entry"))
    standing = standing.select("subject_kind", "subject_id", "entry.*").where("kind <> 'none'")
    return standing.where(F.col("until").isNull() | (F.col("until") > F.lit(at)))

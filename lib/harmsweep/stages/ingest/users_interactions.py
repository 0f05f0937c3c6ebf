"""Users and interactions: a day's landing rows to the rows of their tables."""

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from harmsweep.stages.ingest.check import check, goes_on, supersede
from harmsweep.tables.catalog import INTERACTIONS, USERS


def users_of_day(users: DataFrame, posts: DataFrame, day: date, is_of_day: Column) -> DataFrame:
    """The profiles recorded on the day and, of those without a time, the day's authors' ones.

    A row that names no account counts with its file's day: where `is_of_day` says so.
    """
    authors = posts.select(F.col("author_id").alias("user_id")).dropna().dropDuplicates()
    joined = users.join(authors.withColumn("posted", F.lit(True)), on="user_id", how="left")
    nobody = F.col("user_id").isNull() & is_of_day
    undated = F.col("landed_day").isNull() & (F.col("posted") | nobody)
    return joined.where((F.col("landed_day") == F.lit(day)) | undated).drop("posted")


def check_users(landed: DataFrame, day: date) -> DataFrame:
    """Checked profiles; of an account's ones the greatest sequence wins, then event id.

    A profile without a time counts as recorded at the start of the day.
    """
    at = F.coalesce("recorded_at", F.lit(day).cast("timestamp"))
    defaulted = landed.withColumns(
        {
            "event_id": F.coalesce("event_id", "content_id"),
            "sequence": F.coalesce("sequence", F.unix_micros(at)),
            "origin": F.coalesce("origin", F.lit("live")),
        }
    )
    order = [F.col("status").isNotNull(), F.desc("sequence"), F.desc("event_id")]
    place = F.row_number().over(Window.partitionBy("user_id").orderBy(*order))
    return supersede(check(defaulted, "users"), place > 1)


def to_users(checked: DataFrame, day: date) -> DataFrame:
    """The rows of users."""
    small = {name: F.expr(f"try_cast({name} AS INT)") for name in ("age", "description_length")}
    rows = goes_on(checked).withColumns({**small, "day": F.lit(day)})
    return rows.select(*USERS.schema.names)


def check_interactions(landed: DataFrame) -> DataFrame:
    """Checked interactions: an amount of 1, and not simulated, where the row says nothing."""
    defaulted = landed.withColumns(
        {
            "event_id": F.coalesce("event_id", "content_id"),
            "amount": F.coalesce("amount", F.lit(1)),
            "simulated": F.coalesce("simulated", F.lit(False)),
        }
    )
    return check(defaulted, "interactions")


def to_interactions(checked: DataFrame, day: date) -> DataFrame:
    """The rows of interactions."""
    return goes_on(checked).withColumn("day", F.lit(day)).select(*INTERACTIONS.schema.names)

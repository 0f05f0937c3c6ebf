"""Users and interactions: a day's landing rows to the rows of their tables."""

from datetime import date

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from harmsweep.stages.ingest.check import check, goes_on, supersede
from harmsweep.tables.catalog import INTERACTIONS, USERS


def users_by_day(users: DataFrame, posts: DataFrame) -> DataFrame:
    """The profiles by the days `on` which they count, given their own and the posts' days.

    One without a time counts on each day on which its account posts; a row that names no account,
    on the day that it has.
    """
    authors = posts.select(F.col("author_id").alias("user_id"), "on").dropna().dropDuplicates()
    is_undated = F.col("landed_day").isNull() & F.col("user_id").isNotNull()
    undated = users.where(is_undated).drop("on").join(authors, on="user_id", how="inner")
    return users.where(~is_undated).unionByName(undated)


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
            # A checked row has a reason too: why it was refused.
            "reported_as": F.col("reason"),
        }
    )
    return check(defaulted, "interactions")


def to_interactions(checked: DataFrame, day: date) -> DataFrame:
    """The rows of interactions."""
    rows = goes_on(checked).withColumns({"day": F.lit(day), "reason": F.col("reported_as")})
    return rows.select(*INTERACTIONS.schema.names)

"""What others did with the day's posts up to each cut-off."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from harmsweep.lake.delta import days, read_slice
from harmsweep.lake.portions import Portion
from harmsweep.tables.catalog import INTERACTIONS

_KINDS = {"likes": "like", "comments": "comment", "saves": "save", "views": "view"}
KINDS = _KINDS | {"reports": "report"}


def with_engagement(
    posts: DataFrame, lake: Path, part: Portion, cutoffs: Sequence[date]
) -> DataFrame:
    """The posts with counts by kind and `simulated_events`; null where none were handed over."""
    day = part.day
    known_days = [d for d in days(INTERACTIONS, lake) if day <= d <= max(cutoffs, default=day)]
    if not known_days:
        unknown = {name: F.lit(None).cast("double") for name in KINDS}
        return posts.withColumns({**unknown, "simulated_events": F.lit(False)})
    where = {**part.by_post, "day": known_days}
    stored = read_slice(posts.sparkSession, INTERACTIONS, lake, where)
    events = stored.where(F.col("post_day") == F.lit(day)).withColumnRenamed("day", "event_day")
    cutoff = posts.select("post_id", "cutoff_day")
    # A report on a comment says nothing of the post.
    on_post = events.where(F.col("comment_id").isNull())
    counted = on_post.join(cutoff, on="post_id", how="inner")
    counted = counted.where(F.col("event_day") <= F.col("cutoff_day"))
    sums = counted.groupBy("post_id").agg(
        *(F.sum(F.when(F.col("kind") == k, F.col("amount"))).alias(n) for n, k in KINDS.items()),
        F.max("simulated").alias("simulated_events"),
    )
    known = F.col("cutoff_day") >= F.lit(known_days[0])
    filled = {name: F.coalesce(name, F.lit(0)).cast("double") for name in KINDS}
    return posts.join(sums, on="post_id", how="left").withColumns(
        {
            **{name: F.when(known, column) for name, column in filled.items()},
            "simulated_events": F.coalesce("simulated_events", F.lit(False)),
        }
    )

"""What is known of authors at each cut-off: profile, posts, reports and violations.

`pairs` are the distinct (author_id, cutoff_day) of the day's posts. A window is the HISTORY_DAYS
days up to and with the cut-off; an event counts where it was recorded by the end of that day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from harmsweep.lake.delta import Slice, days, read_slice
from harmsweep.lake.flow import HISTORY_DAYS
from harmsweep.policy.actions import LADDER
from harmsweep.tables.catalog import ACTIONS, INTERACTIONS, POSTS, USERS
from harmsweep.tables.spec import Table

# A label says something of a post, and nothing against its author.
VIOLATIONS = LADDER[LADDER.index("demote") :]
_PAIR = ["author_id", "cutoff_day"]
_POST = [*_PAIR, "post_id"]


@dataclass(frozen=True)
class History:
    """Where the events of the windows of all cut-offs are read: of the authors named, or of all."""

    lake: Path
    cutoffs: Sequence[date]
    authors: Sequence[str] | None = None

    def events(self, spark: SparkSession, table: Table, *, author: str | None) -> DataFrame:
        """A table's rows; `author` is its column that names the author, where it has one."""
        where: Slice = {"day": window_days(self.cutoffs)}
        if self.authors is not None and author:
            where = {**where, author: self.authors}
        return read_slice(spark, table, self.lake, where)


def window_days(cutoffs: Sequence[date]) -> list[date]:
    """The days of the windows of all cut-offs."""
    back = [timedelta(days=n) for n in range(HISTORY_DAYS)]
    return sorted({cutoff - before for cutoff in cutoffs for before in back})


def _within(column: str) -> Column:
    """Whether a day lies in the window of the row's cut-off."""
    first = F.date_sub("cutoff_day", HISTORY_DAYS - 1)
    return F.col(column).between(first, F.col("cutoff_day"))


def past_posts(pairs: DataFrame, history: History) -> DataFrame:
    """The authors' posts in their windows, with `previous_at`, the time of the post before.

    Posts of one moment are ordered by id.
    """
    events = history.events(pairs.sparkSession, POSTS, author="author_id")
    stored = events.groupBy("author_id", "post_id", "day")
    known = stored.agg(
        F.min("recorded_day").alias("recorded_day"), F.min("created_at").alias("created_at")
    )
    known = known.join(pairs, on="author_id", how="inner")
    known = known.where(_within("day") & (F.col("recorded_day") <= F.col("cutoff_day")))
    before = Window.partitionBy(*_PAIR).orderBy("created_at", "post_id")
    return known.select(*_POST, "created_at", F.lag("created_at").over(before).alias("previous_at"))


def reports(pairs: DataFrame, history: History) -> DataFrame:
    """Reports on each of the authors' posts in their windows."""
    stored = history.events(pairs.sparkSession, INTERACTIONS, author="author_id")
    events = stored.where("kind = 'report' AND comment_id IS NULL")
    known = events.join(pairs, on="author_id", how="inner").where(_within("day"))
    return known.groupBy(*_POST).agg(
        F.sum("amount").alias("reports"), F.max("simulated").alias("simulated")
    )


def violations(past: DataFrame, history: History) -> DataFrame:
    """The past posts that were demoted, or worse, at the cut-off, by their latest outcomes."""
    ledger = history.events(past.sparkSession, ACTIONS, author=None)
    outcomes = ledger.where("entry = 'outcome' AND subject_kind = 'post'")
    outcomes = outcomes.withColumnRenamed("subject_id", "post_id")
    known = past.select(*_POST).join(outcomes, on="post_id", how="inner")
    known = known.where(F.to_date("recorded_at") <= F.col("cutoff_day"))
    latest = Window.partitionBy(*_POST, "surface", "jurisdiction", "lane").orderBy(
        F.desc("recorded_at"), F.desc("effect_key")
    )
    held = known.withColumn("place", F.row_number().over(latest)).where("place = 1")
    held = held.where(F.col("action").isin(*VIOLATIONS))
    return held.groupBy(*_POST).agg(F.lit(1).alias("violated"))


def by_post(pairs: DataFrame, history: History, *, acted: bool) -> DataFrame:
    """Each past or reported post: previous_at, reports, simulated, violated.

    `acted` says whether the ledger has any entry to look at.
    """
    past = past_posts(pairs, history)
    reported = reports(pairs, history)
    if acted:
        past = past.join(violations(past, history), on=_POST, how="left")
    else:
        past = past.withColumn("violated", F.lit(None).cast("int"))
    return past.join(reported, on=_POST, how="full")


def author_numbers(pairs: DataFrame, posts: DataFrame, history: History) -> DataFrame:
    """Each pair with the author's profile and numbers; null is unknown.

    `posts` are the rows of `by_post`. Reports are unknown where no interaction of the window was
    ever handed over.
    """
    sums = posts.groupBy(*_PAIR).agg(
        F.count("created_at").cast("double").alias("posts_30d"),
        F.coalesce(F.sum("reports"), F.lit(0)).cast("double").alias("reports_30d"),
        F.coalesce(F.sum("violated"), F.lit(0)).cast("double").alias("violations_30d"),
        F.coalesce(F.max("simulated"), F.lit(False)).alias("simulated_reports"),
    )
    joined = pairs.join(sums, on=_PAIR, how="left").join(
        _profiles(pairs, history), on=_PAIR, how="left"
    )
    reported = F.col("cutoff_day").isin(_reported(history.lake, history.cutoffs))
    return joined.withColumns(
        {
            "posts_30d": F.coalesce("posts_30d", F.lit(0.0)),
            "violations_30d": F.coalesce("violations_30d", F.lit(0.0)),
            "reports_30d": F.when(reported, F.coalesce("reports_30d", F.lit(0.0))),
            "simulated_reports": F.coalesce("simulated_reports", F.lit(False)),
        }
    )


def _reported(lake: Path, cutoffs: Sequence[date]) -> list[date]:
    """The cut-offs in whose windows interactions were handed over."""
    stored = set(days(INTERACTIONS, lake))
    return [cutoff for cutoff in cutoffs if stored & set(window_days([cutoff]))]


def _profiles(pairs: DataFrame, history: History) -> DataFrame:
    """The latest profile of each pair in its window, as numbers."""
    events = history.events(pairs.sparkSession, USERS, author="user_id")
    stored = events.withColumnRenamed("user_id", "author_id")
    known = stored.join(pairs, on="author_id", how="inner").where(_within("day"))
    order = Window.partitionBy(*_PAIR).orderBy(F.desc("day"), F.desc("sequence"))
    latest = known.withColumn("place", F.row_number().over(order)).where("place = 1")
    end = F.date_add("cutoff_day", 1).cast("timestamp")
    age = (F.unix_seconds(end) - F.unix_seconds("created_at")) / 86400.0
    numbers = {
        "account_age_days": F.when(age >= 0, age),
        "follower_ratio": F.col("followers") / (F.col("following") + 1),
        "account_posts": F.col("posts"),
        "description_length": F.coalesce("description_length", F.length("description")),
    }
    plain = ("followers", "following", "listed", "likes_given", "verified", "default_avatar")
    numbers |= {name: F.col(name) for name in plain}
    columns = [column.cast("double").alias(name) for name, column in numbers.items()]
    return latest.select(*_PAIR, "description", "origin", *columns)

"""The accounts: every post that landed on a day has a status, and so has every accepted one.

landed = accepted + rejected + duplicate + superseded + deleted
accepted = scored + scored_partial + quarantined + failed
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep import lake as lakes
from harmsweep.measure.counts import Metric
from harmsweep.tables import INGESTS, POSTS, REJECTS, SCORE_STATUSES, SCORES

# An edit or deletion may land this many days after its post; a look-up reads no further back.
LATE_DAYS = 30
LANDED = ("accepted", "rejected", "duplicate", "superseded", "deleted")
# Accepted and without a score of this model: 0 once the day was scored.
UNSCORED = "unscored"


def accounts(spark: SparkSession, lake: Path, day: date, model_version: str) -> Iterator[Metric]:
    """What became of the posts that landed on the day, as things stand now.

    A row counts on the day of its landing, whichever day its post belongs to, so that both
    equations hold for each day alone; an edit that lands later moves its post's earlier row from
    accepted to superseded.
    """
    ingests = lakes.read_days(spark, INGESTS, lake, day).where(F.col("source") == "posts")
    landed = ingests.agg(F.coalesce(F.sum("landed"), F.lit(0)).alias("n")).collect()[0]["n"]
    found: Counter[str] = Counter()
    for status, n in [*_posts(spark, lake, day, model_version), *_rejects(spark, lake, day)]:
        found[status] += n
    yield Metric("accounts", "all", "status", "landed", float(landed))
    for status in (*LANDED, *SCORE_STATUSES, UNSCORED):
        yield Metric("accounts", "all", "status", status, float(found[status]))


def _posts(
    spark: SparkSession, lake: Path, day: date, model_version: str
) -> Iterator[tuple[str, int]]:
    """Revisions that the day brought by status; the accepted ones by the score's status too."""
    first, last = day - timedelta(days=LATE_DAYS), day + timedelta(days=1)
    key = ["day", "post_id", "revision"]
    posts = lakes.read_days(spark, POSTS, lake, first, last)
    brought = posts.where(F.col("recorded_day") == F.lit(day)).select(*key, "status")
    scores = lakes.read_days(spark, SCORES, lake, first, last)
    scored = scores.where(F.col("model_version") == model_version)
    scored = scored.select(*key, F.col("status").alias("scored"))
    groups = brought.join(scored, on=key, how="left").groupBy("status", "scored").count()
    for row in groups.collect():
        yield row["status"], row["count"]
        if row["status"] == "accepted":
            yield row["scored"] or UNSCORED, row["count"]


def _rejects(spark: SparkSession, lake: Path, day: date) -> Iterator[tuple[str, int]]:
    """What ingest refused of the day's posts, by status."""
    rejects: DataFrame = lakes.read_days(spark, REJECTS, lake, day)
    of_posts = rejects.where((F.col("stage") == "ingest") & (F.col("source") == "posts"))
    for row in of_posts.groupBy("status").count().collect():
        yield row["status"], row["count"]

"""Every row of the landing zone with the day on which it counts."""

from datetime import date, timedelta
from functools import partial
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from harmsweep.lake.delta import read_days
from harmsweep.stages.ingest import label_rows, post_rows, users_interactions
from harmsweep.stages.ingest.decoded_landing import cached, decoded_sources, landed_on
from harmsweep.stages.ingest.landing_files import fingerprint, landing_days
from harmsweep.tables.catalog import POSTS

# How far back a post is looked for, by a label or an edit, where the landing zone does not hold it.
LABEL_DAYS = 30


def landed_rows(spark: SparkSession, landing: Path, lake: Path, day: date) -> dict[str, DataFrame]:
    """The rows of each source with `on`, the day on which each counts, for a run of `day`.

    Labels are checked, of posts and of accounts; a profile without a time is there for each day.
    """
    sources = decoded_sources(spark, landing)
    first = landing_days(landing)[0]
    rows = {**sources, "posts": _with_stand_ins(spark, sources["posts"], landing, lake, day)}
    if "labels" in rows:
        build = partial(label_rows.locate_labels, rows["labels"], rows["posts"])
        made_of = fingerprint(landing, ("labels", "posts"))
        rows["labels"] = cached(spark, "located labels", made_of, build)
    if "account_labels" in rows:
        build = partial(label_rows.check_account_labels, rows["account_labels"])
        made_of = fingerprint(landing, ("account_labels",))
        rows["account_labels"] = cached(spark, "account labels", made_of, build)
    dated = {
        name: frame.withColumn("on", landed_on(spark, landing, name, otherwise=first))
        for name, frame in rows.items()
    }
    if "users" in dated:
        dated["users"] = users_interactions.users_by_day(dated["users"], dated["posts"])
    return dated


def lately_stored(spark: SparkSession, lake: Path, day: date) -> DataFrame:
    """The stored posts among which a label or an edit of the day finds its own."""
    return read_days(spark, POSTS, lake, day - timedelta(days=LABEL_DAYS), day)


def _with_stand_ins(
    spark: SparkSession, posts: DataFrame, landing: Path, lake: Path, day: date
) -> DataFrame:
    """The posts, with another time where their clock gave one that cannot be."""
    build = partial(post_rows.impossible_times, posts)
    stand_ins = cached(spark, "impossible times", fingerprint(landing, ("posts",)), build)
    if stand_ins.isEmpty():
        return posts
    return post_rows.with_stand_ins(posts, stand_ins, lately_stored(spark, lake, day))

"""Features of a day: the rows of post_features, author_features and media."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep.digests import as_json
from harmsweep.lake.delta import query, read_days
from harmsweep.lake.flow import FEATURES, HISTORY_DAYS
from harmsweep.lake.runs import Outcome, Spark, run_stage
from harmsweep.lake.writes import replace_slice
from harmsweep.stages.features.author_history import author_numbers, by_post
from harmsweep.stages.features.engagement import with_engagement
from harmsweep.stages.features.media_rows import media_of
from harmsweep.stages.features.text_columns import clean_column, with_words
from harmsweep.tables.catalog import ACTIONS, AUTHOR_FEATURES, MEDIA, POST_FEATURES, POSTS


def features_day(spark: Spark, lake: Path, day: date, *, media_root: Path) -> Outcome:
    """Make the features of the day's current revisions, its authors and its media.

    Each revision uses what was recorded up to its cut-off, the end of the later of its post's day
    and the day that brought it. The first count is the posts.
    """

    def work() -> Mapping[str, int]:
        return _features(spark(), lake, day, media_root.resolve())

    return run_stage(FEATURES, lake, day, work, inputs=as_json(_ledger(lake, day, day)))


def _features(spark: SparkSession, lake: Path, day: date, media_root: Path) -> Mapping[str, int]:
    with ExitStack() as held:

        def persisted(frame: DataFrame) -> DataFrame:
            held.callback(frame.persist().unpersist)
            return frame

        posts = persisted(current_posts(read_days(spark, POSTS, lake, day)))
        count = posts.count()
        pairs = persisted(posts.select("author_id", "cutoff_day").dropDuplicates())
        cutoffs = sorted({row["cutoff_day"] for row in pairs.select("cutoff_day").collect()})
        acted = _ledger(lake, day, max(cutoffs, default=day))["entries"] > 0
        past = persisted(by_post(pairs, lake, cutoffs, acted=acted))
        numbers = persisted(author_numbers(pairs, past, lake, cutoffs))
        rows = post_features(posts, past, numbers, lake, day=day, cutoffs=cutoffs)
        replace_slice(rows, POST_FEATURES, lake, where={"day": day}, at_most=count)
        authors = author_features(numbers, day)
        replace_slice(authors, AUTHOR_FEATURES, lake, where={"day": day}, at_most=count)
        media = persisted(media_of(posts, media_root))
        of_media = _of_media(media)
        some = sum(of_media.values())
        replace_slice(media, MEDIA, lake, where={"day": day}, at_most=some)
        return {"posts": count, "authors": pairs.count(), **of_media}


def current_posts(posts: DataFrame) -> DataFrame:
    """The current revisions, each with its cut-off."""
    current = posts.where("status = 'accepted'")
    return current.withColumn("cutoff_day", F.greatest("day", "recorded_day"))


def post_features(
    posts: DataFrame,
    past: DataFrame,
    numbers: DataFrame,
    lake: Path,
    *,
    day: date,
    cutoffs: Sequence[date],
) -> DataFrame:
    """The rows of post_features; of the author's reports and violations the post's own are out."""
    read = posts.withColumn("n_media", F.size("media").cast("double")).drop(
        "media", "event_id", "sequence", "recorded_at", "status", "recorded_day"
    )
    keys = ["author_id", "cutoff_day", "post_id"]
    own = past.select(*keys, "previous_at", "reports", "violated")
    own = own.withColumnsRenamed({"reports": "own_reports", "violated": "own_violated"})
    joined = with_engagement(with_words(read), lake, day, cutoffs).join(own, on=keys, how="left")
    joined = joined.join(numbers, on=["author_id", "cutoff_day"], how="left")
    hours = F.unix_seconds("created_at") - F.unix_seconds("previous_at")
    others = {
        "hours_since_last_post": hours / 3600.0,
        "reports_30d": F.col("reports_30d") - F.coalesce("own_reports", F.lit(0)),
        "violations_30d": F.col("violations_30d") - F.coalesce("own_violated", F.lit(0)),
        "simulated": F.col("simulated_events") | F.col("simulated_reports"),
    }
    return joined.withColumns(others).select(*POST_FEATURES.schema.names)


def author_features(numbers: DataFrame, day: date) -> DataFrame:
    """The rows of author_features, at the latest cut-off of the author's posts of the day."""
    latest = numbers.groupBy("author_id").agg(F.max("cutoff_day").alias("cutoff_day"))
    rows = numbers.join(latest, on=["author_id", "cutoff_day"], how="inner").withColumns(
        {
            "day": F.lit(day),
            "clean_description": F.col("description"),
            "origin": F.coalesce("origin", F.lit("unknown")),
        }
    )
    return clean_column(rows.select(*AUTHOR_FEATURES.schema.names), "clean_description")


def _ledger(lake: Path, day: date, cutoff: date) -> dict[str, int]:
    """How many outcomes of the window the ledger held at the end of the cut-off day."""
    first = day - timedelta(days=HISTORY_DAYS)
    end = cutoff + timedelta(days=1)
    sql = (
        f"SELECT count(*) AS n FROM {ACTIONS.name} WHERE day BETWEEN '{first}' AND '{cutoff}'"
        f" AND entry = 'outcome' AND recorded_at < TIMESTAMP '{end} 00:00:00'"
    )
    return {"entries": query(lake, sql).to_pylist()[0]["n"]}


def _of_media(media: DataFrame) -> dict[str, int]:
    rows = media.groupBy("status").count().collect()
    return {f"media_{row['status']}": row["count"] for row in sorted(rows)}

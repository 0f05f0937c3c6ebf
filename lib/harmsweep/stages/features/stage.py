"""Features of a day: the rows of post_features, author_features and media."""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from harmsweep.days import every_day
from harmsweep.digests import as_json
from harmsweep.lake.delta import at_driver, days, query, read_slice
from harmsweep.lake.flow import FEATURES, HISTORY_DAYS
from harmsweep.lake.portions import Portion, planned
from harmsweep.lake.runs import Counts, Outcome, Spark, run_stage
from harmsweep.lake.writes import replace_slice
from harmsweep.stages.features.author_history import (
    History,
    author_numbers,
    by_post,
    window_days,
)
from harmsweep.stages.features.engagement import with_engagement
from harmsweep.stages.features.media_rows import media_of
from harmsweep.stages.features.text_columns import clean_column, with_words
from harmsweep.tables.catalog import (
    ACTIONS,
    AUTHOR_FEATURES,
    INTERACTIONS,
    MEDIA,
    POST_FEATURES,
    POSTS,
)


def features_day(spark: Spark, lake: Path, day: date, *, media_root: Path) -> Outcome:
    """Make the features of the day's current revisions, its authors and its media.

    Each revision uses what was recorded up to its cut-off, the end of the later of its post's day
    and the day that brought it. The first count is the posts.
    """

    def work(part: Portion) -> Counts:
        return _features(spark(), lake, part, media_root.resolve())

    inputs = as_json([_ledger(lake, day, day), _handed_over(lake, day)])
    return run_stage(FEATURES, lake, day, lambda: work(Portion(day)), inputs=inputs, some=work)


def _features(spark: SparkSession, lake: Path, part: Portion, media_root: Path) -> Counts:
    with ExitStack() as held:
        held.enter_context(planned(spark, part))

        def persisted(frame: DataFrame) -> DataFrame:
            if part.posts is not None:
                return at_driver(frame)
            held.callback(frame.persist().unpersist)
            return frame

        posts = persisted(current_posts(read_slice(spark, POSTS, lake, part.by_post)))
        counts = {row["cutoff_day"]: row["count"] for row in _by_cutoff(posts)}
        count, cutoffs = sum(counts.values()), sorted(counts)
        pairs = posts.select("author_id", "cutoff_day").dropDuplicates()
        pairs = pairs if part.posts is not None else persisted(pairs)
        history = History(lake, cutoffs, part.authors)
        acted = _ledger(lake, part.day, max(cutoffs, default=part.day))["entries"] > 0
        past = persisted(by_post(pairs, history, acted=acted))
        numbers = persisted(author_numbers(pairs, past, history))
        rows = post_features(posts, past, numbers, lake, part=part, cutoffs=cutoffs)
        replace_slice(rows, POST_FEATURES, lake, where=part.by_post, at_most=count)
        authors = author_features(numbers, part.day)
        replace_slice(authors, AUTHOR_FEATURES, lake, where=part.by_author, at_most=count)
        media = persisted(media_of(posts, media_root, part))
        some = media.count() if part.posts is None else None
        replace_slice(media, MEDIA, lake, where=part.by_post, at_most=some)
    return _counts(lake, part.day)


def _counts(lake: Path, day: date) -> Counts:
    """How many posts of the day have features, of how many authors; and its media by status."""
    posts = f"""SELECT count(*) AS posts, count(DISTINCT author_id || '/' || cutoff_day) AS authors
        FROM {POST_FEATURES.name} WHERE day = '{day}'"""
    media = f"""SELECT status, count(*) AS n FROM {MEDIA.name} WHERE day = '{day}'
        GROUP BY status ORDER BY status"""
    of_media = {f"media_{row['status']}": row["n"] for row in query(lake, media).to_pylist()}
    counts: dict[str, int] = query(lake, posts).to_pylist()[0]
    return counts | of_media


def _by_cutoff(posts: DataFrame) -> list[Row]:
    return posts.groupBy("cutoff_day").count().collect()


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
    part: Portion,
    cutoffs: Sequence[date],
) -> DataFrame:
    """The rows of post_features; of the author's reports and violations the post's own are out."""
    read = posts.withColumn("n_media", F.size("media").cast("double")).drop(
        "media", "event_id", "sequence", "recorded_at", "status", "recorded_day"
    )
    keys = ["author_id", "cutoff_day", "post_id"]
    own = past.select(*keys, "previous_at", "reports", "violated")
    own = own.withColumnsRenamed({"reports": "own_reports", "violated": "own_violated"})
    joined = with_engagement(with_words(read, part), lake, part, cutoffs).join(
        own, on=keys, how="left"
    )
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
    return {"entries": query(lake, sql, days=every_day(first, cutoff)).to_pylist()[0]["n"]}


def _handed_over(lake: Path, day: date) -> list[bool]:
    """Whether interactions were ever handed over: on the day, and in the window before it.

    What nobody counted is unknown, of every post; so it makes the whole day anew when it changes.
    """
    stored = set(days(INTERACTIONS, lake))
    return [day in stored, bool(stored & set(window_days([day])))]

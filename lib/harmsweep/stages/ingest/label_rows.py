"""Labels of posts and accounts: found their post, and resolved where they compete.

Labels of one post, harm, source and annotator (or of one account, kind and source) compete in the
landing zone as a whole, whatever day they land on, so that the order of the days does not matter.
The latest counts; where the latest contradict each other none does: what was meant is not known.
"""

from collections.abc import Sequence

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from harmsweep.labels.sources import HAND, UNNAMED
from harmsweep.stages.ingest.check import CONFLICT, SAME_EVENT, goes_on, number, status, supersede
from harmsweep.stages.ingest.validation import with_reason
from harmsweep.tables.catalog import ACCOUNT_LABELS, LABELS

_DEFAULTS = {
    "event_id": "line_id",
    "source": f"coalesce(source, '{HAND}')",
    "dataset": "coalesce(dataset, 'live')",
}


def locate_labels(labels: DataFrame, posts: DataFrame) -> DataFrame:
    """Checked labels of the whole landing zone, with `day` (their post's, null where not known).

    A label without a time of its own lands with its post.
    """
    known = posts.where("post_id IS NOT NULL AND created_at IS NOT NULL").groupBy("post_id")
    days = known.agg(
        F.to_date(F.min("created_at")).alias("day"), F.min("landed_day").alias("post_landed")
    )
    located = labels.join(days, on="post_id", how="left").withColumns(
        {
            "landed_day": F.coalesce("landed_day", "post_landed"),
            "annotator": F.coalesce("annotator", F.lit(UNNAMED)),
        }
    )
    return _compete(located, "labels", LABELS.key[1:], "label")


def check_account_labels(labels: DataFrame) -> DataFrame:
    """Checked labels of accounts."""
    return _compete(labels, "account_labels", ("user_id", "kind", "source"), "bad_actor")


def _compete(rows: DataFrame, name: str, key: Sequence[str], label: str) -> DataFrame:
    rows = with_reason(rows.withColumns({n: F.expr(s) for n, s in _DEFAULTS.items()}), name)
    at = F.coalesce("recorded_at", F.lit("1970-01-01").cast("timestamp"))
    rows = rows.withColumns({"at": at, "valid": F.col("reason").isNull()})
    latest = Window.partitionBy(*key, "valid").orderBy(F.desc("at"), "line_id")
    equal = Window.partitionBy(*key, "valid", "at")
    disagree = F.col("valid") & (F.min(label).over(equal) != F.max(label).over(equal))
    rows = rows.withColumns(
        {
            "place": F.row_number().over(latest),
            "is_latest": F.col("at") == F.max("at").over(Window.partitionBy(*key, "valid")),
            "reason": F.when(disagree, CONFLICT).otherwise(F.col("reason")),
        }
    )
    again = F.col("is_latest") & (F.col("place") > 1)
    checked = number(rows).withColumn("status", status(duplicate=again))
    same = F.when(F.col("status") == "duplicate", SAME_EVENT).otherwise(F.col("reason"))
    return supersede(checked.withColumn("reason", same), F.col("place") > 1)


def find_posts(labels: DataFrame, stored: DataFrame) -> DataFrame:
    """The checked labels, each with its post's day; one whose post is not known is rejected."""
    known = stored.groupBy("post_id").agg(F.min("day").alias("stored_day"))
    found = labels.join(known, on="post_id", how="left")
    found = found.withColumn("day", F.coalesce("day", "stored_day"))
    unknown = F.col("day").isNull() & F.col("status").isNull()
    return found.withColumns(
        {
            "status": F.when(unknown, "rejected").otherwise(F.col("status")),
            "reason": F.when(unknown, "unknown_post").otherwise(F.col("reason")),
        }
    )


def to_labels(checked: DataFrame) -> DataFrame:
    """The rows of labels."""
    rows = goes_on(checked).withColumns(
        {
            "label": F.col("label").cast("int"),
            "weight": F.coalesce("weight", F.lit(1.0)),
            "labelled_at": F.col("recorded_at"),
        }
    )
    return rows.select(*LABELS.schema.names)


def to_account_labels(checked: DataFrame) -> DataFrame:
    """The rows of account_labels."""
    rows = goes_on(checked).withColumn("label", F.col("bad_actor").cast("int"))
    return rows.select(*ACCOUNT_LABELS.schema.names)

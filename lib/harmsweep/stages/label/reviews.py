"""Reviewers' verdicts to labels: an action that a person overturned is a strong negative."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from harmsweep.harms import HARMS
from harmsweep.labels.sources import REVIEWS
from harmsweep.tables.catalog import LABELS

_REVISION = ["day", "post_id", "revision"]


def review_labels(verdicts: DataFrame, actions: DataFrame, posts: DataFrame) -> DataFrame:
    """The rows of labels that the newest verdict on each post's current revision comes to.

    Benign is a 0 for each harm that the ledger names for the revision: the reviewer saw what it was
    suspected of, and nothing else is known. Harmful is a 1 for the harm that the verdict names.
    """
    newest = _newest(verdicts, posts)
    suspected = actions.where("subject_kind = 'post'").groupBy(
        "day", F.col("subject_id").alias("post_id"), "revision", "harm"
    )
    benign = newest.where("verdict = 'benign'").drop("harm")
    overturned = benign.join(suspected.agg(F.lit(0).alias("label")), on=_REVISION, how="inner")
    upheld = newest.where("verdict = 'harmful'").withColumn("label", F.lit(1))
    rows = overturned.unionByName(upheld).where(F.col("harm").isin(*HARMS))
    made = {
        "source": F.lit(REVIEWS),
        "annotator": F.col("reviewer"),
        "weight": F.lit(1.0),
        "labelled_at": F.col("decided_at"),
    }
    return rows.withColumns(made).select(*LABELS.schema.names)


def _newest(verdicts: DataFrame, posts: DataFrame) -> DataFrame:
    current = posts.where("status = 'accepted'").select(*_REVISION, "dataset")
    # As a sweep has it: of verdicts at the same time the greater id counts.
    newest = Window.partitionBy(*_REVISION).orderBy(F.desc("decided_at"), F.desc("verdict_id"))
    placed = verdicts.withColumn("_place", F.row_number().over(newest)).where("_place = 1")
    return placed.drop("_place").join(current, on=_REVISION, how="inner")

"""Answers to the queue's tasks to labels: each says whether the task's own harm is there."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from harmsweep.labels.sources import TASKS
from harmsweep.tables.catalog import LABELS, LEARN

_REVISION = ["day", "post_id", "revision"]


def task_labels(tasks: DataFrame, verdicts: DataFrame, posts: DataFrame) -> DataFrame:
    """The rows of labels that reviewers' last words on the drawn revisions come to.

    As in a sample to certify, benign, or harmful for another harm, is a 0 for the task's harm;
    harmful without a harm answers nothing. One row for each reviewer.
    """
    current = posts.where("status = 'accepted'").select(*_REVISION)
    # Tasks of other purposes are drawn from flagged posts alone: together with these they would say
    # more of such posts than there are.
    asked = tasks.where(F.col("purpose") == LEARN).select(
        *_REVISION, "dataset", F.col("harm").alias("asked")
    )
    last = Window.partitionBy(*_REVISION, "reviewer").orderBy(
        F.desc("decided_at"), F.desc("verdict_id")
    )
    words = verdicts.withColumn("_place", F.row_number().over(last)).where("_place = 1")
    known = asked.join(current, on=_REVISION, how="left_semi").join(
        words, on=_REVISION, how="inner"
    )
    made = {
        "label": _answer(),
        "harm": F.col("asked"),
        "source": F.lit(TASKS),
        "annotator": F.col("reviewer"),
        "weight": F.lit(1.0),
        "labelled_at": F.col("decided_at"),
    }
    return known.withColumns(made).where("label IS NOT NULL").select(*LABELS.schema.names)


def _answer() -> Column:
    """1, 0, or null where the verdict says nothing of the harm that was asked about."""
    is_other = (F.col("verdict") == "benign") | (F.col("harm") != F.col("asked"))
    is_it = F.col("harm") == F.col("asked")
    return F.when(is_other, 0).when(is_it, 1)

"""Write the labels that verdicts and reports on a day's posts come to."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from harmsweep.labels.sources import REPORTS, REVIEWS, TASKS
from harmsweep.lake.delta import Slice, days, read_days
from harmsweep.lake.flow import LABEL, RECORD_DAYS, WAIT_DAYS
from harmsweep.lake.runs import Outcome, Spark, run_stage
from harmsweep.lake.slices import replace_slice_if_changed
from harmsweep.stages.label.reports import records, reports, standing, to_labels, weighed
from harmsweep.stages.label.reviews import review_labels
from harmsweep.stages.label.tasks import task_labels
from harmsweep.tables.catalog import (
    ACTIONS,
    INTERACTIONS,
    LABEL_TASKS,
    LABELS,
    POSTS,
    VERDICTS,
)


def days_with_posts(lake: Path, first: date, before: date) -> list[date]:
    """The days from `first` up to `before`, in order, on which anything can be labelled."""
    return [day for day in days(POSTS, lake) if first <= day < before]


def label_day(spark: Spark, lake: Path, day: date, *, simulated: bool = False) -> Outcome:
    """Write the labels that verdicts and reports on the day's posts come to, as far as known.

    Simulated reports count only where they are asked for: no label may rest on made-up people. The
    counts are the posts and harms that were reported, those of them that got a label, and those
    that a reviewer judged: those that a task asked about, and others.
    """
    work = partial(_work, spark, lake, day, simulated=simulated)
    return run_stage(LABEL, lake, day, work, inputs="simulated" if simulated else "")


def _work(spark: Spark, lake: Path, day: date, *, simulated: bool) -> Mapping[str, int]:
    session = spark()
    first, before = day - timedelta(days=RECORD_DAYS), day - timedelta(days=1)
    wait = day + timedelta(days=WAIT_DAYS)
    posts = read_days(session, POSTS, lake, day)
    recent = reports(read_days(session, INTERACTIONS, lake, day, wait), simulated=simulated)
    earlier = reports(read_days(session, INTERACTIONS, lake, first, before), simulated=simulated)
    of_day = standing(recent.where(F.col("day") == day), posts)
    known = records(earlier, read_days(session, LABELS, lake, first, before))
    pairs = weighed(of_day, known).persist()
    try:
        reported = pairs.count()
        labelled = _put(to_labels(pairs), lake, day, REPORTS)
    finally:
        pairs.unpersist()
    verdicts = read_days(session, VERDICTS, lake, day)
    actions = read_days(session, ACTIONS, lake, day)
    answers = task_labels(read_days(session, LABEL_TASKS, lake, day), verdicts, posts)
    answered = _put(answers, lake, day, TASKS)
    # What a task asked is answered once: not by the same verdict as a review too.
    asked = answers.select("post_id", "harm").distinct()
    reviews = review_labels(verdicts, actions, posts).join(asked, ["post_id", "harm"], "left_anti")
    judged = _put(reviews.select(*LABELS.schema.names), lake, day, REVIEWS)
    return {"reported": reported, "labelled": labelled, "answered": answered, "reviewed": judged}


def _put(labels: DataFrame, lake: Path, day: date, source: str) -> int:
    """Make the day's labels of a source these; give how many they are."""
    where: Slice = {"day": day, "source": source}
    count = labels.count()
    replace_slice_if_changed(labels, LABELS, lake, where=where, count=count)
    return count

"""Ingest a day: what the platform recorded on it, to the tables, each by its own rules."""

from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from functools import reduce
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep.lake.delta import Slice, read, spark_where
from harmsweep.lake.failpoints import failpoint
from harmsweep.lake.flow import INGEST
from harmsweep.lake.locks import locked
from harmsweep.lake.runs import Outcome, Spark, run_stage
from harmsweep.lake.slices import has_rows, replace_slice_if_changed
from harmsweep.lake.writes import append_missing, write_rows
from harmsweep.stages.ingest import label_rows, post_rows, users_interactions
from harmsweep.stages.ingest.check import refused
from harmsweep.stages.ingest.decoded_landing import decoded_sources
from harmsweep.stages.ingest.landed_rows import landed_rows, lately_stored
from harmsweep.stages.ingest.landing_files import fingerprint
from harmsweep.tables.catalog import (
    ACCOUNT_LABELS,
    INGESTS,
    INTERACTIONS,
    LABELS,
    POSTS,
    REJECTS,
    USERS,
)
from harmsweep.tables.spec import Table

# One ingest at a time: what it resolves rests on the stored rows of several tables. No table is
# locked meanwhile.
_TURN = "ingest"


def ingest_day(spark: Spark, lake: Path, day: date, *, landing: Path) -> Outcome:
    """Take what the platform recorded on the day from the landing zone to the tables.

    The first count is the posts' landing rows.

    Raises:
        DataRefused: a source drifted from the contract; nothing was written.
    """

    def work() -> Mapping[str, int]:
        return _ingest(spark(), lake, day, landing)

    return run_stage(INGEST, lake, day, work, inputs=fingerprint(landing))


def _ingest(spark: SparkSession, lake: Path, day: date, landing: Path) -> Mapping[str, int]:
    decoded_sources(spark, landing)  # refuses drift before anything else happens
    with ExitStack() as held:
        held.enter_context(locked(lake, [_TURN]))
        checked = _checked(spark, landing, lake, day)
        for frame in checked.values():
            held.callback(frame.persist().unpersist)
        counts = _counts(checked)
        resolved = _resolved(spark, checked["posts"], lake, day)
        held.callback(resolved.frame.persist().unpersist)
        _write_rejects(checked, resolved, counts, lake, day)
        failpoint("ingest:after-rejects")
        _write(checked, resolved, counts, lake, day)
        _write_landed(counts, lake, day)
        return _summary(counts, resolved)


def _checked(spark: SparkSession, landing: Path, lake: Path, day: date) -> dict[str, DataFrame]:
    """The day's landing rows of each source with what becomes of each."""
    every = landed_rows(spark, landing, lake, day)
    rows = {name: of.where(F.col("on") == F.lit(day)).drop("on") for name, of in every.items()}
    checked = {"posts": post_rows.check_posts(rows["posts"])}
    if "users" in rows:
        checked["users"] = users_interactions.check_users(rows["users"], day)
    if "interactions" in rows:
        checked["interactions"] = users_interactions.check_interactions(rows["interactions"])
    if "labels" in rows:
        checked["labels"] = label_rows.find_posts(rows["labels"], lately_stored(spark, lake, day))
    if "account_labels" in rows:
        checked["account_labels"] = rows["account_labels"]
    return checked


Counts = dict[tuple[str, str], int]


def _counts(checked: Mapping[str, DataFrame]) -> Counts:
    """How many rows of each source have each status, in one job over all sources."""
    frames = [
        frame.select(F.lit(source).alias("source"), F.coalesce("status", F.lit("new")).alias("s"))
        for source, frame in checked.items()
    ]
    rows = reduce(DataFrame.unionAll, frames).groupBy("source", "s").count().collect()
    return {(row["source"], row["s"]): row["count"] for row in rows}


@dataclass(frozen=True)
class Resolved:
    """The posts of the days that the landing rows belong to, with events that lost their place."""

    frame: DataFrame
    days: list[date]
    lost: Mapping[date, int]


def _resolved(spark: SparkSession, checked: DataFrame, lake: Path, day: date) -> Resolved:
    new = post_rows.candidates(checked, day)
    days = sorted(row["day"] for row in new.select("day").distinct().collect())
    stored = read(spark, POSTS, lake).where(F.col("day").isin(days))
    frame = post_rows.resolve(new, stored, day).persist()
    rows = frame.where("lost").groupBy("recorded_day").count().collect()
    return Resolved(frame, days, {row["recorded_day"]: row["count"] for row in rows})


def _write_rejects(
    checked: Mapping[str, DataFrame], resolved: Resolved, counts: Counts, lake: Path, day: date
) -> None:
    """The day's rejects, and those of other days' events that the day's events took the place of.

    They are written before posts: a run that is killed in between still finds those events in
    posts and, when it is run again, adds nothing twice.
    """
    frames = [refused(frame, source, day) for source, frame in checked.items()]
    lost = post_rows.losers(resolved.frame)
    rejects = reduce(DataFrame.unionAll, [*frames, lost.where(F.col("day") == F.lit(day))])
    count = sum(n for (_, status), n in counts.items() if status != "new")
    count += resolved.lost.get(day, 0)
    replace_slice_if_changed(
        rejects, REJECTS, lake, where={"day": day, "stage": "ingest"}, count=count
    )
    others = sorted(resolved.lost.keys() - {day})
    if others:
        taken = lost.where(F.col("day") != F.lit(day))
        append_missing(taken, REJECTS, lake, where={"day": others, "stage": "ingest"})


def _write(
    checked: Mapping[str, DataFrame], resolved: Resolved, counts: Counts, lake: Path, day: date
) -> None:
    def count(source: str) -> int:
        return counts.get((source, "new"), 0)

    of_day: Slice = {"day": day}
    if resolved.days:
        replace_slice_if_changed(
            post_rows.winners(resolved.frame), POSTS, lake, where={"day": resolved.days}
        )
    if "users" in checked:
        rows = users_interactions.to_users(checked["users"], day)
        replace_slice_if_changed(rows, USERS, lake, where=of_day, count=count("users"))
    if "interactions" in checked:
        rows = users_interactions.to_interactions(checked["interactions"], day)
        replace_slice_if_changed(
            rows, INTERACTIONS, lake, where=of_day, count=count("interactions")
        )
    if count("labels"):
        _merge(label_rows.to_labels(checked["labels"]), LABELS, lake)
    if count("account_labels"):
        _merge(label_rows.to_account_labels(checked["account_labels"]), ACCOUNT_LABELS, lake)


def _merge(rows: DataFrame, table: Table, lake: Path) -> None:
    """Put the rows in the place of those with their keys, within the days that they belong to."""
    where: Slice = {}
    if "day" in table.partition_by:
        where = {"day": sorted(row["day"] for row in rows.select("day").distinct().collect())}
    if has_rows(table, lake, where):
        stored = read(rows.sparkSession, table, lake).where(spark_where(where))
        kept = stored.join(rows.select(*table.key), on=list(table.key), how="left_anti")
        rows = kept.select(*table.schema.names).unionByName(rows)
    replace_slice_if_changed(rows, table, lake, where=where)


def _write_landed(counts: Counts, lake: Path, day: date) -> None:
    landed = _landed(counts).items()
    rows = [{"day": day, "source": name, "landed": count} for name, count in landed]
    write_rows(rows, INGESTS, lake, where={"day": day})


def _summary(counts: Counts, resolved: Resolved) -> dict[str, int]:
    """The day's counts: the landing rows of posts first, what of them did not go on, the others."""
    landed = _landed(counts)
    refused_posts = {name: counts.get(("posts", name), 0) for name in ("rejected", "duplicate")}
    superseded = sum(resolved.lost.values())
    return {"posts": landed.pop("posts", 0), **refused_posts, "superseded": superseded, **landed}


def _landed(counts: Counts) -> dict[str, int]:
    landed: dict[str, int] = defaultdict(int)
    for (source, _), count in counts.items():
        landed[source] += count
    return dict(landed)

"""The day's metrics for a model under a policy, in long form."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep import lake as lakes
from harmsweep.ledger import pair
from harmsweep.measure.accounts import accounts
from harmsweep.measure.counts import Metric, by_status, decision_counts, effect_counts, quantiles
from harmsweep.runs import Counts, Outcome, Read, Spark, Step, run_step
from harmsweep.tables import (
    ACTIONS,
    DECISIONS,
    INGESTS,
    METRICS,
    POST_VISIBILITY,
    POSTS,
    REJECTS,
    SCORES,
)

# The accounts also look at what later days' ingests did to this day's posts: see accounts.
MEASURE = Step(
    "measure",
    reads=tuple(Read(t) for t in (POSTS, REJECTS, INGESTS, SCORES, DECISIONS, ACTIONS)),
    writes=(METRICS,),
)


def measure_day(
    spark: Spark, lake: Path, day: date, *, model_version: str, policy_version: str
) -> Outcome:
    """Write the day's metrics; a second run changes nothing."""
    versions = pair(model_version, policy_version)

    def work() -> Counts:
        found = list(_metrics(spark(), lake, day, versions))
        rows = [{"day": day, **versions, **metric.row()} for metric in found]
        lakes.replace_rows(rows, METRICS, lake, where={"day": day, **versions})
        posts = sum(m.value for m in found if (m.metric, m.slice) == ("posts", "status"))
        return {"posts": int(posts), "metrics": len(rows)}

    return run_step(MEASURE, lake, day, work, versions=versions)


def _metrics(
    spark: SparkSession, lake: Path, day: date, versions: dict[str, str]
) -> Iterator[Metric]:
    model_version = versions["model_version"]
    yield from accounts(spark, lake, day, model_version)
    scores = lakes.read_days(spark, SCORES, lake, day)
    current = _current(scores.where(F.col("model_version") == model_version), spark, lake, day)
    yield from by_status(current)
    yield from quantiles(current)
    decided = lakes.read(spark, DECISIONS, lake).where(lakes.predicate({"day": day, **versions}))
    yield from decision_counts(_current(decided, spark, lake, day))
    yield from effect_counts(lakes.read_days(spark, POST_VISIBILITY, lake, day))


def _current(rows: DataFrame, spark: SparkSession, lake: Path, day: date) -> DataFrame:
    """The rows of revisions that stand."""
    accepted = lakes.read_days(spark, POSTS, lake, day).where(F.col("status") == "accepted")
    return rows.join(accepted.select("post_id", "revision"), on=["post_id", "revision"], how="semi")

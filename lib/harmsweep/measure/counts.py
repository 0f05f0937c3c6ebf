"""Counts and score distributions of a day, each table read once."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from harmsweep.harms import HARMS

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
# Ranks are exact to one in 10,000: a day's tails are what a threshold cuts.
ACCURACY = 10_000


@dataclass(frozen=True)
class Metric:
    """One number of the day."""

    metric: str
    harm: str
    slice: str
    value_of: str
    value: float

    def row(self) -> dict[str, str | float]:
        """The number as columns of metrics."""
        return asdict(self)


def by_status(scores: DataFrame) -> Iterator[Metric]:
    """How many posts the model gave each status, and how many there are of each language."""
    sets = [[F.col("status")], [F.col("language")]]
    groups = scores.groupingSets(sets, "status", "language").agg(F.count("*").alias("n"))
    for row in groups.collect():
        by = "language" if row["status"] is None else "status"
        yield Metric("posts", "all", by, row[by], float(row["n"]))


def quantiles(scores: DataFrame) -> Iterator[Metric]:
    """Of each head that scored: quantiles, the greatest score, and the share from 0.5 up."""
    rows = scores.agg(*(_distribution(harm).alias(harm) for harm in HARMS)).collect()
    for harm in HARMS:
        found = rows[0][harm]
        if not found["posts"]:
            continue
        for name, value in zip(QUANTILES, found["quantiles"], strict=True):
            yield Metric("score_quantile", harm, "quantile", name, float(value))
        yield Metric("score_quantile", harm, "quantile", "max", float(found["max"]))
        yield Metric("score_quantile", harm, "share", "from_0.5", float(found["share"]))


def _distribution(harm: str) -> Column:
    score = F.col(harm)
    return F.struct(
        F.count(score).alias("posts"),
        F.percentile_approx(score, list(QUANTILES.values()), ACCURACY).alias("quantiles"),
        F.max(score).alias("max"),
        F.avg((score >= 0.5).cast("double")).alias("share"),
    )


def decision_counts(decisions: DataFrame) -> Iterator[Metric]:
    """How many decisions there are of each harm and action."""
    yield from _by_action("decisions", decisions)


def effect_counts(visibility: DataFrame) -> Iterator[Metric]:
    """How many effects of each harm and action are in force on the day's posts."""
    yield from _by_action("effects", visibility)


def _by_action(metric: str, rows: DataFrame) -> Iterator[Metric]:
    groups = rows.groupBy(F.coalesce("harm", F.lit("none")).alias("harm"), "action")
    for row in groups.agg(F.count("*").alias("n")).collect():
        yield Metric(metric, row["harm"], "action", row["action"], float(row["n"]))

"""Caps: how many effects of a harm may happen in 24 hours, all sweeps and days together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep import lake as lakes
from harmsweep.ledger import is_counted
from harmsweep.policy import Policy
from harmsweep.tables import ACTIONS

WINDOW_MICROS = 24 * 3600 * 1_000_000
Batch = tuple[str, str]  # harm and direction


@dataclass(frozen=True)
class Excess:
    """A batch that would pass its cap."""

    harm: str
    direction: str
    planned: int
    spent: int
    cap: int

    def line(self) -> str:
        """What is held, and why, in a few words."""
        return (
            f"{self.harm}: {self.planned} to {self.direction} and {self.spent} in the last 24 hours"
            f" pass the cap of {self.cap}"
        )


def counted(effects: DataFrame) -> dict[Batch, int]:
    """How many effects each harm has that caps count, by direction."""
    groups = effects.where(is_counted()).groupBy("harm", "direction").count()
    return {(r["harm"], r["direction"]): r["count"] for r in groups.collect()}


def spent(spark: SparkSession, lake: Path, now: int) -> dict[Batch, int]:
    """The effects that sweeps began in the 24 hours before `now`, in microseconds since 1970.

    Files with older entries are skipped by their statistics. What a person undid or put back is
    not counted: an undo must never wait for a cap.
    """
    since = F.timestamp_micros(F.lit(now - WINDOW_MICROS))
    recent = lakes.read(spark, ACTIONS, lake).where(F.col("recorded_at") > since)
    by_sweep = F.col("cause_kind").isin("decision", "withdrawn")
    return counted(recent.where((F.col("entry") == "intent") & by_sweep))


def excesses(
    planned: Mapping[Batch, int], before: Mapping[Batch, int], policy: Policy
) -> list[Excess]:
    """The batches that would pass their cap, in order."""
    found = [
        Excess(harm, direction, n, before.get((harm, direction), 0), policy.cap(harm, direction))
        for (harm, direction), n in sorted(planned.items())
    ]
    return [e for e in found if e.planned + e.spent > e.cap]


def hold(intents: DataFrame, batches: Iterable[Excess]) -> DataFrame:
    """The intents, with those of the batches that pass their cap as `held` entries.

    The whole batch is held: a part of a broken model's output is broken too. Reviews go on.
    """
    over = F.lit(False)
    for batch in batches:
        over = over | _is_of(batch)
    return intents.withColumn("entry", F.when(over & is_counted(), "held").otherwise("intent"))


def _is_of(batch: Excess) -> Column:
    return (F.col("harm") == batch.harm) & (F.col("direction") == batch.direction)

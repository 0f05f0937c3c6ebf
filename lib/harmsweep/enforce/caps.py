"""Caps: how many effects of a harm may happen in 24 hours, all sweeps and days together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from pathlib import Path

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from harmsweep import lake as lakes
from harmsweep.ledger import COUNTED
from harmsweep.policy import Policy

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


def spent(lake: Path, now: int) -> dict[Batch, int]:
    """The effects that sweeps began in the 24 hours before `now`, in microseconds since 1970.

    Files with older entries are skipped by their statistics. What a person undid or put back is
    not counted: an undo must never wait for a cap.
    """
    since = datetime.fromtimestamp((now - WINDOW_MICROS) / 1e6, UTC).isoformat()
    recent = f"""SELECT harm, direction, count(*) AS effects FROM actions_v1
        WHERE recorded_at > TIMESTAMP '{since}' AND entry = 'intent'
        AND cause_kind IN ('decision', 'withdrawn') AND {COUNTED} GROUP BY harm, direction"""
    found = lakes.query(lake, recent).to_pylist()
    return {(row["harm"], row["direction"]): row["effects"] for row in found}


def excesses(
    planned: Mapping[Batch, int], before: Mapping[Batch, int], policy: Policy
) -> list[Excess]:
    """The batches that would pass their cap, in order."""
    found = [
        Excess(harm, direction, n, before.get((harm, direction), 0), policy.cap(harm, direction))
        for (harm, direction), n in sorted(planned.items())
    ]
    return [e for e in found if e.planned + e.spent > e.cap]


def hold(intents: DataFrame, over: Iterable[Excess], ledger: DataFrame) -> DataFrame:
    """The intents, with those of batches that pass their cap as `held` entries not held before.

    The whole batch is held: a part of a broken model's output is broken too. Reviews go on.
    """
    stopped = reduce(or_, map(_is_of, over), F.lit(False)) & F.expr(COUNTED)
    entry = F.when(stopped, F.lit("held")).otherwise(F.lit("intent"))
    known = ledger.where(F.col("entry") == "held").select("effect_key", "entry")
    return intents.withColumn("entry", entry).join(known, on=["effect_key", "entry"], how="anti")


def _is_of(batch: Excess) -> Column:
    return (F.col("harm") == batch.harm) & (F.col("direction") == batch.direction)

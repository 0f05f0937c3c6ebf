"""A day of the ledger as it is kept: its clock, its open intents, and what the platform reads."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep import lake as lakes
from harmsweep.ledger import open_intents, visibility
from harmsweep.locks import locked
from harmsweep.tables import ACTIONS, POST_VISIBILITY

Clock = Callable[[], int]


def now_micros() -> int:
    """The time in microseconds since 1970, UTC."""
    return time.time_ns() // 1000


@dataclass(frozen=True)
class Books:
    """Where a day's ledger stands."""

    open: int  # intents without an outcome
    last_sweep: str  # empty for none
    at: int  # the next entry's time, later than every entry's of the day


@contextmanager
def writing(lake: Path) -> Iterator[None]:
    """Hold the locks of the ledger and of what the platform reads, from reading to commit."""
    with locked(lake, [ACTIONS.name, POST_VISIBILITY.name]):
        yield


def entries(spark: SparkSession, lake: Path, day: date) -> DataFrame:
    """The day's entries of the ledger."""
    return lakes.read_days(spark, ACTIONS, lake, day)


def books(spark: SparkSession, lake: Path, day: date, clock: Clock) -> Books:
    """Where the day's ledger stands, and the time to write next.

    The time never goes back within a day, even where the wall clock does: order rests on it.
    """
    intent = F.col("entry") == "intent"
    facts = entries(spark, lake, day).agg(
        F.count_if(intent).alias("intents"),
        F.count_if(F.col("entry") == "outcome").alias("outcomes"),
        F.max(F.unix_micros("recorded_at")).alias("last"),
        F.max_by(F.when(intent, F.col("sweep_id")), F.when(intent, F.col("recorded_at"))).alias(
            "sweep_id"
        ),
    )
    row = facts.collect()[0]
    at = max(clock(), (row["last"] or 0) + 1)
    return Books(row["intents"] - row["outcomes"], row["sweep_id"] or "", at)


def settle(spark: SparkSession, lake: Path, day: date, clock: Clock) -> tuple[Books, int]:
    """Carry out the day's open intents, if any: show them to the platform, then book outcomes.

    Gives where the ledger stands then, and how many were open. A sweep that was killed is finished
    so by the next one; one that wrote its intents calls it for them.
    """
    before = books(spark, lake, day, clock)
    if not before.open:
        return before, 0
    lakes.replace_slice(
        visibility(entries(spark, lake, day)), POST_VISIBILITY, lake, where={"day": day}
    )
    outcomes = open_intents(entries(spark, lake, day)).withColumns(
        {"entry": F.lit("outcome"), "recorded_at": F.timestamp_micros(F.lit(before.at))}
    )
    lakes.append_new(outcomes, ACTIONS, lake, where={"day": day})
    return Books(0, before.last_sweep, max(clock(), before.at + 1)), before.open


def carry_out(intents: DataFrame, lake: Path, day: date, clock: Clock) -> int:
    """Append intents and held entries that are new, carry the intents out; give how many were."""
    lakes.append_new(intents, ACTIONS, lake, where={"day": day})
    return settle(intents.sparkSession, lake, day, clock)[1]

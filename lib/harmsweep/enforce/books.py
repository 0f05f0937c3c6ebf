"""A day of the ledger as it is kept: its clock, its open intents, and what the platform reads."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep import lake as lakes
from harmsweep.enforce.places import chain, chains, over
from harmsweep.enforce.sweeps import EPOCH
from harmsweep.ledger import Entry, holding, open_intents
from harmsweep.locks import locked
from harmsweep.tables import ACTIONS, POST_VISIBILITY

Clock = Callable[[], int]
# Called before each thing that others can see; raises where nothing more may happen.
Gate = Callable[[], None]


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


def books(lake: Path, day: date, clock: Clock) -> Books:
    """Where the day's ledger stands, and the time to write next.

    The time never goes back within a day, even where the wall clock does: order rests on it.
    """
    facts = f"""SELECT coalesce(sum(CASE entry WHEN 'intent' THEN 1 WHEN 'outcome' THEN -1 END), 0)
        AS open, max(recorded_at) AS last FROM actions_v1 WHERE day = '{day}'"""
    newest = f"""SELECT sweep_id FROM actions_v1 WHERE day = '{day}' AND entry = 'intent'
        ORDER BY recorded_at DESC LIMIT 1"""
    found = lakes.query(lake, facts).to_pylist()[0]
    sweeps = lakes.query(lake, newest).to_pylist()
    last = micros(found["last"]) + 1 if found["last"] else 0
    return Books(found["open"], sweeps[0]["sweep_id"] if sweeps else "", max(clock(), last))


def micros(time: datetime) -> int:
    """Microseconds since 1970."""
    return (time - EPOCH) // timedelta(microseconds=1)


def carry_out(booked: DataFrame, lake: Path, day: date, *, at: int, gate: Gate) -> None:
    """Append entries of the day to the ledger and carry out its intents: see `finish`."""
    gate()
    lakes.append(booked, ACTIONS, lake)
    finish(booked.sparkSession, lake, day, at=at, gate=gate)


def finish(spark: SparkSession, lake: Path, day: date, *, at: int, gate: Gate) -> None:
    """Show the platform what the day's ledger says, and book the outcome of every open intent.

    A kill at any point leaves intents open, which the next sweep or undo finishes by the same
    steps. The outcomes' time is one microsecond after `at`.
    """
    unfinished = over(chains(entries(spark, lake, day)), _open).localCheckpoint()
    if unfinished.isEmpty():
        return
    gate()
    shown = visibility(entries(spark, lake, day))
    lakes.replace_slice(shown, POST_VISIBILITY, lake, where={"day": day})
    done = {"entry": F.lit("outcome"), "recorded_at": F.timestamp_micros(F.lit(at + 1))}
    lakes.append(unfinished.withColumns(done), ACTIONS, lake)


def visibility(entries: DataFrame) -> DataFrame:
    """Rows of post_visibility from a day's ledger: each place's state, where one holds."""
    states = over(chains(entries), _holding)
    return states.withColumnRenamed("recorded_at", "since").select(*POST_VISIBILITY.schema.names)


def _open(row: Mapping[str, Any]) -> list[Entry]:
    return open_intents(chain(row))


def _holding(row: Mapping[str, Any]) -> list[Entry]:
    found = holding(chain(row))
    return [found] if found else []

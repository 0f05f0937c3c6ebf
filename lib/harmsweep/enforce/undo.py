"""Undo what a sweep put in force, exactly, and do it again."""

import getpass
import re
import time
from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep import lake as lakes
from harmsweep.enforce.books import (
    Books,
    Clock,
    books,
    carry_out,
    entries,
    now_micros,
    settle,
    writing,
)
from harmsweep.enforce.places import PLACE, beside_posts, chain, chains, over, place, post
from harmsweep.enforce.plan import Sweep, reapplied, undone
from harmsweep.job import DataRefused
from harmsweep.ledger import Entry
from harmsweep.logs import log
from harmsweep.runs import Outcome, Spark
from harmsweep.tables import POSTS


def undo(
    spark: Spark,
    lake: Path,
    *,
    sweep_id: str,
    redo: bool = False,
    dry_run: bool = False,
    clock: Clock = now_micros,
) -> Outcome:
    """Restore what held before a sweep wherever its effect still holds; `redo` puts it back.

    A sweep of the same model and policy does not repeat what was undone, until the post changes.
    Caps do not apply: a person asks for exactly these effects. A redo leaves out posts that were
    edited or deleted since.

    Raises:
        DataRefused: the ledger has no such sweep.
    """
    started, day = time.monotonic(), _day(sweep_id)
    kind = "redo" if redo else "undo"
    with writing(lake):
        standing = _standing(spark(), lake, day, dry_run=dry_run, clock=clock)
        plan = Sweep(day, kind, (sweep_id,), standing.last_sweep, standing.at, getpass.getuser())
        total, back = _restored(spark(), lake, plan)
        intents = back.localCheckpoint()
        counts = {"effects": intents.count()}
        if counts["effects"] and not dry_run:
            carry_out(intents, lake, day, clock)
    counts["left"] = total - counts["effects"]
    if not dry_run:
        log(kind, day=str(day)).info("done", of_sweep=sweep_id, **counts)
    return Outcome(kind, day, counts["effects"], time.monotonic() - started, counts=counts)


def _day(sweep_id: str) -> date:
    if not re.fullmatch(r"\d{8}-[0-9a-f]{12}", sweep_id):
        raise DataRefused(f"{sweep_id!r} is no sweep's id, such as 20261001-0123456789ab")
    return date.fromisoformat(sweep_id[:8])


def _standing(spark: SparkSession, lake: Path, day: date, *, dry_run: bool, clock: Clock) -> Books:
    return books(lake, day, clock) if dry_run else settle(spark, lake, day, clock)[0]


def _restored(spark: SparkSession, lake: Path, plan: Sweep) -> tuple[int, DataFrame]:
    """How many effects the sweep had, and those to restore as they are to be booked."""
    ledger, sweep_id = entries(spark, lake, plan.day), plan.subject[0]
    swept = ledger.where((F.col("sweep_id") == sweep_id) & (F.col("entry") == "intent"))
    total = swept.count()
    if not total:
        raise DataRefused(f"the ledger has no effects of a sweep {sweep_id}")
    places = chains(ledger.join(swept.select(*PLACE).distinct(), on=list(PLACE), how="semi"))
    accepted = lakes.read_days(spark, POSTS, lake, plan.day).where(F.col("status") == "accepted")
    places = beside_posts(places, accepted.withColumnRenamed("post_id", "subject_id"))
    return total, over(places, partial(_restore, sweep=plan))


def _restore(row: Mapping[str, Any], *, sweep: Sweep) -> list[Entry]:
    if sweep.kind == "undo":
        made = undone(place(row), chain(row), sweep=sweep)
    else:
        made = reapplied(place(row), chain(row), post(row), sweep=sweep)
    return [made] if made else []

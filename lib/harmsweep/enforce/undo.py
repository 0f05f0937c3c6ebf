"""Undo what a sweep put in force, exactly, and do it again."""

import getpass
import re
import time
from datetime import date
from pathlib import Path

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
from harmsweep.enforce.plan import Sweep, entry
from harmsweep.job import DataRefused
from harmsweep.ledger import PLACE, latest
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
        intents = entry(back, plan).localCheckpoint()
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
    found = _beside_state(swept, ledger)
    if plan.kind == "undo":
        return total, _undone(found)
    accepted = lakes.read_days(spark, POSTS, lake, plan.day).where(F.col("status") == "accepted")
    return total, _reapplied(found, accepted)


_KEPT = ("surface", "jurisdiction", "revision", "harm", "model_version", "policy_version")


def _beside_state(swept: DataFrame, ledger: DataFrame) -> DataFrame:
    """A sweep's effects beside the last effect of their place and the one before them."""
    names = ("effect_key", "state_key", "action", "cause_kind", "cause_id")
    last = latest(ledger).select(*PLACE, *(F.col(n).alias(f"last_{n}") for n in names))
    before = ledger.where(F.col("entry") == "intent").select(
        F.col("effect_key").alias("previous_key"),
        F.col("action").alias("before_action"),
        F.col("state_key").alias("before_state"),
    )
    placed = swept.join(last, on=list(PLACE), how="inner")
    return placed.join(before, on="previous_key", how="left")


def _undone(found: DataFrame) -> DataFrame:
    """What brings back the state before each effect that still holds."""
    holding = found.where(F.col("last_state_key") == F.col("effect_key"))
    return holding.select(
        *("subject_id", *_KEPT),
        F.lit(None).cast("double").alias("score"),
        F.lit(None).cast("double").alias("threshold"),
        F.coalesce("before_action", F.lit("none")).alias("action"),
        F.col("action").alias("previous_action"),
        F.lit("undo").alias("cause_kind"),
        F.col("last_effect_key").alias("previous_key"),
        F.col("before_state").alias("state_key"),
    )


def _reapplied(found: DataFrame, accepted: DataFrame) -> DataFrame:
    """What puts each undone effect back, on revisions that still stand.

    An effect was undone where its own undo came last, or where undoing and reapplying of others
    came last and led to the state before it.
    """
    of_sweep = F.col("last_cause_id").startswith(F.concat(F.col("sweep_id"), F.lit("/")))
    by_person = F.col("last_cause_kind").isin("undo", "reapply")
    before_it = F.coalesce(F.col("last_state_key") == F.col("before_state"), F.lit(False))
    undone = ((F.col("last_cause_kind") == "undo") & of_sweep) | (by_person & before_it)
    standing = accepted.select(F.col("post_id").alias("subject_id"), "revision")
    kept = found.where(undone).join(standing, on=["subject_id", "revision"], how="left_semi")
    return kept.select(
        *("subject_id", *_KEPT, "score", "threshold", "action"),
        F.col("last_action").alias("previous_action"),
        F.lit("reapply").alias("cause_kind"),
        F.col("last_effect_key").alias("previous_key"),
        F.col("effect_key").alias("state_key"),
    )

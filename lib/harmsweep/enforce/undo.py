"""Undo what a sweep put in force, exactly, and do it again."""

import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep.enforce.books import (
    Clock,
    books,
    carry_out,
    entries,
    finish,
    now_micros,
    writing,
)
from harmsweep.enforce.places import PLACE, beside_posts, chain, chains, over, place, post
from harmsweep.enforce.posts import standing
from harmsweep.enforce.restore import reapplied, undone
from harmsweep.enforce.rules import Post
from harmsweep.enforce.sweeps import Sweep
from harmsweep.job import DataRefused
from harmsweep.ledger import ACCOUNTS_DAY, Entry
from harmsweep.logs import log
from harmsweep.operations import operator, record
from harmsweep.runs import Outcome, Spark


@dataclass(frozen=True)
class Part:
    """Which of a sweep's effects are meant: all, or those of a harm, an action, some posts."""

    harm: str | None = None
    action: str | None = None
    posts: tuple[str, ...] = ()

    def condition(self) -> Column:
        """Whether an entry is meant."""
        found = F.lit(True)
        for name in ("harm", "action"):
            value = getattr(self, name)
            found = found if value is None else found & (F.col(name) == value)
        return found & F.col("subject_id").isin(*self.posts) if self.posts else found


def undo(
    spark: Spark,
    lake: Path,
    *,
    sweep_id: str,
    part: Part | None = None,
    redo: bool = False,
    dry_run: bool = False,
    clock: Clock = now_micros,
) -> Outcome:
    """Restore what held before a sweep, or a part of it, wherever its effect still holds.

    `redo` puts it back.

    A sweep of the same model and policy does not repeat what was undone, until the post changes.
    Caps do not apply: a person asks for exactly these effects. A redo leaves out posts that were
    edited or deleted since. What the sweep did to accounts goes with the whole of it; after a part,
    accounts follow at the next sweep.

    Raises:
        DataRefused: the ledger has no such sweep.
    """
    started, day, part = time.monotonic(), _day(sweep_id), part or Part()
    kind, done = "redo" if redo else "undo", 0
    with writing(lake):
        total = 0
        for of_day in (day, ACCOUNTS_DAY) if part == Part() else (day,):
            now = books(lake, of_day, clock)
            plan = Sweep(day, kind, (sweep_id,), now.last_sweep, now.at, operator())
            swept, back = _restored(spark(), lake, plan, part, of_day)
            intents = back.localCheckpoint()
            effects = intents.count()
            total, done = total + swept, done + effects
            if effects and not dry_run:
                carry_out(intents, lake, of_day, at=now.at, gate=_always)
            elif now.open and not dry_run:
                finish(spark(), lake, of_day, at=now.at, gate=_always)
        if not total:
            raise DataRefused(f"the ledger has no such effects of a sweep {sweep_id}")
    counts = {"effects": done, "left": total - done}
    if not dry_run:
        log(kind, day=str(day)).info("done", of_sweep=sweep_id, **counts)
        record(lake, kind, sweep_id, details=counts | {"part": asdict(part)})
    return Outcome(kind, day, done, time.monotonic() - started, counts=counts)


def _day(sweep_id: str) -> date:
    if not re.fullmatch(r"\d{8}-[0-9a-f]{12}", sweep_id):
        raise DataRefused(f"{sweep_id!r} is no sweep's id, such as 20261001-0123456789ab")
    return date.fromisoformat(sweep_id[:8])


def _always() -> None:
    """A person repairs also while the switch stops all that is automatic."""


def _restored(
    spark: SparkSession, lake: Path, plan: Sweep, part: Part, day: date
) -> tuple[int, DataFrame]:
    """How many effects the sweep had in a day's ledger, and those to restore, to be booked."""
    ledger, sweep_id = entries(spark, lake, day), plan.subject[0]
    swept = ledger.where((F.col("sweep_id") == sweep_id) & (F.col("entry") == "intent"))
    swept = swept.where(part.condition())
    places = chains(ledger.join(swept.select(*PLACE).distinct(), on=list(PLACE), how="semi"))
    places = beside_posts(places, standing(spark, lake, day, plan.time))
    return swept.count(), over(places, partial(_restore, sweep=plan))


def _restore(row: Mapping[str, Any], *, sweep: Sweep) -> list[Entry]:
    of = place(row)
    if sweep.kind == "undo":
        made = undone(of, chain(row), sweep=sweep)
    else:
        # An account has no revisions: it always stands.
        account = Post(0, of.subject_id) if of.subject_kind == "account" else None
        made = reapplied(of, chain(row), account or post(row), sweep=sweep)
    return [made] if made else []

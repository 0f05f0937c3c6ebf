"""Accounts brought to what their authors' strikes come to, after each sweep of posts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep import lake as lakes
from harmsweep.enforce.books import Clock, Gate, books, carry_out, entries, finish
from harmsweep.enforce.places import PLACE, chain, chains, over, place
from harmsweep.enforce.strikes import Strike, account_change
from harmsweep.enforce.sweeps import Sweep
from harmsweep.ledger import ACCOUNTS_DAY, STRIKES, Entry
from harmsweep.policy import Accounts
from harmsweep.tables import POST_VISIBILITY, POSTS

STRIKE = tuple(Strike.__dataclass_fields__)


def settle_accounts(
    spark: SparkSession, lake: Path, sweep: Sweep, accounts: Accounts, *, clock: Clock, gate: Gate
) -> int:
    """Bring every account to what its strikes come to, as part of a sweep; give the effects.

    Strikes are on posts of the days in which one counts, so that no history is read.
    """
    standing = books(lake, ACCOUNTS_DAY, clock)
    plan = replace(sweep, at=standing.at)
    struck = _struck(spark, lake, plan, accounts)
    known = chains(entries(spark, lake, ACCOUNTS_DAY))
    found = known.join(struck, on=list(PLACE), how="full")
    made = over(found, partial(_change, sweep=plan, accounts=accounts)).localCheckpoint()
    effects = made.count()
    if effects:
        carry_out(made, lake, ACCOUNTS_DAY, at=plan.at, gate=gate)
    elif standing.open:
        finish(spark, lake, ACCOUNTS_DAY, at=plan.at, gate=gate)
    return effects


def _struck(spark: SparkSession, lake: Path, plan: Sweep, accounts: Accounts) -> DataFrame:
    last = plan.time.date()
    first = last - timedelta(days=accounts.decay_days)
    held = lakes.read_days(spark, POST_VISIBILITY, lake, first, last)
    held = held.where((F.col("subject_kind") == "post") & F.col("action").isin(*STRIKES))
    posts = lakes.read_days(spark, POSTS, lake, first, last).where("status = 'accepted'")
    posts = posts.select("day", F.col("post_id").alias("subject_id"), "author_id")
    strike = F.struct(*STRIKE)
    # A post that is struck in several places is one strike: its first.
    once = held.groupBy("day", "subject_id").agg(F.min(strike).alias("strike"))
    by_author = once.join(posts, on=["day", "subject_id"]).groupBy("author_id")
    return by_author.agg(F.collect_list("strike").alias("strikes")).select(
        F.lit("account").alias("subject_kind"),
        F.col("author_id").alias("subject_id"),
        F.lit("all").alias("surface"),
        F.lit("all").alias("jurisdiction"),
        "strikes",
    )


def _change(row: Mapping[str, Any], *, sweep: Sweep, accounts: Accounts) -> list[Entry]:
    strikes = [Strike(**strike) for strike in row["strikes"] or []]
    made = account_change(place(row), chain(row), strikes, sweep=sweep, accounts=accounts)
    return [made] if made else []

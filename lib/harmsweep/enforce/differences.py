"""What a sweep would change on a day, as rows of Spark."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep import lake as lakes
from harmsweep.decisions import pair
from harmsweep.enforce import posts
from harmsweep.enforce.books import entries
from harmsweep.enforce.change import change
from harmsweep.enforce.parked import Stale, let_go
from harmsweep.enforce.places import (
    PLACE,
    beside_decisions,
    chain,
    chains,
    decision,
    over,
    place,
    post,
)
from harmsweep.enforce.rules import Rules
from harmsweep.enforce.sweeps import Batch, Sweep
from harmsweep.ledger import Entry
from harmsweep.tables import ACTIONS, DECISIONS


def day_places(spark: SparkSession, lake: Path, plan: Sweep) -> DataFrame:
    """The day's places that have entries or decisions, of posts that the model scored."""
    versions: lakes.Slice = {"day": plan.day, **pair(*plan.subject)}
    decided = lakes.read(spark, DECISIONS, lake).where(lakes.predicate(versions))
    decided = decided.withColumnRenamed("post_id", "subject_id")
    # An edited post's decisions on earlier revisions stay in the table: one a place counts.
    standing = posts.standing(spark, lake, plan.day, plan.time)
    current = decided.join(standing, on=["subject_id", "revision"], how="semi")
    current = current.withColumn("subject_kind", F.lit("post"))
    judged = posts.judged(spark, lake, plan.day, plan.time, plan.subject[0])
    return beside_decisions(chains(entries(spark, lake, plan.day)), current, judged)


def changes(
    places: DataFrame, plan: Sweep, rules: Rules, held: Mapping[Batch, float] | None = None
) -> DataFrame:
    return over(places, partial(_change, sweep=plan, rules=rules, held=held))


def _change(row: Mapping[str, Any], **options: Any) -> list[Entry]:
    found = post(row)
    made = change(place(row), chain(row), decision(row), found, **options) if found else None
    return [made] if made else []


# Of effects: entry, harm, direction, action, previous_action, and how many there are: n.
Groups = list[dict[str, Any]]


def groups_of(effects: DataFrame) -> Groups:
    by = ("entry", "harm", "direction", "action", "previous_action")
    return [row.asDict() for row in effects.groupBy(*by).agg(F.count("*").alias("n")).collect()]


def let_go_all(places: DataFrame, parked: DataFrame, plan: Sweep, rules: Rules) -> DataFrame:
    """Planned or held effects as intents of the sweep; `stale` entries where one no longer fits.

    `parked` has the columns of actions; an effect that is in force or was refused gives nothing.
    """
    waiting = parked.select(*PLACE, F.struct(*ACTIONS.schema.names).alias("parked"))
    found = waiting.join(places, on=list(PLACE), how="left")
    return over(found, partial(_let_go, sweep=plan, rules=rules))


def _let_go(row: Mapping[str, Any], *, sweep: Sweep, rules: Rules) -> list[Entry]:
    parked = Entry(**row["parked"])
    options: dict[str, Any] = {"parked": parked, "sweep": sweep, "rules": rules}
    try:
        made = let_go(place(row), chain(row), decision(row), post(row), **options)
    except Stale:
        return [replace(parked, entry="stale")]
    return [made] if made else []

"""The sweep of one day: under the locks of the ledger, from reading to the last commit."""

import getpass
import time
from datetime import date
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep import lake as lakes
from harmsweep.enforce.books import Clock, books, carry_out, entries, now_micros, settle, writing
from harmsweep.enforce.caps import Excess, counted, excesses, hold, spent
from harmsweep.enforce.plan import Sweep, changes, desired
from harmsweep.job import DataRefused, Held
from harmsweep.ledger import DECIDE, pair
from harmsweep.logs import log
from harmsweep.policy import Policy, check_lake, load_policy
from harmsweep.runs import Counts, Outcome, Read, Spark, Step, is_done, run_step
from harmsweep.tables import ACTIONS, DECISIONS, POST_VISIBILITY, POSTS, SCORES

ENFORCE = Step(
    "enforce",
    reads=(Read(DECISIONS), Read(POSTS), Read(SCORES)),
    writes=(ACTIONS, POST_VISIBILITY),
)


def enforce_day(
    spark: Spark,
    lake: Path,
    day: date,
    *,
    policy: Path,
    model_version: str,
    dry_run: bool = False,
) -> Outcome:
    """Bring what holds for a day's posts to what its decisions want; a second run changes nothing.

    With `dry_run` it writes nothing and gives the counts of what it would do.

    Raises:
        PolicyError: the policy is refused; nothing was touched.
        DataRefused: decide has not run since the scores or posts last changed.
        Held: a cap would be passed; that harm's batch is parked and the others were carried out.
    """
    rules = load_policy(policy)
    check_lake(rules, lake)
    versions = pair(model_version, rules.policy_version)
    if not is_done(DECIDE, lake, day, versions=versions):
        raise DataRefused(
            f"decisions of {day} by {model_version} under {rules.policy_version} are missing or"
            " older than its scores; run decide first"
        )
    if dry_run:
        started = time.monotonic()
        counts = preview(spark(), lake, day, rules, model_version)
        items = next(iter(counts.values()))
        return Outcome("enforce", day, items, time.monotonic() - started, counts=counts)

    def work() -> Counts:
        return sweep(spark(), lake, day, rules, model_version)

    return run_step(ENFORCE, lake, day, work, versions=versions)


def sweep(
    spark: SparkSession,
    lake: Path,
    day: date,
    policy: Policy,
    model_version: str,
    *,
    clock: Clock = now_micros,
) -> Counts:
    """Finish what an earlier sweep left open, then carry out the differences within the caps.

    Raises:
        Held: see enforce_day.
    """
    with writing(lake):
        standing, finished = settle(spark, lake, day, clock)
        plan = _sweep(day, policy, model_version, after=standing.last_sweep, at=standing.at)
        wanted, intents = _plan(spark, lake, policy, plan)
        intents = intents.persist()
        try:
            over = excesses(counted(intents), spent(spark, lake, standing.at), policy)
            booked = hold(intents, over).persist()
            counts = {"decisions": wanted.count()} | _summary(booked) | {"finished": finished}
            if len(counts) > 2:
                carry_out(booked, lake, day, clock)
                log("enforce", day=str(day)).info("swept", sweep_id=plan.sweep_id, **counts)
            booked.unpersist()
        finally:
            intents.unpersist()
    if over:
        raise Held(_advice(day, policy, over))
    return counts


def preview(
    spark: SparkSession, lake: Path, day: date, policy: Policy, model_version: str
) -> Counts:
    """What a sweep would do now, in counts; it writes nothing and takes no lock."""
    standing = books(spark, lake, day, now_micros)
    plan = _sweep(day, policy, model_version, after=standing.last_sweep, at=standing.at)
    wanted, intents = _plan(spark, lake, policy, plan)
    over = excesses(counted(intents), spent(spark, lake, standing.at), policy)
    summary = _summary(hold(intents, over))
    return {"decisions": wanted.count()} | summary | {"finished": standing.open}


def _sweep(day: date, policy: Policy, model_version: str, *, after: str, at: int) -> Sweep:
    subject = (model_version, policy.policy_version)
    return Sweep(day, "enforce", subject, after, at, getpass.getuser())


def _plan(
    spark: SparkSession, lake: Path, policy: Policy, plan: Sweep
) -> tuple[DataFrame, DataFrame]:
    model_version, policy_version = plan.subject
    versions: lakes.Slice = {"day": plan.day, **pair(model_version, policy_version)}
    key = ["post_id", "revision"]
    accepted = lakes.read_days(spark, POSTS, lake, plan.day).where(F.col("status") == "accepted")
    scores = lakes.read_days(spark, SCORES, lake, plan.day)
    scored = scores.where(F.col("model_version") == model_version).select(*key)
    judged = accepted.select(*key).join(scored, on=key, how="left_semi")
    decided = lakes.read(spark, DECISIONS, lake).where(lakes.predicate(versions))
    current = decided.join(judged, on=key, how="left_semi")
    wanted = desired(current, approved=model_version in policy.approved_models)
    judged = judged.withColumnRenamed("post_id", "subject_id")
    return wanted, changes(wanted, entries(spark, lake, plan.day), judged, plan)


def _summary(booked: DataFrame) -> dict[str, int]:
    """Counts by what is done: an action applied, `released`, or `held`; absent where none is."""
    released = F.when(F.col("direction") == "release", F.lit("released"))
    held = F.when(F.col("entry") == "held", F.lit("held"))
    groups = booked.groupBy(F.coalesce(held, released, "action").alias("what")).count()
    return {str(row["what"]): int(row["count"]) for row in sorted(groups.collect())}


def _advice(day: date, policy: Policy, over: list[Excess]) -> str:
    batches = "; ".join(batch.line() for batch in over)
    return (
        f"{day}: held {batches}. None of these was carried out, all else was. Look at the scores;"
        f" if they are right, raise the cap in the policy {policy.name} and run decide and enforce"
        " again, or run enforce again when the 24 hours have room"
    )

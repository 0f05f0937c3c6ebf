"""The sweep of one day: under the locks of the ledger, from reading to the last commit."""

import getpass
import time
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep import lake as lakes
from harmsweep.certificates import Certificate, find_certificate
from harmsweep.decisions import DECIDE, pair
from harmsweep.enforce.books import Clock, books, carry_out, entries, now_micros, settle, writing
from harmsweep.enforce.caps import Excess, counted, excesses, spent
from harmsweep.enforce.places import beside_decisions, chain, chains, decision, over, place, post
from harmsweep.enforce.plan import Batch, Rules, Sweep, change, rules_of
from harmsweep.job import DataRefused, Held
from harmsweep.ledger import Entry, is_counted
from harmsweep.logs import log
from harmsweep.policy import Policy, check_lake, load_policy
from harmsweep.runs import Counts, Outcome, Read, Spark, Step, is_done, run_step
from harmsweep.tables import ACTIONS, DECISIONS, ESCALATIONS, POST_VISIBILITY, POSTS, SCORES

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
    certificates: Path | None = None,
    dry_run: bool = False,
) -> Outcome:
    """Bring what holds for a day's posts to what its decisions want; a second run changes nothing.

    With `dry_run` it writes nothing and gives the counts of what it would do. `certificates` is the
    folder of the model's certificates.

    Raises:
        PolicyError: the policy is refused; nothing was touched.
        CertificateRefused: the pair's certificate is; nothing was touched.
        DataRefused: decide has not run since the scores, posts or certificate last changed.
        Held: a cap would be passed; that harm's batch is parked and the others were carried out.
    """
    rules = load_policy(policy)
    check_lake(rules, lake)
    versions = pair(model_version, rules.policy_version)
    certificate = find_certificate(certificates, model_version, rules.policy_version)
    inputs = certificate.digest if certificate else ""
    if not is_done(DECIDE, lake, day, versions=versions, inputs=inputs):
        raise DataRefused(
            f"decisions of {day} by {model_version} under {rules.policy_version} are missing or"
            " older than its scores or certificate; run decide first"
        )
    if dry_run:
        started = time.monotonic()
        counts = preview(spark(), lake, day, rules, model_version, certificate=certificate)
        items = next(iter(counts.values()))
        return Outcome("enforce", day, items, time.monotonic() - started, counts=counts)

    def work() -> Counts:
        return sweep(spark(), lake, day, rules, model_version, certificate=certificate)

    return run_step(ENFORCE, lake, day, work, versions=versions, inputs=inputs)


def sweep(
    spark: SparkSession,
    lake: Path,
    day: date,
    policy: Policy,
    model_version: str,
    *,
    certificate: Certificate | None = None,
    clock: Clock = now_micros,
) -> Counts:
    """Finish what an earlier sweep left open, then carry out the differences within the caps.

    Raises:
        Held: see enforce_day.
    """
    rules = rules_of(policy, model_version, certificate)
    with writing(lake):
        standing, finished = settle(spark, lake, day, clock)
        plan = _sweep(day, policy, model_version, after=standing.last_sweep, at=standing.at)
        # Cut from its sources, so that no later step can compute it again from a changed ledger.
        places = _places(spark, lake, plan).localCheckpoint()
        intents = _changes(places, plan, rules).localCheckpoint()
        groups = _groups(intents)
        over_cap = excesses(counted(groups), spent(lake, plan.at), policy)
        counts = _summary(lake, plan, groups, over_cap) | {"finished": finished}
        if groups:
            if over_cap:
                intents = _changes(places, plan, rules, held=[e.batch for e in over_cap])
                intents = intents.localCheckpoint()
            carry_out(intents, lake, day, clock)
            log("enforce", day=str(day)).info("swept", sweep_id=plan.sweep_id, **counts)
    if over_cap:
        raise Held(_advice(day, policy, over_cap))
    return counts


def preview(
    spark: SparkSession,
    lake: Path,
    day: date,
    policy: Policy,
    model_version: str,
    *,
    certificate: Certificate | None = None,
) -> Counts:
    """What a sweep would do now, in counts; it writes nothing and takes no lock."""
    standing = books(lake, day, now_micros)
    plan = _sweep(day, policy, model_version, after=standing.last_sweep, at=standing.at)
    rules = rules_of(policy, model_version, certificate)
    groups = _groups(_changes(_places(spark, lake, plan), plan, rules))
    over_cap = excesses(counted(groups), spent(lake, plan.at), policy)
    return _summary(lake, plan, groups, over_cap) | {"finished": standing.open}


def _sweep(day: date, policy: Policy, model_version: str, *, after: str, at: int) -> Sweep:
    subject = (model_version, policy.policy_version)
    return Sweep(day, "enforce", subject, after, at, getpass.getuser())


def _places(spark: SparkSession, lake: Path, plan: Sweep) -> DataFrame:
    """The day's places that have entries or decisions, of posts that the model scored."""
    model_version, policy_version = plan.subject
    versions: lakes.Slice = {"day": plan.day, **pair(model_version, policy_version)}
    key = ["post_id", "revision"]
    accepted = lakes.read_days(spark, POSTS, lake, plan.day).where(F.col("status") == "accepted")
    scores = lakes.read_days(spark, SCORES, lake, plan.day)
    scored = scores.where(F.col("model_version") == model_version).select(*key)
    # What holds for an escalated post stays as it is: it has no decision, which lifts nothing.
    escalated = lakes.read_days(spark, ESCALATIONS, lake, plan.day).select("post_id")
    judged = accepted.join(scored, on=key, how="semi").join(escalated, on="post_id", how="anti")
    judged = judged.withColumnRenamed("post_id", "subject_id")
    decided = lakes.read(spark, DECISIONS, lake).where(lakes.predicate(versions))
    # An edited post's decisions on earlier revisions stay in the table: one a place counts.
    current = decided.join(accepted.select(*key), on=key, how="semi")
    current = current.withColumnRenamed("post_id", "subject_id")
    current = current.withColumn("subject_kind", F.lit("post"))
    return beside_decisions(chains(entries(spark, lake, plan.day)), current, judged)


def _changes(
    places: DataFrame, plan: Sweep, rules: Rules, held: Collection[Batch] = ()
) -> DataFrame:
    return over(places, partial(_change, sweep=plan, rules=rules, held=frozenset(held)))


def _change(row: Mapping[str, Any], **options: Any) -> list[Entry]:
    found = post(row)
    made = change(place(row), chain(row), decision(row), found, **options) if found else None
    return [made] if made else []


# Of effects: harm, direction, action, previous_action, and how many there are: n.
Groups = list[dict[str, Any]]


def _groups(effects: DataFrame) -> Groups:
    by = ("harm", "direction", "action", "previous_action")
    return [row.asDict() for row in effects.groupBy(*by).agg(F.count("*").alias("n")).collect()]


def _summary(lake: Path, plan: Sweep, groups: Groups, over_cap: list[Excess]) -> dict[str, int]:
    """The day's decisions, and effects by what is done: an action, `released`, or `held`."""
    stopped = {excess.batch for excess in over_cap}
    done: Counter[str] = Counter()
    for row in groups:
        counts = is_counted(row["direction"], row["action"], row["previous_action"])
        held = counts and (row["harm"], row["direction"]) in stopped
        lifted = "released" if row["direction"] == "release" else row["action"]
        done["held" if held else lifted] += row["n"]
    return {"decisions": _decided(lake, plan)} | dict(sorted(done.items()))


def _decided(lake: Path, plan: Sweep) -> int:
    versions: lakes.Slice = {"day": plan.day, **pair(*plan.subject)}
    where = lakes.predicate(versions)
    sql = f"""SELECT count(*) AS n FROM (SELECT * FROM decisions_v1 WHERE {where}) d
        JOIN (SELECT * FROM posts_v1 WHERE day = '{plan.day}' AND status = 'accepted') p
        ON d.post_id = p.post_id AND d.revision = p.revision"""
    return int(lakes.query(lake, sql).to_pylist()[0]["n"])


def _advice(day: date, policy: Policy, over: list[Excess]) -> str:
    batches = "; ".join(batch.line() for batch in over)
    return (
        f"{day}: held {batches}. None of these was carried out, all else was. Look at the scores;"
        f" if they are right, raise the cap in the policy {policy.name} and run decide and enforce"
        " again, or run enforce again when the 24 hours have room"
    )

"""The sweep of one day: under the locks of the ledger, from reading to the last commit."""

import time
from collections import Counter
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from harmsweep import lake as lakes
from harmsweep.decisions import DECIDE, pair
from harmsweep.enforce.accounts import settle_accounts
from harmsweep.enforce.batches import waiting
from harmsweep.enforce.books import (
    Clock,
    books,
    carry_out,
    finish,
    now_micros,
    writing,
)
from harmsweep.enforce.bounds import bounds
from harmsweep.enforce.caps import Excess, counted, excesses, spent
from harmsweep.enforce.differences import Groups, changes, day_places, groups_of
from harmsweep.enforce.forecast import limits
from harmsweep.enforce.rules import Mandate, load_mandate, sweep_of
from harmsweep.enforce.sweeps import Sweep
from harmsweep.job import DataRefused, Held
from harmsweep.ledger import is_counted
from harmsweep.logs import log
from harmsweep.operations import check_running
from harmsweep.runs import Counts, Outcome, Read, Spark, Step, is_done, run_step
from harmsweep.tables import (
    ACTIONS,
    DECISIONS,
    EXEMPTIONS,
    POST_VISIBILITY,
    POSTS,
    SCORES,
    VERDICTS,
)

ENFORCE = Step(
    "enforce",
    reads=(Read(DECISIONS), Read(POSTS), Read(SCORES), Read(VERDICTS)),
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
        Held: a cap would be passed, or a batch waits; all else was carried out.
        Stopped: the switch is off.
    """
    mandate = load_mandate(lake, policy, model_version, certificates)
    check_decided(lake, day, mandate)
    if dry_run:
        started = time.monotonic()
        counts = preview(spark(), lake, day, mandate)
        items = next(iter(counts.values()))
        return Outcome("enforce", day, items, time.monotonic() - started, counts=counts)

    def work() -> Counts:
        return sweep(spark(), lake, day, mandate)

    facts = [mandate.inputs, mandate.first, mandate.last, lakes.version(EXEMPTIONS, lake)]
    versions = pair(*mandate.subject)
    return run_step(ENFORCE, lake, day, work, versions=versions, inputs=lakes.as_json(facts))


def check_decided(lake: Path, day: date, mandate: Mandate) -> None:
    """Refuse a day whose decisions are not up to date.

    Raises:
        DataRefused: decide has not run since the scores, posts or certificate last changed.
    """
    model_version, policy_version = mandate.subject
    if not is_done(DECIDE, lake, day, versions=pair(*mandate.subject), inputs=mandate.inputs):
        raise DataRefused(
            f"decisions of {day} by {model_version} under {policy_version} are missing or"
            " older than its scores or certificate; run decide first"
        )


def sweep(
    spark: SparkSession, lake: Path, day: date, mandate: Mandate, *, clock: Clock = now_micros
) -> Counts:
    """Carry out the differences within the caps, and finish what a killed sweep left open.

    Raises:
        Held, Stopped: see enforce_day.
    """
    gate = partial(check_running, lake)
    with writing(lake):
        standing = books(lake, day, clock)
        plan = sweep_of(day, "enforce", mandate, after=standing.last_sweep, at=standing.at)
        # Cut from its sources, so that no later step can compute it again from a changed ledger.
        places = day_places(spark, lake, plan).localCheckpoint()
        intents = changes(places, plan, mandate.rules).localCheckpoint()
        groups = groups_of(intents)
        over_cap = _excesses(lake, plan, mandate, groups)
        counts = _summary(lake, plan, groups, over_cap) | {"finished": standing.open}
        if over_cap:
            sampled = {e.batch: bounds().sample(e.planned) for e in over_cap}
            intents = changes(places, plan, mandate.rules, held=sampled).localCheckpoint()
        if groups:
            carry_out(intents, lake, day, at=plan.at, gate=gate)
            log("enforce", day=str(day)).info("swept", sweep_id=plan.sweep_id, **counts)
        elif standing.open:
            finish(spark, lake, day, at=plan.at, gate=gate)
        if mandate.policy.accounts:
            accounts = mandate.policy.accounts
            options: dict[str, Any] = {"clock": clock, "gate": gate}
            counts["accounts"] = settle_accounts(spark, lake, plan, accounts, **options)
    held = waiting(lake, day)
    if held or over_cap:
        raise Held(_advice(day, over_cap, [batch.line() for batch in held]))
    return counts


def preview(spark: SparkSession, lake: Path, day: date, mandate: Mandate) -> Counts:
    """What a sweep would do now, in counts; it writes nothing and takes no lock."""
    standing = books(lake, day, now_micros)
    plan = sweep_of(day, "enforce", mandate, after=standing.last_sweep, at=standing.at)
    groups = groups_of(changes(day_places(spark, lake, plan), plan, mandate.rules))
    over_cap = _excesses(lake, plan, mandate, groups)
    return _summary(lake, plan, groups, over_cap) | {"finished": standing.open}


def _excesses(lake: Path, plan: Sweep, mandate: Mandate, groups: Groups) -> list[Excess]:
    likely = limits(lake, plan.day, bounds().forecast) if groups else {}
    return excesses(counted(groups), spent(lake, plan.at), mandate.policy, likely)


def _summary(lake: Path, plan: Sweep, groups: Groups, over_cap: list[Excess]) -> dict[str, int]:
    """The day's decisions, and effects by what is done: an action, `released`, `held`…"""
    stopped = {excess.batch for excess in over_cap}
    done: Counter[str] = Counter()
    for row in groups:
        counts = is_counted(row["direction"], row["action"], row["previous_action"])
        held = counts and (row["harm"], row["direction"]) in stopped
        lifted = "released" if row["direction"] == "release" else row["action"]
        parked = row["entry"] if row["entry"] != "intent" else "held" if held else ""
        done[parked or lifted] += row["n"]
    return {"decisions": _decided(lake, plan)} | dict(sorted(done.items()))


def _decided(lake: Path, plan: Sweep) -> int:
    versions: lakes.Slice = {"day": plan.day, **pair(*plan.subject)}
    where = lakes.predicate(versions)
    sql = f"""SELECT count(*) AS n FROM (SELECT * FROM decisions_v1 WHERE {where}) d
        JOIN (SELECT * FROM posts_v1 WHERE day = '{plan.day}' AND status = 'accepted') p
        ON d.post_id = p.post_id AND d.revision = p.revision"""
    return int(lakes.query(lake, sql).to_pylist()[0]["n"])


def _advice(day: date, over_cap: list[Excess], held: list[str]) -> str:
    passed = "; ".join(batch.line() for batch in over_cap)
    return (
        f"{day}: {passed}{'. ' if passed else ''}Held until a person lets go or refuses:"
        f" {', '.join(held)}; all else was carried out. See `harmsweep hold --help`"
    )

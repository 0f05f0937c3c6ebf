"""The sweep of one day: under the locks of the ledger, from reading to the last commit."""

import time
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from functools import partial
from pathlib import Path

from harmsweep.decisions import DECIDE, pair
from harmsweep.digests import as_json
from harmsweep.enforce.accounts import settle_accounts
from harmsweep.enforce.books import Books, Clock, books, carry_out, now_micros, writing
from harmsweep.enforce.bounds import bounds
from harmsweep.enforce.breaker.batches import waiting
from harmsweep.enforce.breaker.caps import Excess, counted
from harmsweep.enforce.breaker.forecast import breaches
from harmsweep.enforce.cases import cases, changes, exemptions
from harmsweep.enforce.people.copies import WINDOW_DAYS
from harmsweep.enforce.people.orders import settle_beneath
from harmsweep.enforce.rules import Mandate, load_mandate, sweep_of
from harmsweep.enforce.sweeps import Sweep, moment
from harmsweep.errors import DataRefused, Held
from harmsweep.lake import delta
from harmsweep.lake.runs import Counts, Outcome, Read, Step, is_done, run_step
from harmsweep.ledger import Entry
from harmsweep.logs import log
from harmsweep.operations.switch import check_running
from harmsweep.tables.catalog import (
    ACTIONS,
    DECISIONS,
    ORDERS,
    POST_VISIBILITY,
    POSTS,
    SCORES,
    VERDICTS,
)

ENFORCE = Step(
    "enforce",
    reads=(
        *(Read(table) for table in (DECISIONS, POSTS, SCORES, ORDERS)),
        # A verdict on another day's post reaches the day's copies of it.
        Read(VERDICTS, before=WINDOW_DAYS, after=WINDOW_DAYS),
    ),
    writes=(ACTIONS, POST_VISIBILITY),
)


def enforce_day(
    lake: Path,
    day: date,
    *,
    policy: Path,
    model_version: str,
    certificates: Path | None = None,
    dry_run: bool = False,
    planned_at: datetime | None = None,
) -> Outcome:
    """Bring what holds for a day's posts to what its decisions want; a second run changes nothing.

    With `dry_run` it writes nothing and gives the counts of what it would do. `certificates` is the
    folder of the model's certificates; `planned_at` is when the sweep was planned, if it was.

    Raises:
        PolicyError: the policy is refused; nothing was touched.
        CertificateRefused: the pair's certificate is; nothing was touched.
        DataRefused: decide has not run since the scores, posts or certificate last changed, or
            another pair of versions acted on the day since the sweep was planned.
        Held: a cap or the bound of accounts would be passed, or a batch waits; all else was carried
            out.
        Stopped: the switch is off.
    """
    mandate = load_mandate(lake, policy, model_version, certificates)
    check_decided(lake, day, mandate)
    if dry_run:
        started = time.monotonic()
        counts = preview(lake, day, mandate)
        items = next(iter(counts.values()))
        return Outcome("enforce", day, items, time.monotonic() - started, counts=counts)

    def work() -> Counts:
        return sweep(lake, day, mandate, planned_at=planned_at)

    settle_beneath(lake)
    # As they stand, not the table's version: one that ended since is a change too.
    exempt = sorted(exemptions(lake, moment(now_micros())).items())
    facts = [mandate.inputs, mandate.first, mandate.last, exempt]
    versions = pair(*mandate.subject)
    return run_step(ENFORCE, lake, day, work, versions=versions, inputs=as_json(facts))


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
    lake: Path,
    day: date,
    mandate: Mandate,
    *,
    clock: Clock = now_micros,
    planned_at: datetime | None = None,
) -> Counts:
    """Carry out the differences within the caps, and finish what a killed sweep left open.

    Raises:
        DataRefused, Held, Stopped: see enforce_day.
    """
    gate = partial(check_running, lake)
    with writing(lake):
        ledger = books(lake, day, clock)
        _check_newest(ledger, mandate, planned_at)
        plan = sweep_of(day, "enforce", mandate, after=ledger.last_sweep, at=ledger.at)
        found = cases(ledger, plan)
        made = changes(found, plan, mandate.rules)
        over = breaches(lake, {day: made}, mandate.policy, plan.at)
        if over:
            sampled = {e.batch: bounds().sample(counted(made)[e.batch]) for e in over}
            made = changes(found, plan, mandate.rules, held=sampled)
        counts = _summary(lake, plan, made) | {"finished": ledger.open}
        carry_out(ledger, made, gate)
        excess = ""
        if mandate.policy.accounts:
            counts["accounts"], excess = settle_accounts(
                lake, plan, mandate.policy.accounts, clock=clock, gate=gate, rules=mandate.rules
            )
    if made:
        log("enforce", day=str(day)).info("swept", sweep_id=plan.sweep_id, counts=counts)
    held = waiting(lake, day)
    said = [_advice(day, over, [batch.line() for batch in held])] if held or over else []
    said += [f"{day}: {excess}"] if excess else []
    if said:
        raise Held(". ".join(said))
    return counts


def _check_newest(ledger: Books, mandate: Mandate, planned_at: datetime | None) -> None:
    """What was planned under older versions replaces nothing that newer ones did since."""
    if planned_at is None:
        return
    every = (entry for chain in ledger.chains.values() for entry in chain)
    newer = (e for e in every if e.model_version and e.recorded_at > planned_at)
    for entry in newer:
        if (entry.model_version, entry.policy_version) != mandate.subject:
            raise DataRefused(
                f"{ledger.day}: {entry.model_version} under {entry.policy_version} acted since the"
                f" plan of {planned_at:%Y-%m-%d %H:%M} UTC: plan again"
            )


def preview(lake: Path, day: date, mandate: Mandate) -> Counts:
    """What a sweep would do now, in counts; it writes nothing and takes no lock."""
    ledger = books(lake, day, now_micros)
    plan = sweep_of(day, "enforce", mandate, after=ledger.last_sweep, at=ledger.at)
    found = cases(ledger, plan)
    made = changes(found, plan, mandate.rules)
    over = breaches(lake, {day: made}, mandate.policy, plan.at)
    if over:
        made = changes(found, plan, mandate.rules, held={e.batch: 0.0 for e in over})
    return _summary(lake, plan, made) | {"finished": ledger.open}


def _summary(lake: Path, plan: Sweep, made: Iterable[Entry]) -> dict[str, int]:
    """The day's decisions, and effects by what is done: an action, `released`, `held`…"""
    done = Counter(map(_done, made))
    return {"decisions": _decided(lake, plan)} | dict(sorted(done.items()))


def _done(entry: Entry) -> str:
    if entry.entry != "intent":
        return entry.entry
    return "released" if entry.direction == "release" else entry.action


def _decided(lake: Path, plan: Sweep) -> int:
    versions: delta.Slice = {"day": plan.day, **pair(*plan.subject)}
    where = delta.predicate(versions)
    sql = f"""SELECT count(*) AS n FROM (SELECT * FROM decisions_v1 WHERE {where}) d
        JOIN (SELECT * FROM posts_v1 WHERE day = '{plan.day}' AND status = 'accepted') p
        ON d.post_id = p.post_id AND d.revision = p.revision"""
    return int(delta.query(lake, sql).to_pylist()[0]["n"])


def _advice(day: date, over: list[Excess], held: list[str]) -> str:
    passed = "; ".join(batch.line() for batch in over)
    return (
        f"{day}: {passed}{'. ' if passed else ''}Held until a person lets go or refuses:"
        f" {', '.join(held)}; all else was carried out. See `harmsweep hold --help`"
    )

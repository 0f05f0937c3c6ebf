"""Plans: what a sweep of some days would do, written down, approved, and carried out exactly."""

import json
import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

from harmsweep import lake as lakes
from harmsweep.days import every_day
from harmsweep.enforce.books import Books, Clock, as_row, books, carry_out, now_micros, writing
from harmsweep.enforce.bounds import bounds
from harmsweep.enforce.breaker.approvals import Asked, accepted_posts, check_approved, digest_of
from harmsweep.enforce.breaker.caps import counted, excesses, spent
from harmsweep.enforce.breaker.forecast import breaches
from harmsweep.enforce.cases import cases, changes, let_go_all
from harmsweep.enforce.rules import Mandate, load_mandate, sweep_of
from harmsweep.enforce.sweep import check_decided
from harmsweep.enforce.sweeps import EPOCH
from harmsweep.job import DataRefused
from harmsweep.ladders import Frozen
from harmsweep.ledger import Entry, holding
from harmsweep.operations import check_running, operations, record
from harmsweep.runs import Outcome
from harmsweep.tables import PLANS


class Plan(Frozen):
    """The head of a plan; its effects are the rows of `plans` with its id."""

    plan_id: str
    planner: str
    first: date
    last: date
    model_version: str
    policy_version: str
    policy: str
    certificates: str | None
    effects: int
    visible: int  # of them, those that caps count
    unchanged: int  # places where something holds and stays
    posts: int  # accepted, of the plan's days
    over: tuple[str, ...]  # which caps it would pass, in words
    approvers: int
    expires_at: datetime
    digest: str

    @property
    def days(self) -> list[date]:
        """Its days in order."""
        return every_day(self.first, self.last)

    @property
    def asked(self) -> Asked:
        """What its approvers approve."""
        return Asked(self.plan_id, self.planner, self.digest, self.approvers)

    def line(self) -> str:
        """What it would do and who must approve, in a line."""
        inside = "inside every bound: approved automatically"
        waits = f"waits for {self.approvers} approval{'s'[: self.approvers - 1]}"
        why = f"{'; '.join(self.over)}: {waits}" if self.approvers else inside
        counts = f"{self.effects} effects, {self.visible} visible, {self.unchanged} unchanged"
        return f"{self.plan_id}: {counts}; {why}"


def make_plan(
    lake: Path,
    days: Sequence[date],
    *,
    policy: Path,
    model_version: str,
    certificates: Path | None = None,
    clock: Clock = now_micros,
) -> Plan:
    """Write down what sweeps of the days would do now; the same state gives the same plan.

    Raises:
        PolicyError, CertificateRefused: nothing was written.
        DataRefused: a day's decisions are missing or older than what they rest on.
    """
    mandate = load_mandate(lake, policy, model_version, certificates)
    for day in days:
        check_decided(lake, day, mandate)
    found = {day: _planned(lake, day, mandate, clock) for day in days}
    by_day = {day: made for day, (made, _) in found.items()}
    planned = [entry for made in by_day.values() for entry in made]
    keys = [entry.effect_key for entry in planned]
    digest = digest_of([*mandate.subject, *map(str, days), *keys])
    plan_id = f"plan-{days[0]:%Y%m%d}-{digest[:12]}"
    rows = [as_row(entry) | {"plan_id": plan_id} for entry in planned]
    lakes.put_rows(rows, PLANS, lake, where={"plan_id": plan_id})
    posts, total = accepted_posts(lake, days[0], days[-1]), sum(counted(planned).values())
    over = tuple(e.line() for e in breaches(lake, by_day, mandate.policy, clock()))
    expires = _time(clock()) + timedelta(hours=bounds().plan_expires_hours)
    details = {
        "first": days[0],
        "last": days[-1],
        "model_version": model_version,
        "policy_version": mandate.policy.policy_version,
        "policy": str(policy.resolve()),
        "certificates": str(certificates.resolve()) if certificates else None,
        "effects": len(keys),
        "unchanged": sum(unchanged for _, unchanged in found.values()),
        "visible": total,
        "posts": posts,
        "over": over,
        "approvers": bounds().approvers(total, posts) if over else 0,
        "expires_at": expires.isoformat(),
        "digest": digest,
    }
    record(lake, "plan", plan_id, details=details)
    return find_plan(lake, plan_id)


def _planned(lake: Path, day: date, mandate: Mandate, clock: Clock) -> tuple[list[Entry], int]:
    """The effects that a sweep would have, and how many places would stay as they are."""
    ledger = books(lake, day, clock)
    plan = sweep_of(day, "apply", mandate, after=ledger.last_sweep, at=ledger.at)
    found = cases(ledger, plan)
    made = [e for e in changes(found, plan, mandate.rules) if e.entry == "intent"]
    held = {case.place for case in found if holding(case.chain)}
    return made, len(held - {entry.place for entry in made})


def _time(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


def find_plan(lake: Path, plan_id: str) -> Plan:
    """The plan of that id, as it was last made.

    Raises:
        DataRefused: there is none.
    """
    made = [o for o in operations(lake, plan_id) if o["act"] == "plan"]
    if not made:
        raise DataRefused(f"there is no plan {plan_id}")
    known = {"plan_id": plan_id, "planner": made[-1]["operator"]}
    return Plan.model_validate(known | json.loads(made[-1]["details"]))


def apply_plan(lake: Path, plan_id: str, *, clock: Clock = now_micros) -> Outcome:
    """Carry out exactly the effects of a plan, once; applying it again does nothing.

    Raises:
        DataRefused: there is no such plan, it expired, has too few approvals, its policy changed,
            or a subject's decision, revision or state did. Then nothing was done.
        Stopped: the switch is off.
    """
    started, plan = time.monotonic(), find_plan(lake, plan_id)
    folder = Path(plan.certificates) if plan.certificates else None
    mandate = load_mandate(lake, Path(plan.policy), plan.model_version, folder)
    if mandate.policy.policy_version != plan.policy_version:
        raise DataRefused(f"{plan_id}: the policy is {mandate.policy.policy_version} by now")
    if _time(clock()) > plan.expires_at:
        raise DataRefused(f"{plan_id} expired at {plan.expires_at:%Y-%m-%d %H:%M} UTC: plan again")
    with writing(lake):
        check_approved(lake, plan.asked)
        ledgers = {day: books(lake, day, clock) for day in plan.days}
        made, stale = dict[date, list[Entry]](), list[Entry]()
        for day, ledger in ledgers.items():
            made[day], gone = _let_go(ledger, plan, mandate)
            stale += gone
        if stale:
            some = ", ".join(sorted({entry.subject_id for entry in stale})[:5])
            raise DataRefused(
                f"{plan_id}: {len(stale)} of {plan.effects} subjects changed since, such as {some}:"
                " nothing was done; plan again"
            )
        _check_caps(lake, plan, mandate, [e for day in made.values() for e in day], at=clock())
        for day, ledger in ledgers.items():
            carry_out(ledger, made[day], partial(check_running, lake))
    effects = sum(map(len, made.values()))
    counts = {"effects": effects, "done_before": plan.effects - effects}
    record(lake, "apply", plan_id, details=counts)
    return Outcome("apply", plan.first, effects, time.monotonic() - started, counts=counts)


def _let_go(ledger: Books, plan: Plan, mandate: Mandate) -> tuple[list[Entry], list[Entry]]:
    """A day's part of the plan as it would be booked now, and what of it no longer fits."""
    sweep = sweep_of(ledger.day, "apply", mandate, after=ledger.last_sweep, at=ledger.at)
    where = lakes.plain_predicate({"plan_id": plan.plan_id, "day": ledger.day})
    rows = lakes.query(ledger.lake, f"SELECT * FROM plans_v1 WHERE {where}").to_pylist()
    planned = [Entry(**{n: v for n, v in row.items() if n != "plan_id"}) for row in rows]
    return let_go_all(cases(ledger, sweep), planned, sweep, mandate.rules)


def _check_caps(
    lake: Path, plan: Plan, mandate: Mandate, made: Sequence[Entry], *, at: int
) -> None:
    """What nobody approved must be within the caps of this hour too."""
    if plan.approvers:
        return
    over = excesses(counted(made), spent(lake, at), mandate.policy)
    if over:
        lines = "; ".join(e.line() for e in over)
        raise DataRefused(f"{plan.plan_id}: by now {lines}: nothing was done; plan again")

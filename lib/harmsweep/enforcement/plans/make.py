"""Writing a plan down."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import chain, product
from pathlib import Path
from typing import Any

from harmsweep.digests import DIGITS
from harmsweep.enforcement.circuit_breaker.approvals import accepted_posts
from harmsweep.enforcement.circuit_breaker.automatic_approval import why_not_approved
from harmsweep.enforcement.circuit_breaker.caps import visible_counts
from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.plans.plan import STAYS, Plan, find_plan, plan_digest
from harmsweep.enforcement.plans.planned_day import plan_day
from harmsweep.enforcement.rules.effects import from_micros
from harmsweep.enforcement.rules.ledger import Entry
from harmsweep.enforcement.state.day_ledger import Clock, as_row, now_micros
from harmsweep.enforcement.state.decisions import check_decided
from harmsweep.enforcement.state.policy_binding import PolicyBinding, load_policy_binding
from harmsweep.lake import delta, writes
from harmsweep.model.reference import ModelRef
from harmsweep.operations.audit import record
from harmsweep.policy.file import Policy
from harmsweep.tables.catalog import (
    ACTIONS,
    DECISIONS,
    EXEMPTIONS,
    ORDERS,
    PLANS,
    POSTS,
    SCORES,
    VERDICTS,
)

# What a plan rests on, whose versions it names.
READ = (POSTS, SCORES, DECISIONS, ACTIONS, VERDICTS, ORDERS, EXEMPTIONS)


def make_plan(
    lake: Path,
    days: Sequence[date],
    *,
    policy: Policy,
    model: ModelRef,
    against: PolicyBinding | None = None,
    by: str = "",
    clock: Clock = now_micros,
) -> Plan:
    """Write down what sweeps of the days would do now; the same state gives the same plan.

    With `against` it is what they would do after a sweep under that binding, and is for reading.
    `by` is who asked a scheduler for it: no approver of it.

    Raises:
        PolicyError, CertificateRefused: nothing was written.
        DataRefused: a day's decisions are missing or older than what they rest on.
    """
    other = "/".join(against.subject) if against else None
    binding = load_policy_binding(lake, policy, model.model_version, model.certificates)
    for day, decided in product(days, filter(None, (binding, against))):
        check_decided(lake, day, decided)
    parts = {day: plan_day(lake, day, binding, against, clock=clock) for day in days}
    by_day = {day: part.new_entries for day, part in parts.items()}
    planned = [*chain(*by_day.values())]
    stays = [replace(entry, entry=STAYS) for part in parts.values() for entry in part.stays]
    digest = plan_digest(binding.subject, other, days, planned)
    plan_id = f"plan-{days[0]:%Y%m%d}-{digest[:DIGITS]}"
    _write(lake, plan_id, [*planned, *stays])
    over = () if against else why_not_approved(lake, by_day, binding.policy, clock())
    details = _pair(policy, model) | {
        "unchanged": len(stays),
        **{"expires_at": _expiry(clock).isoformat(), "digest": digest},
        "base": sorted({part.base for part in parts.values()} - {""}),
        **{"against": other, "by": by},
        "tables": {table.name: delta.version(table, lake) for table in READ},
    }
    record(lake, "plan", plan_id, details=_numbers(lake, by_day, over) | details)
    return find_plan(lake, plan_id)


def _pair(policy: Policy, model: ModelRef) -> dict[str, Any]:
    """What the plan's sweeps would act under, and where its files are."""
    return {
        "model_version": model.model_version,
        "policy_version": policy.policy_version,
        "policy": str(policy.path.resolve()),
        "certificates": str(model.certificates.resolve()),
        "established": policy.approvals == "established",
    }


def _write(lake: Path, plan_id: str, entries: Sequence[Entry]) -> None:
    rows = [as_row(entry) | {"plan_id": plan_id} for entry in entries]
    writes.write_rows(rows, PLANS, lake, where={"plan_id": plan_id})


def _numbers(
    lake: Path, by_day: Mapping[date, Sequence[Entry]], over: Sequence[str]
) -> dict[str, Any]:
    """What the plan comes to, and who must approve that."""
    days = [*by_day]
    planned = [entry for entries in by_day.values() for entry in entries]
    return {
        "first": days[0],
        "last": days[-1],
        "effects": len(planned),
        "visible": sum(visible_counts(planned).values()),
        "posts": accepted_posts(lake, days[0], days[-1]),
        "over": over,
        "approvers": _approvers(lake, by_day) if over else 0,
    }


def _expiry(clock: Clock) -> datetime:
    return from_micros(clock()) + timedelta(hours=load_bounds().plan_expires_hours)


def _approvers(lake: Path, by_day: Mapping[date, Sequence[Entry]]) -> int:
    """How many must approve, by the day with the greatest share: quiet days beside it hide none."""
    return max(
        load_bounds().approvers(
            sum(visible_counts(new_entries).values()), accepted_posts(lake, day, day)
        )
        for day, new_entries in by_day.items()
    )

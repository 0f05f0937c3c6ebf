"""Held batches of a lake: which wait, and resuming or refusing one."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from harmsweep.enforcement.circuit_breaker.approvals import (
    ApprovalRequest,
    accepted_posts,
    check_approved,
    digest_of,
)
from harmsweep.enforcement.circuit_breaker.caps import visible_counts
from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.rules.effects import Batch, Sweep
from harmsweep.enforcement.rules.held import HeldBatch, is_resolved, refused
from harmsweep.enforcement.rules.ledger import Entry
from harmsweep.enforcement.state.day_ledger import (
    Clock,
    DayLedger,
    Gate,
    append,
    by_a_person,
    commit,
    ledger_locks,
    now_micros,
    read_day_ledger,
)
from harmsweep.enforcement.state.day_state import read_day_state
from harmsweep.enforcement.state.policy_binding import PolicyBinding, sweep_of
from harmsweep.enforcement.state.scope_states import resume_all_held, scope_states
from harmsweep.errors import DataRefused
from harmsweep.lake import delta
from harmsweep.lake.runs import Outcome
from harmsweep.names import did_you_mean
from harmsweep.operations.actor import operator
from harmsweep.operations.audit import asked_by, operations, record
from harmsweep.operations.switch import check_running
from harmsweep.policy.archive import kept_policy

# The entries of a batch: see `HeldBatch.has`.
_HELD = "entry = 'held'"
_SAMPLED = "entry = 'intent' AND cause_kind = 'sample'"


@dataclass(frozen=True)
class Waiting:
    """A held batch that nobody resumed or refused yet."""

    day: date
    batch: HeldBatch
    effects: int
    model_version: str
    policy_version: str
    planners: tuple[str, ...]

    def line(self) -> str:
        """Its name, and how many effects wait."""
        return f"{self.batch.name} ({self.effects})"


def waiting(lake: Path, day: date | None = None) -> list[Waiting]:
    """The held batches of a day, or of all days, the oldest first.

    Their effects are what resuming them may do: with the sample, as far as nothing came after it.
    """
    of_day = f"AND {delta.datafusion_where({'day': day})}" if day else ""
    columns = "h.day, h.sweep_id, h.harm, h.direction, h.model_version, h.policy_version"
    sql = f"""SELECT day, sweep_id, harm, direction, model_version, policy_version,
            array_agg(DISTINCT operator) AS planners, count(*) AS n
        FROM (SELECT {columns}, h.operator, h.entry
            FROM actions_v1 h WHERE {_HELD} {of_day} AND NOT EXISTS (
                SELECT 1 FROM actions_v1 d WHERE d.day = h.day AND d.effect_key = h.effect_key
                AND d.entry IN ('intent', 'discarded'))
            UNION ALL SELECT {columns}, h.operator, h.entry
            FROM actions_v1 h WHERE {_SAMPLED} {of_day} AND NOT EXISTS (
                SELECT 1 FROM actions_v1 d WHERE d.day = h.day AND d.previous_key = h.effect_key
                AND d.entry = 'intent')) w
        GROUP BY day, sweep_id, harm, direction, model_version, policy_version
        HAVING sum(CASE WHEN entry = 'held' THEN 1 ELSE 0 END) > 0
        ORDER BY day, sweep_id, harm, direction"""
    asked = asked_by(lake)
    return [
        Waiting(
            row["day"],
            HeldBatch(row["sweep_id"], row["harm"], row["direction"]),
            row["n"],
            row["model_version"],
            row["policy_version"],
            tuple(sorted({*row["planners"], *asked[row["sweep_id"]]})),
        )
        for row in delta.query(lake, sql, days=[day] if day else None).to_pylist()
    ]


def held_effects(batch: HeldBatch) -> str:
    """The effects of a batch that wait, as a query over the ledger."""
    of_batch = {"sweep_id": batch.sweep_id, "harm": batch.harm, "direction": batch.direction}
    where = delta.datafusion_where({"day": batch.day, **of_batch})
    return f"""SELECT * FROM actions_v1 h WHERE {where} AND {_HELD} AND NOT EXISTS (
        SELECT 1 FROM actions_v1 d WHERE d.day = h.day AND d.effect_key = h.effect_key
        AND d.entry IN ('intent', 'discarded'))"""


def already_held(lake: Path, day: date, new_entries: Sequence[Entry]) -> dict[Batch, int]:
    """How many effects are of a batch of the day of which a part waits, under the same pair.

    A part of a broken model's output is as broken as the rest, and so is what it makes later.
    """
    waits = {
        (w.model_version, w.policy_version, w.batch.harm, w.batch.direction)
        for w in waiting(lake, day)
    }
    return visible_counts(
        e for e in new_entries if (e.model_version, e.policy_version, e.harm, e.direction) in waits
    )


def find(lake: Path, name: str) -> Waiting:
    """The batch of that name.

    Raises:
        DataRefused: it is no name, or no such batch waits.
    """
    batch = HeldBatch.parse(name)
    matches = [w for w in waiting(lake, batch.day) if w.batch == batch]
    if not matches:
        nearest = did_you_mean(name, (w.batch.name for w in waiting(lake)))
        raise DataRefused(
            f"{name}: no such batch waits; `harmsweep hold list` shows those that do{nearest}"
        )
    return matches[0]


def approval_request(lake: Path, batch: Waiting) -> ApprovalRequest:
    """What approvers of the batch approve: exactly its effects, with the sample.

    What a reviewer freed of the sample makes them no others: a batch that grew needs new approvals.
    """
    where = delta.datafusion_where(
        {"day": batch.day, "sweep_id": batch.batch.sweep_id, "harm": batch.batch.harm}
    )
    sql = f"""SELECT effect_key FROM actions_v1
        WHERE {where} AND direction = '{batch.batch.direction}'
        AND ({_HELD} OR {_SAMPLED})"""
    keys = delta.query(lake, sql, days=[batch.day]).column("effect_key").to_pylist()
    bounds, policy = load_bounds(), kept_policy(lake, batch.policy_version)
    return ApprovalRequest(
        batch.batch.name,
        batch.planners,
        digest_of(keys),
        bounds.approvers(batch.effects, accepted_posts(lake, batch.day, batch.day)),
        "established" in (bounds.approvals, policy and policy.approvals),
    )


def resume(
    lake: Path,
    name: str,
    binding: PolicyBinding,
    *,
    reason: str = "",
    dry_run: bool = False,
    clock: Clock = now_micros,
) -> Outcome:
    """Let a held batch take effect; what changed since it was held is refused, and counted as left.

    With `dry_run` it only says what that would come to, or why it would be refused. Of a batch that
    was let go before, it finishes what is open.

    Raises:
        DataRefused: no such batch waits, or it is another pair's.
        Held: it has too few approvals.
        Stopped: the switch is off.
    """
    started, gate = time.monotonic(), partial(check_running, lake)
    batch = _find_unless(lake, name, "resume")
    if batch is None:
        return _finished(lake, name, "resume", gate, dry_run=dry_run, clock=clock)
    if binding.subject != (batch.model_version, batch.policy_version):
        raise DataRefused(f"{name} is of {batch.model_version} under {batch.policy_version}")
    counts = _let_go(lake, batch, binding, gate, reason, dry_run=dry_run, clock=clock)
    seconds = time.monotonic() - started
    effects = counts["effects"]
    return Outcome("resume", batch.day, effects, seconds, counts=counts, dry_run=dry_run)


def _let_go(
    lake: Path,
    batch: Waiting,
    binding: PolicyBinding,
    gate: Gate,
    reason: str,
    *,
    dry_run: bool,
    clock: Clock,
) -> dict[str, int]:
    """Book the batch's effects, and refuse those that no longer fit; give how many of each."""
    with ledger_locks(lake):
        check_approved(lake, approval_request(lake, batch))
        ledger = read_day_ledger(lake, batch.day, clock)
        plan = sweep_of(batch.day, "resume", binding, after=ledger.last_sweep, at=ledger.at)
        waits = _waiting_entries(ledger, batch.batch)
        states = scope_states(read_day_state(ledger, plan.subject), plan)
        new_entries, stale = resume_all_held(states, waits, plan, binding.guardrails)
        left = [refused(entry, sweep=plan) for entry in stale if entry.entry == "held"]
        counts = {"effects": len(new_entries), "left": len(stale)}
        if not dry_run:
            gate()
            # First: once booked the batch waits no more, and no repeat could add the audit.
            details = counts | {"sweep_id": plan.sweep_id}
            record(lake, "resume", batch.batch.name, reason=reason, details=details)
            commit(ledger, [*new_entries, *left], gate)
    return counts


def discard(lake: Path, name: str, *, reason: str, clock: Clock = now_micros) -> Outcome:
    """Refuse a held batch: none of its effects happens while its decisions stay as they are.

    One that was refused before stays so.

    Raises:
        DataRefused: no such batch waits.
    """
    started, batch = time.monotonic(), _find_unless(lake, name, "discard")
    if batch is None:
        return _finished(lake, name, "discard", by_a_person, clock=clock)
    day, subject = batch.day, (batch.model_version, batch.policy_version)
    with ledger_locks(lake):
        ledger = read_day_ledger(lake, day, clock)
        plan = Sweep(day, "discard", subject, ledger.last_sweep, ledger.at, operator())
        held = [entry for entry in _waiting_entries(ledger, batch.batch) if entry.entry == "held"]
        counts = {"effects": len(held)}
        record(lake, "discard", name, reason=reason, details=counts)  # first, as in resume
        append(lake, [refused(entry, sweep=plan) for entry in held])
    return Outcome("discard", day, len(held), time.monotonic() - started, counts=counts)


def _find_unless(lake: Path, name: str, act: str) -> Waiting | None:
    """The batch of that name, as `find` has it; None of one that this act, its last, ended."""
    try:
        return find(lake, name)
    except DataRefused:
        acts = [o["act"] for o in operations(lake, name) if o["act"] in ("resume", "discard")]
        if acts[-1:] == [act]:
            return None
        raise


def _finished(
    lake: Path, name: str, act: str, gate: Gate, *, dry_run: bool = False, clock: Clock
) -> Outcome:
    """Finish what a kill left open of the batch's day: its effects were booked before."""
    started, day = time.monotonic(), HeldBatch.parse(name).day
    with ledger_locks(lake):
        ledger = read_day_ledger(lake, day, clock)
        if not dry_run:
            commit(ledger, [], gate)
    counts = {"effects": 0, "finished": ledger.open}
    seconds = time.monotonic() - started
    return Outcome(act, day, 0, seconds, counts=counts, dry_run=dry_run)


def _waiting_entries(ledger: DayLedger, batch: HeldBatch) -> list[Entry]:
    """The batch's entries that wait, and its sample."""
    return [
        entry
        for history in ledger.histories.values()
        for entry in history
        if batch.has(entry) and not is_resolved(entry, history)
    ]

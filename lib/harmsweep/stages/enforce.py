"""Enforce: what holds for the posts of a day is brought to what was decided."""

import time
from collections.abc import Collection
from datetime import date, datetime
from pathlib import Path

from harmsweep.digests import as_json
from harmsweep.enforcement.rules.effects import from_micros
from harmsweep.enforcement.state.day_ledger import now_micros
from harmsweep.enforcement.state.day_state import exemptions, without_reason
from harmsweep.enforcement.state.decisions import check_decided, version_pair
from harmsweep.enforcement.state.policy_binding import PolicyBinding, load_policy_binding
from harmsweep.enforcement.sweep import preview, sweep
from harmsweep.lake.flow import ENFORCE
from harmsweep.lake.late_posts import close_late, late_posts
from harmsweep.lake.runs import Counts, Outcome, run_stage
from harmsweep.model.reference import ModelRef
from harmsweep.policy.file import Policy
from harmsweep.review.orders import restore_after_expired_orders


def enforce_day(
    lake: Path,
    day: date,
    *,
    policy: Policy,
    model: ModelRef,
    dry_run: bool = False,
    planned_at: datetime | None = None,
    late_only: bool = False,
    by: str = "",
) -> Outcome:
    """Bring what holds for a day's posts to what its decisions want; a second run changes nothing.

    With `dry_run` it writes nothing and gives the counts of what it would do. `planned_at` is when
    it was planned, `by` who asked a scheduler for it, if so. With `late_only` it takes the day's
    late posts alone: what an earlier policy did with the others stands.

    Raises:
        PolicyError: the policy is a demonstration's and the lake is not; nothing was touched.
        CertificateRefused: the pair's certificate is refused; nothing was touched.
        DataRefused: decide has not run since the scores, posts or certificate last changed, or
            another pair of versions acted on the day since the sweep was planned.
        Held: a cap or the bound of accounts would be passed, or a batch waits; all else was done.
        Stopped: the switch is off.
    """
    binding = load_policy_binding(lake, policy, model.model_version, model.certificates)
    check_decided(lake, day, binding)
    late = late_posts(lake, day)
    only = late if late_only else None
    if dry_run:
        return _dry_run(lake, day, binding, only)

    def work() -> Counts:
        return sweep(lake, day, binding, planned_at=planned_at, only=only, by=by)

    restore_after_expired_orders(lake)
    versions, inputs = version_pair(*binding.subject), _inputs(lake, day, binding, only)
    outcome = run_stage(ENFORCE, lake, day, work, versions=versions, inputs=inputs)
    close_late(lake, day, late)
    return outcome


def _inputs(lake: Path, day: date, binding: PolicyBinding, only: Collection[str] | None) -> str:
    # As they stand, not the table's version: one that ended since is a change too.
    exempt = sorted(exemptions(lake, from_micros(now_micros())).items())
    # Another explanation is a change only where it tells of no reason.
    bare = sorted(without_reason(lake, day))
    facts = [binding.inputs, binding.first, binding.last, exempt, bare, sorted(only or [])]
    return as_json(facts)


def _dry_run(
    lake: Path, day: date, binding: PolicyBinding, only: Collection[str] | None
) -> Outcome:
    started = time.monotonic()
    counts = preview(lake, day, binding, only=only)
    items = next(iter(counts.values()))
    seconds = time.monotonic() - started
    return Outcome("enforce", day, items, seconds, counts=counts, dry_run=True)

"""Caps: how many effects of a harm may happen in 24 hours, all sweeps and days together."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.rules.effects import Batch
from harmsweep.enforcement.rules.ledger import AUTOMATIC, Entry, is_automatic, is_counted
from harmsweep.lake import delta, table_log
from harmsweep.policy.file import Policy
from harmsweep.tables.catalog import ACTIONS

WINDOW_MICROS = 24 * 3600 * 1_000_000


@dataclass(frozen=True)
class CapBreach:
    """A batch that a sweep may not carry out by itself: why, and by what numbers."""

    harm: str
    direction: str
    planned: int
    used: int
    limit: int
    # Or forecast (effects), views, waits (a part of it is held), share, or all harms (of the day).
    kind: str = "cap"

    @property
    def batch(self) -> Batch:
        """Which batch it is."""
        return self.harm, self.direction

    def line(self) -> str:
        """What is held, and why, in a few words."""
        if self.kind == "waits":
            return (
                f"{self.harm}: {self.planned} to {self.direction}"
                " wait with what was held of the day before"
            )
        if self.kind in ("share", "all harms"):
            whose = "a harm" if self.kind == "share" else "all harms together"
            of_all = "" if self.kind == "share" else " with all other harms"
            return (
                f"{self.harm}: {self.planned} to {self.direction}{of_all} and {self.used} in the"
                f" last 24 hours are more than the {self.limit} of a day's posts that {whose} may"
                " have"
            )
        if self.kind != "cap":
            what = f"{self.planned} to" if self.kind == "forecast" else f"{self.planned} views to"
            had = f" and {self.used} before" if self.used else ""
            return (
                f"{self.harm}: {what} {self.direction}{had} are more than the {self.limit}"
                " that the same weekday of past weeks makes likely"
            )
        return (
            f"{self.harm}: {self.planned} to {self.direction} and {self.used} in the last 24 hours"
            f" pass the cap of {self.limit}"
        )


def used_in_24h(lake: Path, now: int, day: date | None = None) -> dict[Batch, int]:
    """The effects that sweeps began in the 24 hours before `now`, in microseconds since 1970.

    Of all days together, or of one day's posts. Files with older entries are skipped by their
    statistics. What a person undid or put back is not counted: an undo must never wait for a cap.
    """
    since = datetime.fromtimestamp((now - WINDOW_MICROS) / 1e6, UTC)
    days = [day] if day else table_log.days_since(ACTIONS, lake, "recorded_at", since)
    recent = f"""SELECT harm, direction, action, previous_action, count(*) AS n
        FROM actions_v1 WHERE recorded_at > TIMESTAMP '{since.isoformat()}' AND entry = 'intent'
        AND cause_kind IN {AUTOMATIC} AND {delta.datafusion_where({"day": days})}
        GROUP BY harm, direction, action, previous_action"""
    totals: Counter[Batch] = Counter()
    for row in delta.query(lake, recent, days=days).to_pylist():
        if is_counted(row["direction"], row["action"], row["previous_action"]):
            totals[row["harm"], row["direction"]] += row["n"]
    return dict(totals)


def is_capped(entry: Entry) -> bool:
    """Whether caps count an entry: an effect that others can see and that no person asked for."""
    return entry.entry == "intent" and entry.is_counted and is_automatic(entry.cause_kind)


def visible_counts(new_entries: Iterable[Entry]) -> dict[Batch, int]:
    """How many effects of each batch caps count."""
    return dict(Counter((e.harm or "", e.direction) for e in filter(is_capped, new_entries)))


def cap_of(policy: Policy, batch: Batch) -> int:
    """How many effects of a batch may happen in 24 hours: the policy's cap, or conf's if lower.

    Whoever sweeps may bring a policy of their own; nobody brings conf.
    """
    _, direction = batch
    most = load_bounds().cap_at_most
    return min(policy.cap(*batch), most.apply if direction == "apply" else most.release)


def cap_breaches(
    planned: Mapping[Batch, int], before: Mapping[Batch, int], policy: Policy
) -> list[CapBreach]:
    """The batches that would pass their cap, in order."""
    breaches = []
    for batch, n in sorted(planned.items()):
        cap = cap_of(policy, batch)
        if n + before.get(batch, 0) > cap:
            breaches.append(CapBreach(*batch, n, before.get(batch, 0), cap))
    return breaches

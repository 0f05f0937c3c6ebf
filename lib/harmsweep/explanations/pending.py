"""Which effects are to be explained, and how each of them came about."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from harmsweep.enforcement.rules.effects import Sweep
from harmsweep.enforcement.rules.ledger import POLICY, Entry, is_automatic
from harmsweep.enforcement.state.day_ledger import entries
from harmsweep.explanations.statement import Source
from harmsweep.lake import delta
from harmsweep.policy.actions import VISIBLE
from harmsweep.tables.catalog import EXPLANATIONS, ORDERS, POST_VISIBILITY

# Who asked for a look at a post, by the kind of order; the first that was there counts.
_NOTICES: dict[str, Source] = {
    "flag": "SOURCE_TRUSTED_FLAGGER",
    "referral": "SOURCE_TYPE_OTHER_NOTIFICATION",
}


@dataclass(frozen=True)
class Due:
    """An effect that is to be explained."""

    entry: Entry
    cause: str  # as conf's wordings have it
    was_found: bool = False  # whether a model pointed at the post before
    source: Source = "SOURCE_VOLUNTARY"


def due(lake: Path, day: date, model_version: str) -> Iterator[Due]:
    """A day's effects that hold, that others can see and that were not explained, by their keys.

    Of those that a score led to only the model's own: the others are for runs of theirs. An account
    that is free again is not told that it is suspended; a post's effect is told of once it was.
    """
    shown = delta.rows(POST_VISIBILITY, lake, day=day).to_pylist()
    holds = {row["effect_key"] for row in shown if row["action"] in VISIBLE and _is_told(row)}
    known = set(delta.rows(EXPLANATIONS, lake, day=day).column("effect_key").to_pylist())
    intents = [entry for entry in entries(lake, day) if entry.entry == "intent"]
    orders = delta.rows(ORDERS, lake, day=day).to_pylist()
    sweeps, approved = {entry.sweep_id for entry in intents}, _approved(lake, day)
    for entry in sorted(intents, key=lambda e: e.effect_key):
        of_model = entry.score is None or entry.model_version == model_version
        if entry.effect_key in holds - known and of_model:
            facts = (
                cause_of(entry, sweeps, approved),
                _was_found(entry, intents),
                _source(entry, orders),
            )
            yield Due(entry, *facts)


def _is_told(row: Mapping[str, Any]) -> bool:
    has_expired = row["expires_at"] is not None and row["expires_at"] <= datetime.now(UTC)
    return row["subject_kind"] == "post" or not has_expired


def _approved(lake: Path, day: date) -> set[str]:
    """The effects of plans that people approved: those inside every bound needed nobody."""
    sql = f"""SELECT DISTINCT p.effect_key FROM plans_v1 p JOIN operations_v1 o
        ON o.object = p.plan_id AND o.act = 'approve' WHERE p.day = '{day}'"""
    return set(delta.query(lake, sql).column("effect_key").to_pylist())


def cause_of(entry: Entry, sweeps: Collection[str], approved: Collection[str]) -> str:
    """How an effect came about.

    `sweeps` are the ids of those that wrote its day's ledger, `approved` the effects of plans that
    people approved.
    """
    by_plan = entry.effect_key in approved and _is_of("apply", entry, sweeps)
    let_go = is_automatic(entry.cause_kind) and (by_plan or _is_of("resume", entry, sweeps))
    return "let_go" if let_go else entry.cause_kind


def _is_of(kind: str, entry: Entry, sweeps: Collection[str]) -> bool:
    """Whether a sweep of a kind had the effect: its kind is part of what its id is made from."""
    pair = (entry.model_version or "", entry.policy_version or "")
    candidates = (Sweep(entry.day, kind, pair, after, 0, "") for after in {"", *sweeps})
    return any(sweep.sweep_id == entry.sweep_id for sweep in candidates)


def _was_found(entry: Entry, intents: Sequence[Entry]) -> bool:
    """Whether policy's sweeps put a post before the reviewer who judged it, or acted on it."""
    return entry.cause_kind == "verdict" and any(
        e.lane == POLICY and e.subject_id == entry.subject_id and e.recorded_at < entry.recorded_at
        for e in intents
    )


def _source(entry: Entry, orders: Sequence[dict[str, Any]]) -> Source:
    """Who pointed at a post that a reviewer then judged; nobody, where no flag came before."""
    before = {
        row["kind"]
        for row in orders
        if row["post_id"] == entry.subject_id and row["at"] < entry.recorded_at
    }
    sources = [source for kind, source in _NOTICES.items() if kind in before]
    return sources[0] if sources and entry.cause_kind == "verdict" else "SOURCE_VOLUNTARY"

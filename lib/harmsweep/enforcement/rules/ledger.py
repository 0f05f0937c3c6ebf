"""The ledger of actions: what an entry says, and the state that follows from a scope's entries.

Every effect is an `intent` and, once the platform can see it, an `outcome` with the same key. A
`held` entry is an effect that waits for a person; it changes no state. The entries of one scope, a
subject on a surface in a jurisdiction, form a history by `previous_key`. `state_key` names the
effect whose state holds after an entry: its own, but for an undo or a reapply, which restore
another's.

Lanes are apart: what policy's sweeps do, what reviewers decided and what authorities ordered each
have their own history at a scope, and none lifts what another put there. The platform acts on all.

All here is plain Python over one scope's entries: the sweep, the command for people and a simulator
in one process run the same code.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from harmsweep.policy.actions import SEVERITY, VISIBLE

# What caused the effects that caps count: no person asked for just these.
AUTOMATIC = ("decision", "withdrawn", "copy")
# What caused the effects that a person asked for by name: the switch stops none of these.
BY_PEOPLE = ("verdict", "order", "lifted", "undo", "reapply")
# Of post_visibility: a row whose time is over has no effect, even if nobody ran a sweep.
IN_FORCE = "coalesce(expires_at > now(), true)"
# Who put an effect in force: sweeps under a policy, reviewers, or orders of authorities.
POLICY, REVIEW, ORDER = LANES = ("policy", "review", "order")
# Accounts have no day of their own: their entries are in a partition that no post has.
ACCOUNTS_DAY = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an action holds: a subject on a surface in a jurisdiction; and in which lane."""

    subject_kind: str
    subject_id: str
    surface: str
    jurisdiction: str
    lane: str = POLICY

    def meets(self, other: "Scope") -> bool:
        """Whether some reader is at both places: `all` covers each surface and each country."""
        surfaces = {self.surface, other.surface} - {"all"}
        countries = {self.jurisdiction, other.jurisdiction} - {"all"}
        return len(surfaces) < 2 and len(countries) < 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of actions; the table's comments say what each column is."""

    day: date
    effect_key: str
    entry: str
    recorded_at: datetime
    sweep_id: str
    subject_kind: str
    subject_id: str
    revision: int
    action: str
    previous_action: str
    direction: str
    surface: str
    jurisdiction: str
    cause_kind: str
    cause_id: str
    previous_key: str | None
    state_key: str
    harm: str | None
    score: float | None = None
    threshold: float | None = None
    model_version: str | None = None
    policy_version: str | None = None
    operator: str
    expires_at: datetime | None = None
    lane: str = POLICY
    source_id: str | None = None
    evidence: str | None = None

    @property
    def scope(self) -> Scope:
        """Where it holds."""
        return Scope(self.subject_kind, self.subject_id, self.surface, self.jurisdiction, self.lane)

    def has_expired(self, at: datetime) -> bool:
        """Whether its action has expired: the platform acts on it no longer."""
        return self.expires_at is not None and self.expires_at <= at

    @property
    def is_counted(self) -> bool:
        """Whether caps count it: it puts, changes or lifts an action that others can see."""
        return is_counted(self.direction, self.action, self.previous_action)


def is_counted(direction: str, action: str, previous_action: str) -> bool:
    """Whether caps count an effect: it puts, changes or lifts an action that others can see."""
    return (action if direction == "apply" else previous_action) in VISIBLE


def is_automatic(cause_kind: str) -> bool:
    """Whether a sweep caused an effect, and no person asked for it."""
    return cause_kind in AUTOMATIC


def direction(action: str, previous_action: str) -> str:
    """`apply` where the action is as severe as the previous one or more, else `release`."""
    return "release" if SEVERITY[action] < SEVERITY[previous_action] else "apply"


def effect_key(scope: Scope, revision: int, action: str, cause_id: str) -> str:
    """SHA-256 of the effect's identity and cause, as a JSON array so that no two texts collide."""
    parts = [scope.subject_kind, scope.subject_id, str(revision), action]
    parts += [scope.surface, scope.jurisdiction, scope.lane, cause_id]
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def latest(history: Sequence[Entry]) -> Entry | None:
    """The last effect of a scope; sweeps write ever later times, and one effect per scope."""
    intents = [entry for entry in history if entry.entry == "intent"]
    return max(intents, key=lambda e: (e.recorded_at, e.effect_key), default=None)


def holding(history: Sequence[Entry]) -> Entry | None:
    """The effect whose action holds at a scope now; None where nothing does."""
    last = latest(history)
    if last is None:
        return None
    states = [e for e in history if e.entry == "intent" and e.effect_key == last.state_key]
    return states[0] if states and states[0].action != "none" else None


def open_intents(history: Sequence[Entry]) -> list[Entry]:
    """A scope's intents that have no outcome yet."""
    done = {entry.effect_key for entry in history if entry.entry == "outcome"}
    return [e for e in history if e.entry == "intent" and e.effect_key not in done]

"""A sweep, and its effects as entries of the ledger."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NotRequired, TypedDict, Unpack

from harmsweep.digests import NAMED, as_json, name_of
from harmsweep.enforcement.rules.ledger import ACCOUNTS_DAY, Entry, Scope, direction, effect_key
from harmsweep.errors import DataRefused

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Sweeps whose subject is a model version and a policy version.
VERSIONED_KINDS = ("enforce", "apply", "resume")
Batch = tuple[str, str]  # harm and direction


def from_micros(micros: int) -> datetime:
    """The time of so many microseconds since 1970, UTC."""
    return EPOCH + timedelta(microseconds=micros)


def day_of(sweep_id: str) -> date:
    """The day whose ledger a sweep wrote.

    Raises:
        DataRefused: the text is no sweep's id; most texts of eight digits are no day.
    """
    try:
        if not re.fullmatch(rf"\d{{8}}-{NAMED}", sweep_id):
            raise ValueError
        return date.fromisoformat(sweep_id[:8])
    except ValueError:
        why = f"{sweep_id!r} is no sweep's id, such as 20261001-0123456789ab"
        raise DataRefused(why) from None


@dataclass(frozen=True)
class Sweep:
    """One sweep of a day: its id follows from what it does and from the sweep before it."""

    day: date
    kind: str  # enforce, undo, redo, verdict, appeal, order…
    subject: tuple[str, ...]  # model and policy version, or the sweep to undo
    after: str  # id of the day's sweep before it; empty for the first
    at: int  # microseconds since 1970, UTC
    operator: str

    @property
    def sweep_id(self) -> str:
        """The day and a digest: the same again after a crash, another for a repeat."""
        facts = [self.day.isoformat(), self.kind, *self.subject, self.after]
        return f"{self.day:%Y%m%d}-{name_of(as_json(facts))}"

    @property
    def pair(self) -> tuple[str | None, str | None]:
        """Model and policy version of a sweep that acts under such a pair; else nothing."""
        if self.kind not in VERSIONED_KINDS:
            return None, None
        model_version, policy_version = self.subject
        return model_version, policy_version

    @property
    def time(self) -> datetime:
        """When it writes."""
        return from_micros(self.at)


class Cause(TypedDict):
    """Why an effect comes about, in the ledger's columns."""

    cause_kind: str
    harm: str | None
    score: NotRequired[float | None]
    threshold: NotRequired[float | None]
    model_version: NotRequired[str | None]
    policy_version: NotRequired[str | None]
    expires_at: NotRequired[datetime | None]
    source_id: NotRequired[str | None]


def new_effect(
    scope: Scope,
    sweep: Sweep,
    *,
    action: str,
    previous: Entry | None,
    revision: int,
    state_key: str | None = None,
    **cause: Unpack[Cause],
) -> Entry:
    """An effect as an intent of a sweep; without a `state_key` the state is its own.

    The cause names the sweep's subject and the effect before it, so that the same action after a
    release is another effect, and a rerun's is the same one.
    """
    before = previous.action if previous and not previous.has_expired(sweep.time) else "none"
    source = [source_id] if (source_id := cause.get("source_id")) else []
    cause_id = "/".join([*sweep.subject, *source, previous.effect_key if previous else "first"])
    key = effect_key(scope, revision, action, cause_id)
    return Entry(
        day=ACCOUNTS_DAY if scope.subject_kind == "account" else sweep.day,
        effect_key=key,
        entry="intent",
        recorded_at=sweep.time,
        sweep_id=sweep.sweep_id,
        subject_kind=scope.subject_kind,
        subject_id=scope.subject_id,
        revision=revision,
        action=action,
        previous_action=before,
        direction=direction(action, before),
        surface=scope.surface,
        jurisdiction=scope.jurisdiction,
        cause_id=cause_id,
        previous_key=previous.effect_key if previous else None,
        state_key=state_key or key,
        operator=sweep.operator,
        lane=scope.lane,
        **cause,
    )

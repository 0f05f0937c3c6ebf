"""Batches that a cap held: resumed or refused, by name, by a person."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from harmsweep.enforcement.rules.effects import Sweep, day_of
from harmsweep.enforcement.rules.guardrails import Decision, Guardrails, Post
from harmsweep.enforcement.rules.lanes import Instruction
from harmsweep.enforcement.rules.ledger import Entry, Scope, latest
from harmsweep.enforcement.rules.reconcile import difference
from harmsweep.enforcement.rules.waiting import resolved, unresolved
from harmsweep.errors import DataRefused


class Stale(ValueError):
    """A subject is no longer as it was when its effect was planned or held."""


@dataclass(frozen=True)
class HeldBatch:
    """The effects of one harm and direction that one sweep held, whole."""

    sweep_id: str
    harm: str
    direction: str

    @classmethod
    def parse(cls, name: str) -> "HeldBatch":
        """The batch of a name such as 20261001-0123456789ab:hate:apply.

        Raises:
            DataRefused: the text is no batch's name.
        """
        sweep_id, _, rest = name.partition(":")
        try:
            if not re.fullmatch(r"[a-z][a-z0-9_]*:(apply|release)", rest):
                raise ValueError
            day_of(sweep_id)
        except ValueError:
            raise DataRefused(
                f"{name!r} is no batch's name, such as 20261001-0123456789ab:hate:apply"
            ) from None
        return cls(*name.split(":"))

    @property
    def day(self) -> date:
        """The day whose ledger holds it."""
        return day_of(self.sweep_id)

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.sweep_id}:{self.harm}:{self.direction}"

    def has(self, entry: Entry) -> bool:
        """Whether an entry is one of the batch's: held, or sent to review as its sample."""
        of_batch = (entry.sweep_id, entry.harm) == (self.sweep_id, self.harm)
        if not of_batch:
            return False
        if entry.entry == "held":
            return entry.direction == self.direction
        sampled = entry.entry == "intent" and entry.cause_kind == "sample"
        return sampled and self.direction == "apply"


def resume_held(
    scope: Scope,
    history: Sequence[Entry],
    wanted: Decision | Instruction | None,
    post: Post | None,
    *,
    held_effect: Entry,
    sweep: Sweep,
    guardrails: Guardrails,
) -> Entry | None:
    """The effect that was planned or held, as an intent; None where it is in force or was refused.

    Raises:
        Stale: the decision, the revision or the state is no longer the one that it was made from.
    """
    if is_resolved(held_effect, history):
        return None
    effect = (
        difference(scope, history, wanted, post, sweep=sweep, guardrails=guardrails)
        if post
        else None
    )
    if effect is None or _facts(effect) != _facts(held_effect):
        raise Stale(scope.subject_id)
    if held_effect.cause_kind != "sample" and effect.effect_key != held_effect.effect_key:
        raise Stale(scope.subject_id)
    return effect


def _facts(entry: Entry) -> tuple[object, ...]:
    return entry.revision, entry.harm, entry.score, entry.threshold


def refused(held_effect: Entry, *, sweep: Sweep) -> Entry:
    """That a person refused a held effect."""
    return replace(held_effect, entry="discarded", recorded_at=sweep.time, operator=sweep.operator)


def is_resolved(held_effect: Entry, history: Sequence[Entry]) -> bool:
    """Whether a planned or held effect was resumed or refused before."""
    if held_effect.cause_kind == "sample":
        return latest(history) != held_effect
    return held_effect.effect_key in resolved(history)


def under_review(histories: Sequence[Sequence[Entry]]) -> list[Entry]:
    """The samples of batches that wait: people read what the posts are.

    No pair acts on them before the batch is resumed or refused, whatever became of the review:
    another pair that has no rule there lifts it.
    """
    every = [entry for history in histories for entry in history]
    sampled = [e for e in every if e.entry == "intent" and e.cause_kind == "sample"]
    if not sampled:
        return []
    waits = {(e.sweep_id, e.harm) for history in histories for e in unresolved(history)}
    return [e for e in sampled if (e.sweep_id, e.harm) in waits]

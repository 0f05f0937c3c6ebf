"""What reviewers and authorities ask for on a post, against what holds in their lanes.

Plain Python, a scope at a time, as for decisions in `reconcile`. No cap, ramp, holdout or
allow-list stands in the way of a person's own instruction; copies of what they judged are bounded
(see `copies`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from harmsweep.enforcement.rules.effects import Sweep, new_effect
from harmsweep.enforcement.rules.ledger import Entry, Scope, latest
from harmsweep.policy.actions import SEVERITY


@dataclass(frozen=True, slots=True)
class Instruction:
    """An action that a person asks for at a scope, and by what."""

    action: str
    harm: str | None
    cause_kind: str  # verdict, copy or order
    source_id: str  # id of the verdict or the order
    until: datetime | None = None

    def has_expired(self, at: datetime) -> bool:
        """Whether its time has passed."""
        return self.until is not None and self.until <= at


def severest(instructions: Sequence[Instruction]) -> Instruction | None:
    """The instruction that is met where there are several: the severest, of these the longest."""
    return max(
        instructions,
        key=lambda d: (SEVERITY[d.action], d.until is None, d.until or datetime.min, d.source_id),
        default=None,
    )


def lane_change(
    scope: Scope,
    history: Sequence[Entry],
    instruction: Instruction | None,
    revision: int,
    *,
    sweep: Sweep,
) -> Entry | None:
    """The effect that is missing at a scope of a lane; None where all is well.

    What a person undid stays so until something else is asked for.
    """
    last = latest(history)
    if instruction is None or instruction.has_expired(sweep.time):
        holds = last is not None and last.action != "none" and not last.has_expired(sweep.time)
        return _booked(scope, sweep, last, None, revision) if holds else None
    if last is not None and _is_met(instruction, last):
        return None
    return _booked(scope, sweep, last, instruction, revision)


def _is_met(instruction: Instruction, last: Entry) -> bool:
    # Another reviewer who says the same changes nothing that anybody can see.
    if last.cause_kind == "undo":
        return last.source_id == instruction.source_id
    return (last.action, last.expires_at) == (instruction.action, instruction.until)


def _booked(
    scope: Scope, sweep: Sweep, last: Entry | None, instruction: Instruction | None, revision: int
) -> Entry:
    return new_effect(
        scope,
        sweep,
        action=instruction.action if instruction else "none",
        previous=last,
        revision=revision,
        cause_kind=instruction.cause_kind if instruction else "lifted",
        harm=instruction.harm if instruction else last.harm if last else None,
        model_version=sweep.pair[0],
        policy_version=sweep.pair[1],
        expires_at=instruction.until if instruction else None,
        source_id=instruction.source_id if instruction else last.source_id if last else None,
    )


def lifted(scope: Scope, history: Sequence[Entry], *, sweep: Sweep, source_id: str) -> Entry | None:
    """The release of what holds at a scope because a person judged it wrong; None if nothing does.

    It keeps the versions of what it lifts, so that no sweep of theirs takes it for its own.
    """
    last = latest(history)
    if last is None or last.action == "none" or last.has_expired(sweep.time):
        return None
    return new_effect(
        scope,
        sweep,
        action="none",
        previous=last,
        revision=last.revision,
        cause_kind="lifted",
        harm=last.harm,
        model_version=last.model_version,
        policy_version=last.policy_version,
        source_id=source_id,
    )

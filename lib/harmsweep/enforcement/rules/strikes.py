"""What follows from an author's strikes: plain Python, an account at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from harmsweep.enforcement.rules.effects import EPOCH, Sweep, new_effect
from harmsweep.enforcement.rules.ledger import Entry, Scope, latest
from harmsweep.policy.file import Accounts


@dataclass(frozen=True, slots=True)
class Strike:
    """A post's action that counts against its author while it holds."""

    since: datetime
    action: str  # strike or restrict
    harm: str
    days: int | None = None  # for which it restricts by itself


@dataclass(frozen=True, slots=True)
class Restriction:
    """What an account deserves: restricted until then, for the last harm."""

    until: datetime
    harm: str


def restriction(strikes: Sequence[Strike], accounts: Accounts, at: datetime) -> Restriction | None:
    """What the strikes that still count come to at a time; None where that is nothing.

    A strike that restricts by itself and the rung that the number of strikes reaches each give an
    end; the latest counts.
    """
    decay = timedelta(days=accounts.decay_days)
    live = sorted((s for s in strikes if s.since > at - decay), key=lambda s: s.since)
    ends = [s.since + timedelta(days=s.days) for s in live if s.days]
    reached = [rung for rung in accounts.ladder if rung.strikes <= len(live)]
    if reached:
        ends.append(live[-1].since + timedelta(days=reached[-1].days))
    until = max(ends, default=at)
    return Restriction(until, live[-1].harm) if until > at else None


def account_change(
    scope: Scope,
    history: Sequence[Entry],
    strikes: Sequence[Strike],
    *,
    sweep: Sweep,
    accounts: Accounts,
) -> Entry | None:
    """The effect that is missing on an account, as an entry of the sweep; None where all is well.

    A restriction that a person undid stays so until another strike gives it another end.
    """
    last, wanted = latest(history), restriction(strikes, accounts, sweep.time)
    if wanted is None:
        return freed(scope, history, sweep=sweep)
    if last is not None and _is_known(wanted, last, history):
        return None
    return _of_account(scope, sweep, last, wanted)


def freed(scope: Scope, history: Sequence[Entry], *, sweep: Sweep) -> Entry | None:
    """The lifting of what holds on an account; None where nothing does."""
    last = latest(history)
    holds = last is not None and last.action != "none" and not last.has_expired(sweep.time)
    return _of_account(scope, sweep, last, None) if holds else None


def restricts_more(effect: Entry, history: Sequence[Entry]) -> bool:
    """Whether an effect restricts an account that was free, or for longer than before."""
    if effect.action != "restrict":
        return False
    before = [e for e in history if e.entry == "intent" and e.effect_key == effect.previous_key]
    held = effect.previous_action == "restrict" and before
    return not held or (before[0].expires_at or EPOCH) < (effect.expires_at or EPOCH)


def _is_known(wanted: Restriction, last: Entry, history: Sequence[Entry]) -> bool:
    if last.cause_kind == "undo":
        return any(e.expires_at == wanted.until for e in history if e.entry == "intent")
    return last.expires_at == wanted.until


def _of_account(
    scope: Scope, sweep: Sweep, last: Entry | None, wanted: Restriction | None
) -> Entry:
    return new_effect(
        scope,
        sweep,
        action="restrict" if wanted else "none",
        previous=last,
        revision=0,
        cause_kind="strikes",
        harm=wanted.harm if wanted else last.harm if last else None,
        model_version=sweep.pair[0],
        policy_version=sweep.pair[1],
        expires_at=wanted.until if wanted else None,
    )

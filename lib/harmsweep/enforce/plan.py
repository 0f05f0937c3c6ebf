"""The difference between what is wanted at a place and what holds there, as an entry to book.

Plain Python, a place at a time: see `harmsweep.ledger`.
"""

import hashlib
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from harmsweep import lake as lakes
from harmsweep.certificates import Certificate
from harmsweep.ledger import Entry, Place, direction, effect_key, latest
from harmsweep.policy import Policy

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Batch = tuple[str, str]  # harm and direction


@dataclass(frozen=True)
class Sweep:
    """One sweep of a day: its id follows from what it does and from the sweep before it."""

    day: date
    kind: str  # enforce, undo or redo
    subject: tuple[str, ...]  # model and policy version, or the sweep to undo
    after: str  # id of the day's sweep before it; empty for the first
    at: int  # microseconds since 1970, UTC
    operator: str

    @property
    def sweep_id(self) -> str:
        """The day and 12 hex digits: the same again after a crash, another for a repeat."""
        facts = [self.day.isoformat(), self.kind, *self.subject, self.after]
        return f"{self.day:%Y%m%d}-{hashlib.sha256(lakes.as_json(facts).encode()).hexdigest()[:12]}"

    @property
    def time(self) -> datetime:
        """When it writes."""
        return EPOCH + timedelta(microseconds=self.at)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a decision wants at its place, and what it rests on."""

    revision: int
    language: str
    action: str
    harm: str
    score: float | None
    threshold: float | None


@dataclass(frozen=True, slots=True)
class Post:
    """What a sweep must know of a post that exists and that the model scored."""

    revision: int


# Harm, surface, jurisdiction, action, language and threshold of each certified rung.
Certified = frozenset[tuple[str, str, str, str, str, float]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a sweep may act on: any sound decision, certified ones alone, or none (reviews)."""

    approved: bool
    certified: Certified | None = None  # None: the policy asks for no certificate

    def bear_out(self, place: Place, decision: Decision) -> bool:
        """Whether an automatic action may follow from the decision."""
        if not self.approved or self.certified is None:
            return self.approved
        scope = (decision.harm, place.surface, place.jurisdiction)
        return (*scope, decision.action, decision.language, decision.threshold) in self.certified


def rules_of(policy: Policy, model_version: str, certificate: Certificate | None) -> Rules:
    """What sweeps of the pair may act on."""
    approved = model_version in policy.approved_models
    if policy.mode != "production":
        return Rules(approved)
    certified = frozenset(
        (harm, rule.surface, rule.jurisdiction, rung.action, language, threshold)
        for harm, rules in policy.rules.items()
        for rule in rules
        for rung in rule.ladder
        if rung.promise and certificate
        for language, threshold in certificate.thresholds(harm, rung.promise).items()
    )
    return Rules(approved, certified)


def allowed(place: Place, decision: Decision, rules: Rules) -> Decision:
    """The decision, or a review instead where the rules don't bear its action out.

    Anything but review needs an approved model, a finite score over its threshold again, and in
    production the certified threshold of its rung and language: a sweep trusts no table with a
    removal. A score that is none is not passed on.
    """
    score = decision.score if is_probability(decision.score) else None
    threshold = decision.threshold
    sound = score is not None and threshold is not None and score >= threshold
    action = decision.action if sound and rules.bear_out(place, decision) else "review"
    return replace(decision, action=action, score=score)


def is_probability(score: float | None) -> bool:
    """Whether a score is a finite number in [0, 1]."""
    return score is not None and math.isfinite(score) and 0.0 <= score <= 1.0


def change(
    place: Place,
    chain: Sequence[Entry],
    decision: Decision | None,
    post: Post,
    *,
    sweep: Sweep,
    rules: Rules,
    held: Collection[Batch] = (),
) -> Entry | None:
    """The effect that is missing at a place, as an entry of the sweep; None where all is well.

    A decision about another revision than the post's wants nothing. What a person undid stays so.
    An effect of a batch that is held is a `held` entry, once.
    """
    if decision is not None and decision.revision != post.revision:
        decision = None
    wanted = allowed(place, decision, rules) if decision else None
    last = latest(chain)
    if not _differs(wanted, last, post) or _was_undone(last, post, sweep):
        return None
    cause = wanted or last
    made = entry(
        place,
        sweep,
        action=wanted.action if wanted else "none",
        previous=last,
        revision=post.revision,
        cause_kind="decision" if wanted else "withdrawn",
        harm=cause.harm if cause else None,
        score=wanted.score if wanted else None,
        threshold=wanted.threshold if wanted else None,
        model_version=sweep.subject[0],
        policy_version=sweep.subject[1],
    )
    return _in_batch(made, chain, held)


def _differs(wanted: Decision | None, last: Entry | None, post: Post) -> bool:
    action = wanted.action if wanted else "none"
    if last is None:
        return action != "none"
    edited = action != "none" and last.revision != post.revision
    return action != last.action or edited


def _was_undone(last: Entry | None, post: Post, sweep: Sweep) -> bool:
    # A person undid this very pair's effect on this very revision: only a person puts it back.
    if last is None or last.cause_kind != "undo" or last.revision != post.revision:
        return False
    return (last.model_version, last.policy_version) == sweep.subject


def _in_batch(made: Entry, chain: Sequence[Entry], held: Collection[Batch]) -> Entry | None:
    if (made.harm, made.direction) not in held or not made.is_counted:
        return made
    known = any(e.entry == "held" and e.effect_key == made.effect_key for e in chain)
    return None if known else replace(made, entry="held")


def entry(
    place: Place,
    sweep: Sweep,
    *,
    action: str,
    previous: Entry | None,
    revision: int,
    cause_kind: str,
    harm: str | None,
    score: float | None = None,
    threshold: float | None = None,
    model_version: str | None = None,
    policy_version: str | None = None,
    state_key: str | None = None,
) -> Entry:
    """An effect as an intent of a sweep; without a `state_key` the state is its own.

    The cause names the sweep's subject and the effect before it, so that the same action after a
    release is another effect, and a rerun's is the same one.
    """
    before = previous.action if previous else "none"
    cause_id = "/".join([*sweep.subject, previous.effect_key if previous else "first"])
    key = effect_key(place, revision, action, cause_id)
    return Entry(
        day=sweep.day,
        effect_key=key,
        entry="intent",
        recorded_at=sweep.time,
        sweep_id=sweep.sweep_id,
        subject_kind=place.subject_kind,
        subject_id=place.subject_id,
        revision=revision,
        action=action,
        previous_action=before,
        direction=direction(action, before),
        surface=place.surface,
        jurisdiction=place.jurisdiction,
        cause_kind=cause_kind,
        cause_id=cause_id,
        previous_key=previous.effect_key if previous else None,
        state_key=state_key or key,
        harm=harm,
        score=score,
        threshold=threshold,
        model_version=model_version,
        policy_version=policy_version,
        operator=sweep.operator,
    )


def undone(place: Place, chain: Sequence[Entry], *, sweep: Sweep) -> Entry | None:
    """What brings back the state before an effect of the sweep to undo, where it still holds."""
    swept, last = _swept(chain, sweep.subject[0]), latest(chain)
    if swept is None or last is None or last.state_key != swept.effect_key:
        return None
    before = _before(chain, swept)
    return _again(place, swept, last, sweep, cause_kind="undo", state=before)


def reapplied(
    place: Place, chain: Sequence[Entry], post: Post | None, *, sweep: Sweep
) -> Entry | None:
    """What puts an undone effect of the sweep back, on a revision that still stands.

    An effect was undone where its own undo came last, or where undoing and reapplying of others
    came last and led to the state before it.
    """
    swept, last = _swept(chain, sweep.subject[0]), latest(chain)
    if swept is None or last is None or post is None or swept.revision != post.revision:
        return None
    before = _before(chain, swept)
    of_sweep = last.cause_kind == "undo" and last.cause_id.startswith(f"{sweep.subject[0]}/")
    by_person = last.cause_kind in ("undo", "reapply")
    led_to_it = by_person and before is not None and last.state_key == before.state_key
    if not (of_sweep or led_to_it):
        return None
    return _again(place, swept, last, sweep, cause_kind="reapply", state=swept)


def _again(
    place: Place,
    swept: Entry,
    last: Entry,
    sweep: Sweep,
    *,
    cause_kind: str,
    state: Entry | None,
) -> Entry:
    put_back = cause_kind == "reapply"
    return entry(
        place,
        sweep,
        action=state.action if state else "none",
        previous=last,
        revision=swept.revision,
        cause_kind=cause_kind,
        harm=swept.harm,
        score=swept.score if put_back else None,
        threshold=swept.threshold if put_back else None,
        model_version=swept.model_version,
        policy_version=swept.policy_version,
        state_key=None if state is None else state.effect_key if put_back else state.state_key,
    )


def _swept(chain: Sequence[Entry], sweep_id: str) -> Entry | None:
    return next((e for e in chain if e.sweep_id == sweep_id and e.entry == "intent"), None)


def _before(chain: Sequence[Entry], effect: Entry) -> Entry | None:
    keys = (e for e in chain if e.entry == "intent" and e.effect_key == effect.previous_key)
    return next(keys, None)

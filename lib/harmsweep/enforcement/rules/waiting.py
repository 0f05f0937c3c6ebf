"""Which automatic effects would do what waits for a person: plain Python, a subject at a time."""

from collections.abc import Iterable, Sequence

from harmsweep.enforcement.rules.ledger import Entry, is_automatic
from harmsweep.policy.actions import SEVERITY, VISIBLE


def resolved(history: Sequence[Entry]) -> set[str]:
    """The keys of a scope's effects that happened or were refused: none of them waits."""
    return {e.effect_key for e in history if e.entry in ("intent", "discarded")}


def unresolved(history: Sequence[Entry]) -> list[Entry]:
    """The effects of a scope that were held, and that nobody resumed or refused."""
    ended = resolved(history)
    return [e for e in history if e.entry == "held" and e.effect_key not in ended]


def does_what_waits(effect: Entry, asked: Iterable[Entry]) -> bool:
    """Whether an effect would do what people are asked about of its subject: held, or a sample.

    At every place that shares readers with the effect's, and in every lane: a removal from one
    surface or in one country is a part of the removal everywhere that waits, and the other way
    round. What a person asked for themselves never does.
    """
    if not (effect.is_counted and is_automatic(effect.cause_kind)):
        return False
    near = (e for e in asked if e.revision == effect.revision and e.scope.meets(effect.scope))
    return any(_acts_on_sample(effect, e) or _does_as_much(effect, e) for e in near)


def _acts_on_sample(effect: Entry, asked: Entry) -> bool:
    return asked.cause_kind == "sample" and effect.direction == "apply"


def _does_as_much(effect: Entry, held: Entry) -> bool:
    """Whether an automatic effect would do what a person is asked about, under any pair.

    Else the same policy does it unasked with a higher cap, and a strike is no less than a removal.
    More of the very batch is held by its pair's sweep.
    """
    if held.entry != "held" or effect.direction != held.direction:
        return False
    if effect.action == held.action:
        return True
    lifts = effect.direction == "release"
    if lifts and effect.action not in VISIBLE and held.action not in VISIBLE:
        return True  # a review is as free as nothing
    further = SEVERITY[effect.action] - SEVERITY[held.action]
    return _batch(effect) != _batch(held) and (further < 0 if lifts else further > 0)


def _batch(effect: Entry) -> tuple[str | None, ...]:
    return effect.model_version, effect.policy_version, effect.harm

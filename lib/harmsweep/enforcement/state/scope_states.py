"""What a sweep of a day judges, scope by scope, and the entries that follow."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from harmsweep.enforcement.rules.effects import Batch, Sweep
from harmsweep.enforcement.rules.guardrails import Decision, Guardrails, Post
from harmsweep.enforcement.rules.held import Stale, resume_held, under_review
from harmsweep.enforcement.rules.lanes import Instruction
from harmsweep.enforcement.rules.ledger import ORDER, POLICY, REVIEW, Entry, Scope
from harmsweep.enforcement.rules.reconcile import reconcile
from harmsweep.enforcement.rules.waiting import does_what_waits, unresolved
from harmsweep.enforcement.state.day_state import DayState


@dataclass(frozen=True, slots=True)
class ScopeState:
    """A scope with entries or where something is wanted; without a post nothing is judged."""

    scope: Scope
    history: list[Entry]
    wanted: Decision | Instruction | None
    post: Post | None


def scope_states(day: DayState, sweep: Sweep) -> list[ScopeState]:
    """Every scope of the day that has entries, decisions of the sweep's pair, or instructions.

    A decision on another revision than the post's wants nothing. What holds for an escalated post
    stays as it is, but for orders; in policy's lane, also for one that the model did not score.
    """
    judged = _judged(day, sweep.subject[0])
    wanted: dict[Scope, Decision | Instruction] = {**day.human_input.instructions}
    decisions = day.decisions[sweep.subject]
    wanted |= {s: decided for s, decided in decisions.items() if s.subject_id in judged[POLICY]}
    scopes = {**dict.fromkeys(day.ledger.histories), **dict.fromkeys(wanted)}
    return [
        ScopeState(s, day.ledger.history(s), wanted.get(s), judged[s.lane].get(s.subject_id))
        for s in scopes
    ]


def _judged(day: DayState, model_version: str) -> dict[str, Mapping[str, Post]]:
    """By lane, the posts on which something may change there, by id."""
    reviewable = {name: post for name, post in day.posts.items() if name not in day.escalated}
    scored = day.scored.get(model_version, {})
    of_policy = {
        name: replace(post, whole=scored[name, post.revision])
        for name, post in reviewable.items()
        if (name, post.revision) in scored
    }
    return {POLICY: of_policy, REVIEW: reviewable, ORDER: day.posts}


def changes(
    states: Iterable[ScopeState],
    sweep: Sweep,
    guardrails: Guardrails,
    held: dict[Batch, float] | None = None,
) -> list[Entry]:
    """What is missing at the scopes, as entries of the sweep.

    Nothing is done at one place of what waits, or is held now, at another: see `does_what_waits`.
    """
    options: dict[str, Any] = {"sweep": sweep, "guardrails": guardrails, "held": held}
    judged = list(states)
    found = [
        (s.post, effect)
        for s in judged
        if s.post and (effect := reconcile(s.scope, s.history, s.wanted, s.post, **options))
    ]
    histories = [state.history for state in judged]
    waiting = [entry for history in histories for entry in unresolved(history)]
    # What a person found benign or put on the allow-list is lifted whatever else waits.
    freed = {e.effect_key for post, e in found if e.direction == "release" and post.is_spared}
    asked = _by_subject([*waiting, *under_review(histories)])

    def is_free(effect: Entry, asked: Mapping[str, list[Entry]]) -> bool:
        others = asked.get(effect.subject_id, ())
        return effect.effect_key in freed or not does_what_waits(effect, others)

    effects = [effect for _, effect in found if is_free(effect, asked)]
    now = _by_subject([e for e in effects if e.entry == "held" or e.cause_kind == "sample"])
    return [effect for effect in effects if effect.entry != "intent" or is_free(effect, now)]


def _by_subject(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    by_subject: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_subject[entry.subject_id].append(entry)
    return dict(by_subject)


def resume_all_held(
    states: Iterable[ScopeState],
    held_effects: Iterable[Entry],
    sweep: Sweep,
    guardrails: Guardrails,
) -> tuple[list[Entry], list[Entry]]:
    """Planned or held effects as intents of the sweep, and those that no longer fit.

    One that is in force or was refused gives nothing.
    """
    by_scope = {state.scope: state for state in states}
    new_entries, stale = list[Entry](), list[Entry]()
    for entry in held_effects:
        state = by_scope.get(entry.scope, ScopeState(entry.scope, [], None, None))
        options: dict[str, Any] = {"sweep": sweep, "guardrails": guardrails}
        try:
            effect = resume_held(
                state.scope, state.history, state.wanted, state.post, held_effect=entry, **options
            )
        except Stale:
            stale.append(entry)
        else:
            new_entries += [effect] if effect else []
    return new_entries, stale

"""The difference between what is wanted at a scope and what holds there, as an entry to book.

Plain Python, a scope at a time: see `harmsweep.enforcement.rules.ledger`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harmsweep.digests import uniform_hash
from harmsweep.enforcement.rules.effects import Batch, Sweep, new_effect
from harmsweep.enforcement.rules.guardrails import Decision, Guardrails, Post, allowed
from harmsweep.enforcement.rules.lanes import Instruction, lane_change
from harmsweep.enforcement.rules.ledger import POLICY, Entry, Scope, is_automatic, latest
from harmsweep.enforcement.rules.waiting import does_what_waits, unresolved
from harmsweep.policy.actions import SEVERITY

# Entries that say that an effect waits for a person, or was refused by one.
WAITING_OR_REFUSED = ("held", "discarded")


def reconcile(
    scope: Scope,
    history: Sequence[Entry],
    wanted: Decision | Instruction | None,
    post: Post,
    *,
    sweep: Sweep,
    guardrails: Guardrails,
    held: Mapping[Batch, float] | None = None,
) -> Entry | None:
    """The effect that is missing at a scope, as an entry of the sweep; None where all is well.

    A decision about another revision than the post's wants nothing. What a person undid stays so,
    and what waits for a person is left to wait. An effect of a batch of `held` becomes a `held`
    entry; of those where nothing holds yet, the share that `held` gives is sent to review instead.
    What a person asks for themselves is neither held nor held out.
    """
    effect = difference(scope, history, wanted, post, sweep=sweep, guardrails=guardrails)
    if effect is None or _waits(effect, history, post, sweep):
        return None
    if not (effect.is_counted and is_automatic(effect.cause_kind)):
        return effect
    of_policy, applies = scope.lane == POLICY, effect.direction == "apply"
    if of_policy and applies and guardrails.in_holdout(scope.subject_id, effect.harm):
        known = any((e.entry, e.effect_key) == ("withheld", effect.effect_key) for e in history)
        return None if known else replace(effect, entry="withheld")
    share = (held or {}).get((effect.harm or "", effect.direction))
    if share is None:
        return effect
    in_sample = (
        of_policy and effect.previous_action == "none" and uniform_hash(effect.effect_key) < share
    )
    return (
        _sampled(scope, latest(history), effect, sweep)
        if in_sample
        else replace(effect, entry="held")
    )


def difference(
    scope: Scope,
    history: Sequence[Entry],
    wanted: Decision | Instruction | None,
    post: Post,
    *,
    sweep: Sweep,
    guardrails: Guardrails,
) -> Entry | None:
    """The difference alone, whatever waits; in policy's lane none for whom a ramp leaves out."""
    if scope.lane != POLICY:
        instruction = wanted if isinstance(wanted, Instruction) else None
        return lane_change(scope, history, instruction, post.revision, sweep=sweep)
    decision = wanted if isinstance(wanted, Decision) else None
    return _policy_difference(scope, history, decision, post, sweep=sweep, guardrails=guardrails)


def _policy_difference(
    scope: Scope,
    history: Sequence[Entry],
    decision: Decision | None,
    post: Post,
    *,
    sweep: Sweep,
    guardrails: Guardrails,
) -> Entry | None:
    if not guardrails.in_rollout(post.author_id):
        return None
    if decision is not None and decision.revision != post.revision:
        decision = None
    wanted = allowed(scope, decision, post, guardrails) if decision else None
    last = latest(history)
    if not _differs(wanted, last, post, sweep) or _was_undone(last, post, sweep):
        return None
    if not post.whole and _clears(wanted, last, post, sweep):
        return None
    cause = wanted or last
    return new_effect(
        scope,
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
        expires_at=guardrails.expiry(scope, wanted, sweep.time) if wanted else None,
    )


def _differs(wanted: Decision | None, last: Entry | None, post: Post, sweep: Sweep) -> bool:
    action = wanted.action if wanted else "none"
    if last is None:
        return action != "none"
    edited = action != "none" and last.revision != post.revision
    if last.has_expired(sweep.time):
        # It has run its time: no model or policy takes the same or less again for this revision.
        return edited or SEVERITY[action] > SEVERITY[last.action]
    return action != last.action or edited


def _clears(wanted: Decision | None, last: Entry | None, post: Post, sweep: Sweep) -> bool:
    # What the model could not see whole may be clean or not: only people lift a severer action off.
    if last is None or last.has_expired(sweep.time) or post.is_spared:
        return False
    return SEVERITY[wanted.action if wanted else "none"] < SEVERITY[last.action]


def _of_pair(entry: Entry, sweep: Sweep) -> bool:
    return (entry.model_version, entry.policy_version) == sweep.subject


def _was_undone(last: Entry | None, post: Post, sweep: Sweep) -> bool:
    # A person undid this very pair's effect on this very revision: only a person puts it back. What
    # another person found of the post since is no repetition.
    if last is None or last.cause_kind != "undo" or last.revision != post.revision:
        return False
    return _of_pair(last, sweep) and not post.is_spared


def _waits(effect: Entry, history: Sequence[Entry], post: Post, sweep: Sweep) -> bool:
    """Whether the effect, or the sampled post's batch, waits for a person or was refused."""
    if any(e.entry in WAITING_OR_REFUSED and e.effect_key == effect.effect_key for e in history):
        return True
    # What a person found benign or put on the allow-list is lifted whatever else waits.
    freed = effect.direction == "release" and post.is_spared
    if not freed and does_what_waits(effect, unresolved(history)):
        return True
    last = latest(history)
    if last is None or last.cause_kind != "sample" or not effect.is_counted:
        return False
    return _of_pair(last, sweep) and last.revision == post.revision


def _sampled(scope: Scope, last: Entry | None, effect: Entry, sweep: Sweep) -> Entry:
    return new_effect(
        scope,
        sweep,
        action="review",
        previous=last,
        revision=effect.revision,
        cause_kind="sample",
        harm=effect.harm,
        score=effect.score,
        threshold=effect.threshold,
        model_version=effect.model_version,
        policy_version=effect.policy_version,
    )

"""What undoes a sweep's effect at a scope, exactly, and what does it again."""

from collections.abc import Sequence

from harmsweep.enforcement.rules.effects import Sweep, new_effect
from harmsweep.enforcement.rules.guardrails import Post
from harmsweep.enforcement.rules.ledger import ORDER, POLICY, Entry, Scope, latest
from harmsweep.policy.actions import SEVERITY


def undo_effect(
    scope: Scope, history: Sequence[Entry], post: Post | None, *, sweep: Sweep
) -> Entry | None:
    """What brings back the state before an effect of the sweep to undo, where it still holds.

    A severer state than holds comes back only to a post that may have it.
    """
    swept, last = _swept(history, sweep.subject[0]), latest(history)
    if swept is None or last is None or last.state_key != swept.effect_key:
        return None
    before = _before(history, swept)
    if before and not _may_have(scope, before, last, post):
        return None
    return _again(scope, swept, last, sweep, cause_kind="undo", state=before)


def redo_effect(
    scope: Scope, history: Sequence[Entry], post: Post | None, *, sweep: Sweep
) -> Entry | None:
    """What puts an undone effect of the sweep back, on a revision that still stands.

    An effect was undone where its own undo came last, or where undoing and reapplying of others
    came last and led to the state before it.
    """
    swept, last = _swept(history, sweep.subject[0]), latest(history)
    if swept is None or last is None or post is None or swept.revision != post.revision:
        return None
    before = _before(history, swept)
    of_sweep = last.cause_kind == "undo" and last.cause_id.startswith(f"{sweep.subject[0]}/")
    by_person = last.cause_kind in ("undo", "reapply")
    led_to_it = by_person and before is not None and last.state_key == before.state_key
    if not (of_sweep or led_to_it) or not _may_have(scope, swept, last, post):
        return None
    return _again(scope, swept, last, sweep, cause_kind="reapply", state=swept)


def _may_have(scope: Scope, state: Entry, last: Entry, post: Post | None) -> bool:
    """Whether a post may have a former state again, where that is severer than what holds.

    Undoing a release takes a post down: not one that is gone, was edited, was found benign since,
    or is on the allow-list by now. An order asks nobody.
    """
    if SEVERITY[state.action] <= SEVERITY[last.action] or scope.lane == ORDER:
        return True
    if post is None or post.verdict == "benign":
        return False
    if scope.lane != POLICY:
        return True
    return post.revision == state.revision and (post.exempt is None or state.action == "review")


def _again(
    scope: Scope,
    swept: Entry,
    last: Entry,
    sweep: Sweep,
    *,
    cause_kind: str,
    state: Entry | None,
) -> Entry:
    put_back = cause_kind == "reapply"
    return new_effect(
        scope,
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
        expires_at=state.expires_at if state else None,
        source_id=swept.source_id,
        state_key=None if state is None else state.effect_key if put_back else state.state_key,
    )


def _swept(history: Sequence[Entry], sweep_id: str) -> Entry | None:
    return next((e for e in history if e.sweep_id == sweep_id and e.entry == "intent"), None)


def _before(history: Sequence[Entry], effect: Entry) -> Entry | None:
    keys = (e for e in history if e.entry == "intent" and e.effect_key == effect.previous_key)
    return next(keys, None)

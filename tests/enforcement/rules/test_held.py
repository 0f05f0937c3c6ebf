"""Held batches, let go or refused, on literal entries: plain Python."""

from dataclasses import replace
from typing import Any

import pytest
from one_scope import (
    DAY,
    DEMOTE,
    EDITED,
    HELD,
    OPEN,
    POST,
    REMOVE,
    SAMPLED,
    SCOPE,
    act,
    after,
    held,
    released,
    sweep,
)

from harmsweep.enforcement.rules.guardrails import Decision, Guardrails
from harmsweep.enforcement.rules.held import (
    HeldBatch,
    Stale,
    is_resolved,
    refused,
    resume_held,
    under_review,
)
from harmsweep.enforcement.rules.ledger import Entry
from harmsweep.enforcement.rules.reconcile import reconcile


def go(
    history: list[Entry], held_effect: Entry, decision: Decision | None, **more: Any
) -> Entry | None:
    """What resuming a held effect adds to a history, as the third sweep."""
    post = more.pop("post", POST)
    options = {"held_effect": held_effect, "sweep": sweep(3, "resume"), "guardrails": OPEN} | more
    return resume_held(SCOPE, history, decision, post, **options)


def test_what_was_held_is_let_go_once():
    effect = go([held()], held(), REMOVE)
    assert effect is not None
    assert (effect.entry, effect.action, effect.effect_key) == (
        "intent",
        "remove",
        held().effect_key,
    )
    assert effect.sweep_id == sweep(3, "resume").sweep_id
    assert go([held(), effect], held(), REMOVE) is None


def test_what_was_refused_is_not_let_go():
    said = refused(held(), sweep=sweep(2, "discard"))
    assert (said.entry, said.recorded_at) == ("discarded", sweep(2).time)
    assert said == replace(held(), entry="discarded", recorded_at=sweep(2).time)
    assert go([held(), said], held(), REMOVE) is None


@pytest.mark.parametrize(
    "more",
    [
        {"post": None},
        {"post": EDITED},
        {"decision": None},
        {"decision": replace(REMOVE, score=0.97)},
        {"decision": replace(REMOVE, threshold=0.9)},
        {"decision": replace(REMOVE, harm="spam")},
        {"decision": replace(REMOVE, action="demote")},
        {"guardrails": Guardrails(approved=False)},
    ],
    ids=repr,
)
def test_a_held_effect_whose_subject_changed_is_stale(more: dict[str, Any]):
    decision = more.pop("decision", REMOVE)
    with pytest.raises(Stale, match="p1"):
        go([held()], held(), decision, **more)


def test_a_held_effect_whose_state_changed_is_stale():
    other = after(DEMOTE)
    with pytest.raises(Stale):
        go([held(), *other], held(), REMOVE)


def test_a_held_release_is_let_go_and_is_over_only_then():
    history, held_effect = released()
    assert not is_resolved(held_effect, [*history, held_effect])
    effect = go([*history, held_effect], held_effect, None)
    assert effect is not None and (effect.action, effect.effect_key) == (
        "none",
        held_effect.effect_key,
    )
    assert is_resolved(held_effect, [*history, held_effect, effect])


def test_a_held_release_of_another_effect_than_now_holds_is_stale():
    history, held_effect = released()
    with pytest.raises(Stale):
        go([*history, held_effect], replace(held_effect, effect_key="0" * 64), None)


def test_what_became_of_other_effects_says_nothing_of_one_that_waits():
    for key in ("0" * 64, "f" * 64):
        for kind in ("intent", "discarded"):
            other = replace(held(), effect_key=key, entry=kind)
            assert not is_resolved(held(), [held(), other])


def test_a_sampled_post_is_let_go_with_its_batch_unless_something_came_after():
    sampled = act([], REMOVE, held=SAMPLED)
    assert sampled is not None
    effect = go([sampled], sampled, REMOVE)
    assert effect is not None
    assert (effect.action, effect.previous_action, effect.previous_key) == (
        "remove", "review", sampled.effect_key,
    )  # fmt: skip
    assert go([sampled, effect], sampled, REMOVE) is None
    assert is_resolved(sampled, [sampled, effect])
    with pytest.raises(Stale):
        go([sampled], sampled, replace(REMOVE, score=0.96))


def test_a_batch_is_known_by_its_name():
    batch = HeldBatch("20261001-0123456789ab", "hate", "apply")
    assert batch.name == "20261001-0123456789ab:hate:apply"
    assert HeldBatch.parse(batch.name) == batch
    assert batch.day == DAY


@pytest.mark.parametrize(
    "name",
    [
        "",
        "20261001-0123456789ab",
        "20261001-0123456789ab:hate",
        "20261001-0123456789ab:hate:remove",
        "20261001-0123456789ab:Hate:apply",
        "20261001-0123456789ab:hate:apply:x",
        "20261001-0123456789AB:hate:apply",
        "x20261001-0123456789ab:hate:apply",
    ],
)
def test_another_text_is_no_batchs_name(name: str):
    with pytest.raises(ValueError, match="no batch's name"):
        HeldBatch.parse(name)


def test_a_batch_has_the_held_entries_of_its_sweep_harm_and_direction_and_its_sample():
    batch = HeldBatch(sweep().sweep_id, "hate", "apply")
    sampled = act([], REMOVE, held=SAMPLED)
    assert sampled is not None
    assert batch.has(held())
    assert batch.has(sampled)
    assert not replace(batch, direction="release").has(held())
    assert not replace(batch, direction="release").has(sampled)
    assert not replace(batch, harm="spam").has(held())
    assert not replace(batch, sweep_id="20261001-000000000000").has(held())
    assert not batch.has(after(REMOVE)[0])
    assert not batch.has(replace(sampled, entry="outcome"))
    assert not batch.has(replace(sampled, entry="discarded"))
    assert not batch.has(replace(held(), entry="discarded"))
    assert not batch.has(replace(held(), direction="release"))
    for cause in ("decision", "undo", "withdrawn"):
        assert not batch.has(replace(sampled, cause_kind=cause))


def batch_of_two() -> tuple[Entry, Entry]:
    """The two effects of a batch: one post was sent to review as the sample, and one waits."""
    sampled, other = act([], REMOVE, held=SAMPLED), replace(SCOPE, subject_id="p2")
    waits = reconcile(other, [], REMOVE, POST, sweep=sweep(), guardrails=OPEN, held=HELD)
    assert sampled is not None and waits is not None
    return sampled, waits


def test_people_read_the_sample_of_a_batch_that_waits():
    sampled, waits = batch_of_two()
    assert under_review([[sampled], [waits]]) == [sampled]
    assert under_review([[], [waits], [sampled]]) == [sampled]


@pytest.mark.parametrize("kind", ["intent", "discarded"])
def test_nobody_reads_the_sample_of_a_batch_that_was_let_go_or_refused(kind):
    sampled, waits = batch_of_two()
    assert under_review([[sampled], [waits, replace(waits, entry=kind)]]) == []


@pytest.mark.parametrize("kind", ["intent", "outcome", "withheld", "discarded"])
def test_nobody_reads_a_sample_where_nothing_waits(kind):
    sampled, waits = batch_of_two()
    assert under_review([[sampled], [replace(waits, entry=kind)]]) == []


@pytest.mark.parametrize("change", [{"sweep_id": "20261001-000000000000"}, {"harm": "spam"}])
def test_nobody_reads_the_sample_because_another_batch_waits(change):
    sampled, waits = batch_of_two()
    assert under_review([[sampled], [replace(waits, **change)]]) == []


@pytest.mark.parametrize("cause", ["decision", "withdrawn"])
def test_nobody_reads_what_is_no_sample_though_its_batch_waits(cause):
    sampled, waits = batch_of_two()
    assert under_review([[replace(sampled, cause_kind=cause)], [waits]]) == []


def test_a_sample_is_read_on_though_another_pair_lifted_its_review():
    sampled, waits = batch_of_two()
    lifted = act([sampled], None, 2, sweep=sweep(2, subject=("m-1", "p-2")))
    assert lifted.action == "none"
    assert under_review([[sampled, lifted], [waits]]) == [sampled]

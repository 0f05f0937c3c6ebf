"""What a sweep does at one scope, on literal entries: plain Python."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from one_scope import (
    A_WEEK,
    DAY,
    DEMOTE,
    EDITED,
    OPEN,
    PAIR,
    POST,
    REMOVE,
    RESTRICT,
    REVIEW,
    SCOPE,
    STRIKE,
    act,
    after,
    sweep,
)

from harmsweep.digests import uniform_hash
from harmsweep.enforcement.rules.effects import Sweep
from harmsweep.enforcement.rules.guardrails import Decision, Guardrails, Post
from harmsweep.enforcement.rules.lanes import Instruction
from harmsweep.enforcement.rules.ledger import Entry
from harmsweep.enforcement.rules.reconcile import reconcile


def test_a_first_effect_says_all_of_itself():
    effect = act([], REMOVE)
    assert effect is not None
    assert effect == Entry(
        day=DAY, effect_key=effect.effect_key, entry="intent",
        recorded_at=datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), sweep_id=sweep().sweep_id,
        subject_kind="post", subject_id="p1", revision=1, action="remove",
        previous_action="none", direction="apply", surface="all", jurisdiction="all",
        cause_kind="decision", cause_id="m-1/p-1/first", previous_key=None,
        state_key=effect.effect_key, harm="hate", score=0.99, threshold=0.95,
        model_version="m-1", policy_version="p-1", operator="tester",
    )  # fmt: skip


def test_a_second_effect_names_the_one_before():
    first, second = after(DEMOTE, REMOVE)
    assert (second.previous_key, second.previous_action) == (first.effect_key, "demote")
    assert second.cause_id == f"m-1/p-1/{first.effect_key}"
    assert second.state_key == second.effect_key != first.effect_key


def test_nothing_is_missing_where_the_action_holds():
    assert act(after(REMOVE), REMOVE, 2) is None
    assert act(after(REMOVE), replace(REMOVE, score=0.97, harm="spam"), 2) is None
    assert act([], None) is None


def test_another_pair_repeats_no_effect():
    assert act(after(REMOVE), REMOVE, 2, sweep=sweep(2, subject=("m-2", "p-2"))) is None


def test_what_is_no_longer_wanted_is_released():
    effect = act(after(REMOVE), None, 2)
    assert effect is not None
    assert (effect.action, effect.cause_kind, effect.direction) == ("none", "withdrawn", "release")
    assert (effect.harm, effect.score, effect.threshold) == ("hate", None, None)


def test_removing_again_after_a_release_is_another_effect():
    history = after(REMOVE, None, REMOVE)
    assert [e.action for e in history] == ["remove", "none", "remove"]
    assert len({e.effect_key for e in history}) == 3


def test_nothing_is_released_twice():
    assert act(after(REMOVE, None), None, 3) is None


def test_an_edit_carries_the_action_to_the_new_revision():
    effect = act(after(REMOVE), replace(REMOVE, revision=2), 2, EDITED)
    assert effect is not None
    assert (effect.action, effect.revision, effect.cause_kind) == ("remove", 2, "decision")


def test_a_decision_about_another_revision_wants_nothing():
    assert act([], REMOVE, post=EDITED) is None
    effect = act(after(REMOVE), REMOVE, 2, EDITED)
    assert effect is not None
    assert (effect.action, effect.revision) == ("none", 2)


WEEK_MICROS = 7 * 24 * 3600 * 1_000_000


def week_later(n: int, subject: tuple[str, ...] = PAIR, early: int = 0) -> Sweep:
    """The nth sweep, once a removal by the first has run its week."""
    return replace(sweep(n, subject=subject), at=1_000_000 + WEEK_MICROS - early)


def test_an_action_with_days_says_when_it_ends():
    effect = act([], REMOVE, guardrails=A_WEEK)
    assert effect is not None
    assert effect.expires_at == week_later(2).time
    assert act([], DEMOTE, guardrails=A_WEEK).expires_at is None
    assert act([], replace(REMOVE, score=None), guardrails=A_WEEK).expires_at is None


@pytest.mark.parametrize("pair", [PAIR, ("m-2", "p-1"), ("m-1", "p-2")], ids="/".join)
def test_what_has_run_its_time_is_not_taken_again_for_the_same_content_by_any_pair(pair):
    history = [act([], REMOVE, guardrails=A_WEEK)]
    late = {"guardrails": A_WEEK, "sweep": week_later(2, pair)}
    assert act(history, REMOVE, **late) is None
    assert act(history, DEMOTE, **late) is None
    assert act(history, None, **late) is None


def test_an_edit_takes_what_has_run_its_time_anew():
    history = [act([], REMOVE, guardrails=A_WEEK)]
    late = {"guardrails": A_WEEK, "sweep": week_later(2)}
    again = act(history, replace(REMOVE, revision=2), post=EDITED, **late)
    assert again is not None
    assert (again.previous_action, again.direction) == ("none", "apply")
    assert act(history, None, post=EDITED, **late) is None


@pytest.mark.parametrize("wanted", [STRIKE, RESTRICT], ids=["strike", "restrict"])
def test_the_days_of_what_counts_against_the_author_do_not_bring_the_post_back(wanted: Decision):
    guardrails = Guardrails(approved=True, days={("hate", "all", "all", wanted.action): 7})
    effect = act([], wanted, guardrails=guardrails)
    assert effect is not None
    assert (effect.action, effect.expires_at) == (wanted.action, None)


def test_a_restriction_lasts_as_its_scope_says():
    guardrails = Guardrails(approved=True, days={("hate", "feed", "DE", "restrict"): 7})
    assert guardrails.restricts_for("hate", "feed", "DE") == 7
    assert guardrails.restricts_for("hate", "feed", "all") is None


DAMAGED = replace(POST, whole=False)
LOOK = replace(REVIEW, harm="none", score=None, threshold=None)


@pytest.mark.parametrize("wanted", [LOOK, REVIEW, DEMOTE, None], ids=repr)
@pytest.mark.parametrize("post", [DAMAGED, replace(DAMAGED, revision=2)], ids=repr)
def test_what_was_not_seen_whole_clears_nothing(wanted: Decision | None, post: Post):
    decided = replace(wanted, revision=post.revision) if wanted else None
    assert act(after(REMOVE), decided, 2, post) is None
    assert act(after(REMOVE), decided, 2, replace(post, whole=True)) is not None


@pytest.mark.parametrize("said", [{"verdict": "benign"}, {"exempt": "newsworthy"}], ids=repr)
def test_a_persons_word_clears_what_was_not_seen_whole(said: dict[str, Any]):
    effect = act(after(REMOVE), LOOK, 2, replace(DAMAGED, **said))
    assert effect is not None
    assert effect.direction == "release"


def test_an_edit_that_was_not_seen_whole_is_looked_at_once_the_action_has_ended():
    history, post = [act([], REMOVE, guardrails=A_WEEK)], replace(DAMAGED, revision=2)
    look, late = replace(LOOK, revision=2), {"guardrails": A_WEEK, "sweep": week_later(2)}
    assert act(history, look, 2, post, guardrails=A_WEEK) is None
    assert act(history, look, post=post, **late).action == "review"


def test_what_was_not_seen_whole_is_acted_on_as_ever():
    assert act([], LOOK, post=DAMAGED).action == "review"
    assert act(after(LOOK), REMOVE, 2, DAMAGED).action == "remove"
    edited = act(after(REMOVE), replace(REMOVE, revision=2), 2, replace(DAMAGED, revision=2))
    assert (edited.action, edited.revision) == ("remove", 2)


def test_until_then_it_holds():
    history = [act([], REMOVE, guardrails=A_WEEK)]
    just_before = week_later(2, early=1)
    assert act(history, REMOVE, guardrails=A_WEEK, sweep=just_before) is None
    released = act(history, None, guardrails=A_WEEK, sweep=just_before)
    assert released is not None
    assert (released.action, released.expires_at) == ("none", None)


def test_a_benign_verdict_lifts_and_blocks_what_is_automatic():
    benign = replace(POST, verdict="benign")
    assert act([], REMOVE, post=benign) is None
    assert act([], REVIEW, post=benign) is None
    released = act(after(REMOVE), REMOVE, 2, benign)
    assert released is not None
    assert (released.action, released.cause_kind) == ("none", "withdrawn")
    assert act([], REMOVE, post=replace(POST, verdict="harmful")) == act([], REMOVE)


def test_an_exempt_post_is_reviewed_and_no_more():
    effect = act([], REMOVE, post=replace(POST, exempt="newsworthy"))
    assert effect is not None
    assert effect.action == "review"


HELD_OUT = Guardrails(approved=True, holdout=1.0)


def test_what_is_held_out_is_recorded_once_and_not_applied():
    effect = act([], REMOVE, guardrails=HELD_OUT)
    assert effect == replace(act([], REMOVE), entry="withheld")
    assert act([effect], REMOVE, 2, guardrails=HELD_OUT) is None


def test_reviews_releases_and_spared_harms_are_not_held_out():
    assert act([], REVIEW, guardrails=HELD_OUT).entry == "intent"
    assert act(after(REMOVE), None, 2, guardrails=HELD_OUT).entry == "intent"
    spared = replace(HELD_OUT, spared=frozenset({"hate"}))
    assert act([], REMOVE, guardrails=spared).entry == "intent"
    assert (
        act([], REMOVE, guardrails=replace(HELD_OUT, holdout=uniform_hash("holdout/p1"))).entry
        == "intent"
    )


@pytest.mark.parametrize(("wanted", "again"), [(DEMOTE, DEMOTE), (REVIEW, REVIEW)])
def test_what_holds_for_an_edited_post_is_said_of_its_new_revision(wanted, again):
    effect = act(after(wanted), replace(again, revision=2), 2, EDITED)
    assert effect is not None
    assert (effect.action, effect.revision) == (wanted.action, 2)


def test_a_severer_action_of_the_same_pair_follows_one_that_has_ended():
    guardrails = Guardrails(approved=True, days={("hate", "all", "all", "demote"): 7})
    first = act([], DEMOTE, guardrails=guardrails)
    ended = {"sweep": week_later(1), "guardrails": guardrails}
    assert act([first], DEMOTE, **ended) is None
    assert act([first], REMOVE, **ended).action == "remove"


@pytest.mark.parametrize("lane", ["review", "order"])
def test_an_instruction_is_met_in_its_lane_and_neither_held_out_nor_sampled(lane):
    scope, instruction = replace(SCOPE, lane=lane), Instruction("remove", "hate", "copy", "v1")
    guardrails = Guardrails(approved=True, holdout=1.0)
    effect = reconcile(
        scope, [], instruction, POST, sweep=sweep(1, "verdict", ("v1",)), guardrails=guardrails
    )
    assert (effect.entry, effect.action, effect.lane) == ("intent", "remove", lane)
    held = {("hate", "apply"): 1.0}
    effect = reconcile(
        scope, [], instruction, POST, sweep=sweep(), guardrails=guardrails, held=held
    )
    assert (effect.entry, effect.action) == ("held", "remove")


def test_what_no_instruction_asks_for_any_more_is_lifted_whatever_policy_decides():
    scope, instruction = (
        replace(SCOPE, lane="review"),
        Instruction("remove", "hate", "verdict", "v1"),
    )
    first = reconcile(
        scope, [], instruction, POST, sweep=sweep(1, "verdict", ("v1",)), guardrails=OPEN
    )
    effect = reconcile(
        scope, [first], REMOVE, POST, sweep=sweep(2, "verdict", ("v2",)), guardrails=OPEN
    )
    assert (effect.action, effect.previous_action) == ("none", "remove")


@pytest.mark.parametrize("before", [REVIEW, DEMOTE, REMOVE], ids=lambda d: d.action)
@pytest.mark.parametrize("wanted", [DEMOTE, REMOVE], ids=lambda d: d.action)
def test_what_was_booked_before_keeps_nothing_else_from_being_held_out(before, wanted):
    history = [act([], before, guardrails=HELD_OUT)]
    effect = act(history, wanted, 2, guardrails=HELD_OUT)
    assert (effect and effect.entry) == (None if before == wanted else "withheld")


def test_what_was_held_out_is_done_once_nothing_holds_it_out():
    history = [act([], REMOVE, guardrails=HELD_OUT)]
    effect = act(history, REMOVE, 2)
    assert (effect.entry, effect.effect_key) == ("intent", history[0].effect_key)


def test_what_one_pair_holds_out_another_does():
    history = [act([], REMOVE, guardrails=HELD_OUT)]
    assert act(history, REMOVE, 2, sweep=sweep(2, subject=("m-2", "p-1"))).action == "remove"

"""What a sweep, an undo or a person does at one place, on literal entries: plain Python."""

import math
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from builders import rule, rung, trial_policy

from harmsweep.enforcement.rules.effects import Sweep
from harmsweep.enforcement.rules.guardrails import (
    Decision,
    Guardrails,
    Post,
    allowed,
    is_probability,
    uniform_hash,
)
from harmsweep.enforcement.rules.held import (
    HeldBatch,
    Stale,
    is_resolved,
    refused,
    resume_held,
    under_review,
)
from harmsweep.enforcement.rules.lanes import Instruction
from harmsweep.enforcement.rules.ledger import Entry, Scope
from harmsweep.enforcement.rules.reconcile import reconcile
from harmsweep.enforcement.rules.reversal import redo_effect, undo_effect
from harmsweep.enforcement.state.policy_binding import PolicyBinding
from harmsweep.harms import SEVERE
from harmsweep.policy.certificates import Claim, Counts, Population, Source, build_certificate
from harmsweep.policy.file import load_policy

DAY = date(2026, 10, 1)
SCOPE = Scope("post", "p1", "all", "all")
PAIR = ("m-1", "p-1")
OPEN = Guardrails(approved=True)
POST = Post(revision=1, author_id="a1")
EDITED = replace(POST, revision=2)
REMOVE = Decision(
    revision=1, language="en", action="remove", harm="hate", score=0.99, threshold=0.95
)
DEMOTE = replace(REMOVE, action="demote", score=0.9, threshold=0.85)
REVIEW = replace(REMOVE, action="review", score=0.6, threshold=0.5)


def sweep(n: int = 1, kind: str = "enforce", subject: tuple[str, ...] = PAIR) -> Sweep:
    """The nth sweep of the day."""
    return Sweep(DAY, kind, subject, f"s{n - 1}", n * 1_000_000, "tester")


def act(
    history: list[Entry], decision: Decision | None, n: int = 1, post: Post = POST, **more: Any
) -> Entry | None:
    """What the nth sweep adds to a chain."""
    options = {"sweep": sweep(n), "guardrails": OPEN} | more
    return reconcile(SCOPE, history, decision, post, **options)


def after(*decisions: Decision | None) -> list[Entry]:
    """The chain that sweeps of these decisions leave, one after another."""
    history: list[Entry] = []
    for n, decision in enumerate(decisions, start=1):
        effect = act(history, decision, n)
        history += [effect] if effect else []
    return history


def undo(history: list[Entry], n: int, of: int = 0, post: Post | None = POST) -> Entry | None:
    """What undoing the sweep of the chain's `of`th effect adds."""
    return undo_effect(SCOPE, history, post, sweep=sweep(n, "undo", (history[of].sweep_id,)))


def redo(history: list[Entry], n: int, of: int = 0, post: Post | None = POST) -> Entry | None:
    """What doing it again adds."""
    return redo_effect(SCOPE, history, post, sweep=sweep(n, "redo", (history[of].sweep_id,)))


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


@pytest.mark.parametrize(
    "change",
    [
        {"score": None},
        {"score": math.nan},
        {"score": math.inf},
        {"score": -math.inf},
        {"score": 1.01},
        {"score": -0.01},
        {"score": 0.94},
        {"threshold": None},
        {"threshold": math.nan},
    ],
    ids=repr,
)
def test_an_unsound_decision_is_a_review(change: dict[str, Any]):
    effect = act([], replace(REMOVE, **change))
    assert effect is not None
    assert effect.action == "review"


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_a_probability_is_passed_on(score: float):
    assert is_probability(score)
    assert allowed(SCOPE, replace(REVIEW, score=score), POST, OPEN).score == score


@pytest.mark.parametrize("score", [None, math.nan, math.inf, -0.001, 1.001])
def test_what_is_no_probability_is_not_passed_on(score: float | None):
    assert not is_probability(score)
    assert allowed(SCOPE, replace(REMOVE, score=score), POST, OPEN).score is None


def test_a_score_on_its_threshold_acts():
    assert allowed(SCOPE, replace(REMOVE, score=0.95), POST, OPEN).action == "remove"


def test_a_model_that_is_not_approved_gets_reviews():
    for certified in (None, frozenset({("hate", "all", "all", "remove", "en", 0.95)})):
        guardrails = Guardrails(approved=False, certified=certified)
        assert allowed(SCOPE, REMOVE, POST, guardrails).action == "review"


CERTIFIED = ("hate", "all", "all", "remove", "en", 0.95)


def test_a_certified_threshold_acts_and_no_other():
    guardrails = Guardrails(approved=True, certified=frozenset({CERTIFIED}))
    assert allowed(SCOPE, REMOVE, POST, guardrails).action == "remove"
    assert allowed(SCOPE, DEMOTE, POST, guardrails).action == "review"
    for n, other in enumerate(("spam", "feed", "DE", "label", "de", 0.9)):
        changed = frozenset({(*CERTIFIED[:n], other, *CERTIFIED[n + 1 :])})
        assert allowed(SCOPE, REMOVE, POST, Guardrails(True, changed)).action == "review"


HELD = {("hate", "apply"): 0.0}
SAMPLED = {("hate", "apply"): 1.0}


def held() -> Entry:
    """A removal that the first sweep held."""
    effect = act([], REMOVE, held=HELD)
    assert effect is not None
    return effect


A_WEEK = Guardrails(approved=True, days={("hate", "all", "all", "remove"): 7})
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


RESTRICT = replace(REMOVE, action="restrict")
STRIKE = replace(REMOVE, action="strike")


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


def test_undo_and_redo_keep_when_an_action_ends():
    history = [act([], REMOVE, guardrails=A_WEEK)]
    history.append(undo(history, 2))
    assert history[1].expires_at is None
    again = redo(history, 3)
    assert again is not None
    assert again.expires_at == history[0].expires_at


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


def test_a_ramp_reaches_its_share_of_the_authors_and_leaves_all_others_as_they_are():
    scope = uniform_hash("ramp/a1")
    for first, last, reached in [
        (0.0, scope + 1e-9, True), (0.0, scope, False), (scope, 1.0, True), (0.0, 0.0, False),
        (scope + 1e-9, 1.0, False),
    ]:  # fmt: skip
        guardrails = Guardrails(approved=True, first=first, last=last)
        assert (act([], REMOVE, guardrails=guardrails) is not None) is reached
        assert (act(after(REMOVE), None, 2, guardrails=guardrails) is not None) is reached


def test_a_greater_share_loses_nobody():
    authors = [f"a{n}" for n in range(500)]
    shares = [
        {a for a in authors if Guardrails(approved=True, last=share).in_rollout(a)}
        for share in (0.0, 0.05, 0.2, 1.0)
    ]
    assert shares[0] < shares[1] < shares[2] < shares[3] == set(authors)
    rest = {a for a in authors if Guardrails(approved=True, first=0.2).in_rollout(a)}
    assert rest == set(authors) - shares[2]


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


def test_an_effect_of_a_held_batch_is_held_once_and_waits():
    assert held() == replace(act([], REMOVE), entry="held")
    assert act([held()], REMOVE, 2, held=HELD) is None
    assert act([held()], REMOVE, 2) is None


def test_a_refused_effect_stays_refused_until_the_post_or_the_pair_changes():
    history = [held(), refused(held(), sweep=sweep(2, "discard"))]
    assert act(history, REMOVE, 3) is None
    assert act(history, replace(REMOVE, revision=2), 3, EDITED) is not None
    assert act(history, REMOVE, 3, sweep=sweep(3, subject=("m-1", "p-2"))) is not None
    assert act(history, DEMOTE, 3) is not None


@pytest.mark.parametrize("batch", [("hate", "release"), ("spam", "apply")])
def test_other_batches_go_on(batch: tuple[str, str]):
    effect = act([], REMOVE, held={batch: 0.0})
    assert effect is not None
    assert effect.entry == "intent"


def test_a_review_is_never_held():
    effect = act([], REVIEW, held=HELD)
    assert effect is not None
    assert effect.entry == "intent"


def test_releases_are_held_with_their_own_batch_and_never_sampled():
    effect = act(after(REMOVE), None, 2, held={("hate", "release"): 1.0})
    assert effect is not None
    assert effect.entry == "held"


def test_a_sampled_post_goes_to_review_and_waits_with_its_batch():
    sampled = act([], REMOVE, held=SAMPLED)
    assert sampled is not None
    assert (sampled.entry, sampled.action, sampled.cause_kind) == ("intent", "review", "sample")
    assert (sampled.score, sampled.threshold, sampled.harm) == (0.99, 0.95, "hate")
    assert (sampled.model_version, sampled.policy_version) == PAIR
    assert act([sampled], REMOVE, 2) is None
    assert act([sampled], replace(REMOVE, revision=2), 2, EDITED) is not None
    assert act([sampled], REMOVE, 2, sweep=sweep(2, subject=("m-1", "p-2"))) is not None
    released = act([sampled], None, 2)
    assert released is not None
    assert released.action == "none"


def test_what_already_holds_is_not_sampled():
    effect = act(after(DEMOTE), REMOVE, 2, held=SAMPLED)
    assert effect is not None
    assert effect.entry == "held"


def test_the_sample_is_a_share_by_the_hash_of_the_effect():
    effect = act([], REMOVE)
    assert effect is not None
    share = uniform_hash(effect.effect_key)
    just_above = {("hate", "apply"): share + 1e-9}
    assert act([], REMOVE, held=just_above).action == "review"
    assert act([], REMOVE, held={("hate", "apply"): share}).entry == "held"
    draws = [uniform_hash(str(n)) for n in range(2000)]
    assert all(0 <= d < 1 for d in draws)
    assert sum(d < 0.1 for d in draws) == pytest.approx(200, abs=45)


def go(
    history: list[Entry], held_effect: Entry, decision: Decision | None, **more: Any
) -> Entry | None:
    """What letting go of a parked effect adds to a chain, as the third sweep."""
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


def released() -> tuple[list[Entry], Entry]:
    """A removal that holds, and its release, which waits."""
    history = after(REMOVE)
    effect = act(history, None, 2, held={("hate", "release"): 0.0})
    assert effect is not None and (effect.entry, effect.cause_kind) == ("held", "withdrawn")
    return history, effect


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


def test_an_undo_brings_back_what_held_before():
    history = after(DEMOTE, REMOVE)
    back = undo(history, 3, of=1)
    assert back is not None
    assert (back.action, back.previous_action, back.direction) == ("demote", "remove", "release")
    assert (back.cause_kind, back.state_key) == ("undo", history[0].effect_key)
    assert (back.score, back.threshold, back.harm) == (None, None, "hate")
    assert (back.model_version, back.policy_version) == PAIR
    assert back.previous_key == history[1].effect_key


def test_an_undo_of_the_first_effect_leaves_nothing():
    history = after(REMOVE)
    back = undo(history, 2)
    assert back is not None
    assert (back.action, back.state_key) == ("none", back.effect_key)
    assert undo([*history, back], 3) is None


def test_only_what_still_holds_is_undone():
    history = after(DEMOTE, REMOVE)
    assert undo(history, 3, of=0) is None
    back = undo(history, 3, of=1)
    assert back is not None
    assert undo([*history, back], 4, of=0) is not None


def test_a_sweep_that_did_nothing_here_undoes_nothing():
    history = after(REMOVE)
    assert undo_effect(SCOPE, history, POST, sweep=sweep(2, "undo", ("other",))) is None
    held_effect = [replace(history[0], entry="held")]
    assert undo(held_effect, 2) is None
    assert redo(held_effect, 2) is None


def test_what_a_person_undid_stays_so_for_the_same_pair_and_revision():
    history = after(REMOVE)
    history.append(undo(history, 2))
    assert act(history, REMOVE, 3) is None
    assert act(history, REMOVE, 3, sweep=sweep(3, subject=("m-2", "p-1"))) is not None
    assert act(history, REMOVE, 3, sweep=sweep(3, subject=("m-1", "p-2"))) is not None
    assert act(history, replace(REMOVE, revision=2), 3, EDITED) is not None


def test_a_redo_puts_back_what_was_undone():
    history = after(REMOVE)
    history.append(undo(history, 2))
    again = redo(history, 3)
    assert again is not None
    assert (again.action, again.cause_kind, again.state_key) == (
        "remove", "reapply", history[0].effect_key,
    )  # fmt: skip
    assert (again.score, again.threshold) == (0.99, 0.95)
    assert redo([*history, again], 4) is None


def test_a_redo_puts_back_what_undoing_others_led_away_from():
    history = after(DEMOTE, REMOVE)
    history.append(undo(history, 3, of=1))
    history.append(undo(history, 4, of=0))
    history.append(redo(history, 5, of=0))
    again = redo(history, 6, of=1)
    assert again is not None
    assert (again.action, again.state_key) == ("remove", history[1].effect_key)


def test_what_was_not_undone_is_not_redone():
    assert redo(after(REMOVE), 2) is None
    assert redo(after(DEMOTE, REMOVE), 3, of=0) is None
    assert redo(after(REMOVE, None), 3) is None


def test_a_redo_leaves_out_a_post_that_is_gone_or_edited():
    history = after(REMOVE)
    history.append(undo(history, 2))
    assert redo(history, 3, post=None) is None
    assert redo(history, 3, post=EDITED) is None


def test_a_sweeps_id_is_the_same_again_and_another_for_a_repeat():
    assert sweep(1).sweep_id == replace(sweep(1), at=5, operator="other").sweep_id
    assert sweep(1).sweep_id.startswith("20261001-")
    others = [sweep(2), sweep(1, "undo"), sweep(1, subject=("m-2", "p-1"))]
    others.append(replace(sweep(1), day=date(2026, 10, 2)))
    assert len({s.sweep_id for s in [sweep(1), *others]}) == 5


MODEL = "m0123456789ab"
STATED = {
    "approved_models": [MODEL],
    "caps": {"default": {"apply": 100, "release": 100}},
    "holdout": {"share": 0.02, "spared": ["spam"]},
}
CERTAIN = rung("remove", precision=0.95, confidence=0.95, days=30)


def test_a_binding_says_what_may_be_acted_on(tmp_path: Path):
    path = tmp_path / "policy.yaml"
    rules = {"hate": [rule(CERTAIN, rung("review", 0.5))]}
    path.write_text(trial_policy(rules, mode="production", **STATED), encoding="utf-8")
    policy = load_policy(path)
    about = Population(posts=900, groups={"sms": 700}, prevalence=0.4)
    counts = Counts(threshold=0.8, flagged_groups=200, right_groups=200, flagged_posts=300,
                    right_posts=300, recall=0.5, lower_bound=0.985)  # fmt: skip
    claim = Claim(harm="hate", language="en", precision=0.95, confidence=0.95, counts=counts,
                  population=about)  # fmt: skip
    source = Source(snapshot="s0123456789ab", first=DAY, last=DAY)
    certificate = build_certificate(MODEL, policy.policy_version, source, [claim])
    guardrails = PolicyBinding(policy, MODEL, certificate, 0.1, 0.6).guardrails
    assert guardrails == Guardrails(
        approved=True, certified=frozenset({("hate", "all", "all", "remove", "en", 0.8)}),
        first=0.1, last=0.6, holdout=0.02, spared=SEVERE | {"spam"},
        days={("hate", "all", "all", "remove"): 30},
    )  # fmt: skip
    assert PolicyBinding(policy, MODEL).guardrails.certified == frozenset()
    assert not PolicyBinding(policy, "m-2", certificate).guardrails.approved
    assert PolicyBinding(policy, MODEL, certificate).inputs == certificate.digest
    assert PolicyBinding(policy, MODEL).inputs == ""


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


@pytest.mark.parametrize("pair", [("m-0", "p-1"), ("m-2", "p-1"), ("m-1", "p-0"), ("m-1", "p-2")])
def test_what_was_undone_of_a_pair_is_done_by_any_other(pair):
    first = act([], REMOVE, sweep=sweep(1, subject=pair))
    history = [first, undo([first], 2)]
    assert act(history, REMOVE, 3, sweep=sweep(3, subject=pair)) is None
    assert act(history, REMOVE, 3).action == "remove"


@pytest.mark.parametrize(("held_effect", "wanted"), [(REMOVE, DEMOTE), (DEMOTE, REMOVE)])
def test_an_effect_that_waits_keeps_no_other_waiting(held_effect, wanted):
    history = [act([], held_effect, held={("hate", "apply"): 0.0})]
    assert history[0].entry == "held"
    assert act(history, held_effect, 2) is None
    assert act(history, wanted, 2).action == wanted.action


@pytest.mark.parametrize("lane", ["review", "order"])
def test_a_demand_is_met_in_its_lane_and_neither_held_out_nor_sampled(lane):
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


def test_what_no_demand_asks_for_any_more_is_lifted_whatever_policy_decides():
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


OTHER_PAIRS = pytest.mark.parametrize(
    "pair", [("m-0", "p-1"), ("m-2", "p-1"), ("m-1", "p-0"), ("m-1", "p-2")], ids="/".join
)


@OTHER_PAIRS
@pytest.mark.parametrize("wanted", [REMOVE, STRIKE, RESTRICT], ids=lambda d: d.action)
def test_no_other_pair_does_what_waits_or_more(wanted, pair):
    assert act([held()], wanted, 2, sweep=sweep(2, subject=pair)) is None


@OTHER_PAIRS
@pytest.mark.parametrize("wanted", [DEMOTE, REVIEW], ids=lambda d: d.action)
def test_another_pair_does_less_than_what_waits(wanted, pair):
    assert act([held()], wanted, 2, sweep=sweep(2, subject=pair)).action == wanted.action


def test_what_waits_of_an_older_revision_keeps_nothing_waiting():
    effect = act([held()], replace(REMOVE, revision=2), 2, EDITED)
    assert (effect.entry, effect.action, effect.revision) == ("intent", "remove", 2)


def test_a_persons_own_demand_does_not_wait_with_a_copy_of_another():
    scope, copy = replace(SCOPE, lane="review"), Instruction("remove", "hate", "copy", "v1")
    waits = reconcile(scope, [], copy, POST, sweep=sweep(), guardrails=OPEN, held=HELD)
    assert waits.entry == "held"
    own = {"sweep": sweep(2, "verdict", ("v2",)), "guardrails": OPEN}
    effect = reconcile(
        scope, [waits], replace(copy, cause_kind="verdict", source_id="v2"), POST, **own
    )
    assert (effect.entry, effect.action) == ("intent", "remove")


@OTHER_PAIRS
@pytest.mark.parametrize(("wanted", "does"), [(None, None), (REVIEW, None), (DEMOTE, "demote")])
def test_another_pair_lifts_less_than_what_waits_to_be_lifted_and_not_as_much(wanted, does, pair):
    history, held_effect = released()
    effect = act([*history, held_effect], wanted, 3, sweep=sweep(3, subject=pair))
    assert (effect and effect.action) == does


@OTHER_PAIRS
@pytest.mark.parametrize(
    ("wanted", "does"),
    [
        (None, None),
        (REVIEW, None),
        (replace(DEMOTE, action="label"), None),
        (DEMOTE, None),
        (replace(DEMOTE, action="interstitial"), "interstitial"),
    ],
)
def test_another_pair_lifts_no_more_than_what_waits_to_be_softened(wanted, does, pair):
    history = after(REMOVE)
    held_effect = act(history, DEMOTE, 2, held={("hate", "release"): 0.0})
    assert held_effect is not None and (held_effect.entry, held_effect.action) == ("held", "demote")
    effect = act([*history, held_effect], wanted, 3, sweep=sweep(3, subject=pair))
    assert (effect and effect.action) == does


@OTHER_PAIRS
@pytest.mark.parametrize("spared", [{"exempt": "newsworthy"}, {"verdict": "benign"}], ids=str)
def test_what_a_person_spares_is_lifted_by_another_pair_whatever_waits(spared, pair):
    history, held_effect = released()
    for wanted in (None, REVIEW):
        post, other = replace(POST, **spared), sweep(3, subject=pair)
        effect = act([*history, held_effect], wanted, 3, post, sweep=other)
        assert (effect.entry, effect.direction) == ("intent", "release")


@pytest.mark.parametrize(("harm", "does"), [("violence", None), ("hate", "strike")])
def test_the_pair_does_no_more_than_what_waits_for_another_harm(harm, does):
    effect = act([held()], replace(STRIKE, harm=harm), 2)
    assert (effect and effect.action) == does


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


def test_the_pair_itself_may_lift_more_than_it_asked_to():
    history = after(REMOVE)
    held_effect = act(history, DEMOTE, 2, held={("hate", "release"): 0.0})
    assert act([*history, held_effect], None, 3).action == "none"


def test_a_release_that_waits_keeps_no_severer_action_waiting():
    history, held_effect = released()
    effect = act([*history, held_effect], STRIKE, 3, sweep=sweep(3, subject=("m-2", "p-1")))
    assert (effect.entry, effect.action) == ("intent", "strike")


def test_what_one_pair_holds_out_another_does():
    history = [act([], REMOVE, guardrails=HELD_OUT)]
    assert act(history, REMOVE, 2, sweep=sweep(2, subject=("m-2", "p-1"))).action == "remove"


def test_all_are_reached_where_nothing_says_otherwise():
    assert Guardrails(approved=True, first=0.0, last=1.0, holdout=0.0) == OPEN


def test_a_binding_of_a_demonstration_asks_for_no_certificate(tmp_path: Path):
    path = tmp_path / "policy.yaml"
    rules = {"hate": [rule(rung("remove", 0.95, days=30), rung("review", 0.5))]}
    path.write_text(trial_policy(rules, **STATED), encoding="utf-8")
    assert PolicyBinding(load_policy(path), MODEL).guardrails == Guardrails(
        approved=True, certified=None, first=0.0, last=1.0, holdout=0.02,
        spared=SEVERE | {"spam"}, days={("hate", "all", "all", "remove"): 30},
    )  # fmt: skip


def batch_of_two() -> tuple[Entry, Entry]:
    """The two effects of a batch: one post was sent to review as the sample, and one waits."""
    sampled, other = act([], REMOVE, held=SAMPLED), replace(SCOPE, subject_id="p2")
    waits = reconcile(other, [], REMOVE, POST, sweep=sweep(), guardrails=OPEN, held=HELD)
    assert sampled is not None and waits is not None
    return sampled, waits


def test_people_read_the_sample_of_a_batch_that_waits():
    sampled, waits = batch_of_two()
    assert under_review([[sampled], [waits]]) == {(SCOPE, 1)}
    assert under_review([[], [waits], [sampled]]) == {(SCOPE, 1)}


@pytest.mark.parametrize("kind", ["intent", "discarded"])
def test_nobody_reads_the_sample_of_a_batch_that_was_let_go_or_refused(kind):
    sampled, waits = batch_of_two()
    assert under_review([[sampled], [waits, replace(waits, entry=kind)]]) == set()


@pytest.mark.parametrize("kind", ["intent", "outcome", "withheld", "discarded"])
def test_nobody_reads_a_sample_where_nothing_waits(kind):
    sampled, waits = batch_of_two()
    assert under_review([[sampled], [replace(waits, entry=kind)]]) == set()


@pytest.mark.parametrize("change", [{"sweep_id": "20261001-000000000000"}, {"harm": "spam"}])
def test_nobody_reads_the_sample_because_another_batch_waits(change):
    sampled, waits = batch_of_two()
    assert under_review([[sampled], [replace(waits, **change)]]) == set()


@pytest.mark.parametrize("cause", ["decision", "withdrawn"])
def test_nobody_reads_what_is_no_sample_though_its_batch_waits(cause):
    sampled, waits = batch_of_two()
    assert under_review([[replace(sampled, cause_kind=cause)], [waits]]) == set()

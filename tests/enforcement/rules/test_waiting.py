"""What a sweep leaves to wait for a person, on literal entries: plain Python."""

from dataclasses import replace

import pytest
from one_scope import (
    DEMOTE,
    EDITED,
    HELD,
    OPEN,
    PAIR,
    POST,
    REMOVE,
    RESTRICT,
    REVIEW,
    SAMPLED,
    SCOPE,
    STRIKE,
    act,
    after,
    held,
    released,
    sweep,
)

from harmsweep.digests import uniform_hash
from harmsweep.enforcement.rules.held import refused
from harmsweep.enforcement.rules.lanes import Instruction
from harmsweep.enforcement.rules.ledger import Entry, Scope
from harmsweep.enforcement.rules.reconcile import reconcile
from harmsweep.enforcement.rules.waiting import does_what_waits, unresolved


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


@pytest.mark.parametrize(("held_effect", "wanted"), [(REMOVE, DEMOTE), (DEMOTE, REMOVE)])
def test_an_effect_that_waits_keeps_no_other_waiting(held_effect, wanted):
    history = [act([], held_effect, held={("hate", "apply"): 0.0})]
    assert history[0].entry == "held"
    assert act(history, held_effect, 2) is None
    assert act(history, wanted, 2).action == wanted.action


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


def test_a_persons_own_instruction_does_not_wait_with_a_copy_of_another():
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


def test_the_pair_itself_may_lift_more_than_it_asked_to():
    history = after(REMOVE)
    held_effect = act(history, DEMOTE, 2, held={("hate", "release"): 0.0})
    assert act([*history, held_effect], None, 3).action == "none"


def test_a_release_that_waits_keeps_no_severer_action_waiting():
    history, held_effect = released()
    effect = act([*history, held_effect], STRIKE, 3, sweep=sweep(3, subject=("m-2", "p-1")))
    assert (effect.entry, effect.action) == ("intent", "strike")


PLACES = [("feed", "all"), ("all", "DE"), ("feed", "DE")]


def moved(entry: Entry, surface: str, jurisdiction: str, **more: str) -> Entry:
    """The entry at another place."""
    return replace(entry, surface=surface, jurisdiction=jurisdiction, **more)


def removal() -> Entry:
    """A removal everywhere by another pair than the one whose removal was held."""
    effect = act([], REMOVE, sweep=sweep(2, subject=("m-1", "p-2")))
    assert effect is not None
    return effect


@pytest.mark.parametrize("place", PLACES, ids="/".join)
def test_what_waits_everywhere_is_done_nowhere_and_the_other_way_round(place):
    assert does_what_waits(moved(removal(), *place), [held()])
    assert does_what_waits(removal(), [moved(held(), *place)])


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (("feed", "all"), ("all", "DE"), True),
        (("feed", "DE"), ("feed", "all"), True),
        (("feed", "all"), ("reply", "all"), False),
        (("all", "DE"), ("all", "FR"), False),
        (("feed", "DE"), ("feed", "FR"), False),
        (("feed", "DE"), ("reply", "all"), False),
    ],
)
def test_places_meet_where_they_share_readers(one, other, meet):
    assert Scope("post", "p1", *one).meets(Scope("post", "p1", *other)) == meet
    assert does_what_waits(moved(removal(), *one), [moved(held(), *other)]) == meet


def test_what_waits_is_done_in_no_other_lane_but_by_a_person():
    copy = moved(removal(), "feed", "all", lane="review", cause_kind="copy")
    assert does_what_waits(copy, [held()])
    for cause in ("verdict", "order", "undo"):
        assert not does_what_waits(replace(copy, cause_kind=cause), [held()])


def test_less_than_what_waits_or_another_revision_is_done_at_another_place():
    assert not does_what_waits(replace(removal(), action="demote"), [held()])
    assert does_what_waits(replace(removal(), action="strike"), [held()])
    assert not does_what_waits(replace(removal(), revision=2), [held()])


def test_a_sampled_post_is_acted_on_nowhere():
    sampled = act([], REMOVE, held=SAMPLED)
    assert does_what_waits(moved(removal(), "feed", "all"), [sampled])
    assert not does_what_waits(replace(removal(), direction="release"), [sampled])


def test_what_a_person_resolved_waits_no_more():
    assert unresolved([held()]) == [held()]
    assert unresolved([held(), refused(held(), sweep=sweep(2, "discard"))]) == []

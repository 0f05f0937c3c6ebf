"""What people ask for at a scope, on literal entries: plain Python."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from harmsweep.enforcement.rules.effects import EPOCH, Sweep
from harmsweep.enforcement.rules.lanes import Instruction, lane_change, lifted, severest
from harmsweep.enforcement.rules.ledger import ORDER, REVIEW, Entry, Scope
from harmsweep.enforcement.rules.reversal import undo_effect

DAY = date(2026, 10, 1)
SCOPE = Scope("post", "p1", "all", "all", REVIEW)
REMOVE = Instruction("remove", "hate", "verdict", "v1")
DEMOTE = replace(REMOVE, action="demote", source_id="v2")


def sweep(n: int, kind: str = "verdict", subject: tuple[str, ...] = ("v1",)) -> Sweep:
    return Sweep(DAY, kind, subject, f"s{n - 1}", n * 1_000_000, "tester")


def act(
    history: list[Entry], instruction: Instruction | None, n: int = 1, scope: Scope = SCOPE
) -> Entry | None:
    return lane_change(scope, history, instruction, 1, sweep=sweep(n))


def after(*instructions: Instruction | None) -> list[Entry]:
    history: list[Entry] = []
    for n, instruction in enumerate(instructions, start=1):
        effect = act(history, instruction, n)
        history += [effect] if effect else []
    return history


def test_a_demand_says_all_of_itself_and_names_its_source():
    (effect,) = after(REMOVE)
    assert (effect.action, effect.harm, effect.cause_kind, effect.source_id) == (
        "remove", "hate", "verdict", "v1",
    )  # fmt: skip
    assert (effect.lane, effect.scope, effect.direction) == (REVIEW, SCOPE, "apply")
    assert (effect.model_version, effect.score, effect.expires_at) == (None, None, None)
    assert effect.cause_id == "v1/v1/first"


def test_a_sweep_of_a_pair_books_it_as_its_own():
    effect = lane_change(SCOPE, [], REMOVE, 1, sweep=sweep(1, "enforce", ("m-1", "p-1")))
    assert effect is not None
    assert (effect.model_version, effect.policy_version) == ("m-1", "p-1")


def test_what_is_met_is_not_booked_again_whoever_says_it_again():
    history = after(REMOVE)
    assert act(history, REMOVE, 2) is None
    assert act(history, replace(REMOVE, source_id="v9"), 2) is None


@pytest.mark.parametrize("cause", ["copy", "order", "verdict"])
def test_what_any_cause_put_in_force_is_met_whoever_asks_again(cause: str):
    first = replace(REMOVE, cause_kind=cause)
    assert act(after(first), replace(first, source_id="v9"), 2) is None


@pytest.mark.parametrize("action", ["review", "label", "demote", "interstitial", "strike"])
def test_whatever_action_holds_is_lifted_once(action: str):
    history = after(replace(REMOVE, action=action))
    effect = lifted(SCOPE, history, sweep=sweep(2), source_id="v2")
    assert effect is not None and (effect.action, effect.previous_action) == ("none", action)
    assert lifted(SCOPE, [*history, effect], sweep=sweep(3), source_id="v2") is None


def test_of_equal_demands_the_later_end_wins_whatever_their_sources_are():
    sooner = replace(REMOVE, until=EPOCH + timedelta(days=1), source_id="v9")
    later = replace(REMOVE, until=EPOCH + timedelta(days=2), source_id="v1")
    assert severest([sooner, later]) == severest([later, sooner]) == later


def test_a_changed_demand_changes_what_holds_and_none_lifts_it():
    first, second, third = after(REMOVE, DEMOTE, None)
    assert (second.action, second.previous_action, second.direction) == (
        "demote", "remove", "release",
    )  # fmt: skip
    assert (third.action, third.cause_kind, third.source_id) == ("none", "lifted", "v2")
    assert third.previous_key == second.effect_key != first.effect_key
    assert after(None) == []
    assert act([first, second, third], None, 4) is None


def test_a_demand_whose_time_is_over_lifts_what_it_put_in_force_and_nothing_else():
    ends = EPOCH + timedelta(seconds=3)
    brief = replace(REMOVE, until=ends)
    (effect,) = after(brief)
    assert effect.expires_at == ends
    assert act([effect], brief, 2) is None
    # It has ended by itself: the platform reads it no longer, and nothing is booked.
    assert act([effect], brief, 3) is None
    longer = act([effect], replace(brief, until=ends + timedelta(days=1)), 2)
    assert longer is not None and longer.previous_action == "remove"


def test_a_time_is_over_from_its_end_on():
    ends = EPOCH + timedelta(seconds=3)
    brief = replace(REMOVE, until=ends)
    over = [brief.has_expired(ends + timedelta(seconds=n)) for n in (-1, 0, 1)]
    assert over == [False, True, True]
    assert not REMOVE.has_expired(ends)
    # An instruction that is over before it was met is never booked.
    assert lane_change(SCOPE, [], brief, 1, sweep=sweep(3)) is None


def test_a_lift_names_the_harm_and_source_of_what_it_lifts():
    first, second = after(REMOVE, None)
    assert (second.harm, second.source_id) == (first.harm, first.source_id) == ("hate", "v1")


def test_what_was_undone_stays_so_until_another_asks():
    history = after(REMOVE)
    back = undo_effect(SCOPE, history, None, sweep=sweep(2, "undo", (history[0].sweep_id,)))
    assert back is not None and back.source_id == "v1"
    assert act([*history, back], REMOVE, 3) is None
    for other in ("v3", "a", "z"):
        again = act([*history, back], replace(REMOVE, source_id=other), 3)
        assert again is not None and again.action == "remove"


def test_the_severest_demand_is_met_and_of_equals_the_longest():
    soon, late = (datetime(2026, 10, n, tzinfo=UTC) for n in (2, 3))
    brief, longer, forever = (replace(REMOVE, until=at) for at in (soon, late, None))
    assert severest([DEMOTE, brief]) == brief
    assert severest([longer, brief]) == longer
    assert severest([forever, longer]) == severest([longer, forever]) == forever
    assert severest([]) is None


@pytest.mark.parametrize("lane", [REVIEW, ORDER])
def test_lanes_have_keys_of_their_own(lane: str):
    scope = replace(SCOPE, lane=lane)
    effect = lane_change(scope, [], REMOVE, 1, sweep=sweep(1))
    other = lane_change(replace(scope, lane="policy"), [], REMOVE, 1, sweep=sweep(1))
    assert effect is not None and other is not None
    assert effect.effect_key != other.effect_key


def test_a_lift_keeps_the_versions_of_what_it_lifts():
    held = lane_change(SCOPE, [], REMOVE, 1, sweep=sweep(1, "enforce", ("m-1", "p-1")))
    assert held is not None
    effect = lifted(SCOPE, [held], sweep=sweep(2, "appeal", ("a1",)), source_id="a1")
    assert effect is not None
    assert (effect.action, effect.model_version, effect.source_id) == ("none", "m-1", "a1")
    assert lifted(SCOPE, [held, effect], sweep=sweep(3, "appeal", ("a1",)), source_id="a1") is None
    assert lifted(SCOPE, [], sweep=sweep(3, "appeal", ("a1",)), source_id="a1") is None

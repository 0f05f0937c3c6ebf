"""What people demand of a place, on literal entries: plain Python."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from harmsweep.enforcement.rules.effects import EPOCH, Sweep
from harmsweep.enforcement.rules.lanes import Instruction, lane_change, lifted, severest
from harmsweep.enforcement.rules.ledger import ORDER, REVIEW, Entry, Scope
from harmsweep.enforcement.rules.reversal import undo_effect

DAY = date(2026, 10, 1)
PLACE = Scope("post", "p1", "all", "all", REVIEW)
REMOVE = Instruction("remove", "hate", "verdict", "v1")
DEMOTE = replace(REMOVE, action="demote", source_id="v2")


def sweep(n: int, kind: str = "verdict", subject: tuple[str, ...] = ("v1",)) -> Sweep:
    return Sweep(DAY, kind, subject, f"s{n - 1}", n * 1_000_000, "tester")


def act(
    chain: list[Entry], demand: Instruction | None, n: int = 1, place: Scope = PLACE
) -> Entry | None:
    return lane_change(place, chain, demand, 1, sweep=sweep(n))


def after(*demands: Instruction | None) -> list[Entry]:
    chain: list[Entry] = []
    for n, demand in enumerate(demands, start=1):
        made = act(chain, demand, n)
        chain += [made] if made else []
    return chain


def test_a_demand_says_all_of_itself_and_names_its_source():
    (made,) = after(REMOVE)
    assert (made.action, made.harm, made.cause_kind, made.source_id) == (
        "remove", "hate", "verdict", "v1",
    )  # fmt: skip
    assert (made.lane, made.place, made.direction) == (REVIEW, PLACE, "apply")
    assert (made.model_version, made.score, made.expires_at) == (None, None, None)
    assert made.cause_id == "v1/v1/first"


def test_a_sweep_of_a_pair_books_it_as_its_own():
    made = lane_change(PLACE, [], REMOVE, 1, sweep=sweep(1, "enforce", ("m-1", "p-1")))
    assert made is not None
    assert (made.model_version, made.policy_version) == ("m-1", "p-1")


def test_what_is_met_is_not_booked_again_whoever_says_it_again():
    chain = after(REMOVE)
    assert act(chain, REMOVE, 2) is None
    assert act(chain, replace(REMOVE, source_id="v9"), 2) is None


@pytest.mark.parametrize("cause", ["copy", "order", "verdict"])
def test_what_any_cause_put_in_force_is_met_whoever_asks_again(cause: str):
    first = replace(REMOVE, cause_kind=cause)
    assert act(after(first), replace(first, source_id="v9"), 2) is None


@pytest.mark.parametrize("action", ["review", "label", "demote", "interstitial", "strike"])
def test_whatever_action_holds_is_lifted_once(action: str):
    chain = after(replace(REMOVE, action=action))
    made = lifted(PLACE, chain, sweep=sweep(2), source_id="v2")
    assert made is not None and (made.action, made.previous_action) == ("none", action)
    assert lifted(PLACE, [*chain, made], sweep=sweep(3), source_id="v2") is None


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
    (made,) = after(brief)
    assert made.expires_at == ends
    assert act([made], brief, 2) is None
    # It has ended by itself: the platform reads it no longer, and nothing is booked.
    assert act([made], brief, 3) is None
    longer = act([made], replace(brief, until=ends + timedelta(days=1)), 2)
    assert longer is not None and longer.previous_action == "remove"


def test_a_time_is_over_from_its_end_on():
    ends = EPOCH + timedelta(seconds=3)
    brief = replace(REMOVE, until=ends)
    over = [brief.has_expired(ends + timedelta(seconds=n)) for n in (-1, 0, 1)]
    assert over == [False, True, True]
    assert not REMOVE.has_expired(ends)
    # A demand that is over before it was met is never booked.
    assert lane_change(PLACE, [], brief, 1, sweep=sweep(3)) is None


def test_a_lift_names_the_harm_and_source_of_what_it_lifts():
    first, second = after(REMOVE, None)
    assert (second.harm, second.source_id) == (first.harm, first.source_id) == ("hate", "v1")


def test_what_was_undone_stays_so_until_another_asks():
    chain = after(REMOVE)
    back = undo_effect(PLACE, chain, None, sweep=sweep(2, "undo", (chain[0].sweep_id,)))
    assert back is not None and back.source_id == "v1"
    assert act([*chain, back], REMOVE, 3) is None
    for other in ("v3", "a", "z"):
        again = act([*chain, back], replace(REMOVE, source_id=other), 3)
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
    place = replace(PLACE, lane=lane)
    made = lane_change(place, [], REMOVE, 1, sweep=sweep(1))
    other = lane_change(replace(place, lane="policy"), [], REMOVE, 1, sweep=sweep(1))
    assert made is not None and other is not None
    assert made.effect_key != other.effect_key


def test_a_lift_keeps_the_versions_of_what_it_lifts():
    held = lane_change(PLACE, [], REMOVE, 1, sweep=sweep(1, "enforce", ("m-1", "p-1")))
    assert held is not None
    made = lifted(PLACE, [held], sweep=sweep(2, "appeal", ("a1",)), source_id="a1")
    assert made is not None
    assert (made.action, made.model_version, made.source_id) == ("none", "m-1", "a1")
    assert lifted(PLACE, [held, made], sweep=sweep(3, "appeal", ("a1",)), source_id="a1") is None
    assert lifted(PLACE, [], sweep=sweep(3, "appeal", ("a1",)), source_id="a1") is None

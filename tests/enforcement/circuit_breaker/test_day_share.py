"""How much of a day's posts effects may be, of a harm and of all together."""

import pytest
from builders import DAY

from harmsweep.enforcement.circuit_breaker.caps import CapBreach, used_in_24h
from harmsweep.enforcement.circuit_breaker.day_share import share_breaches
from harmsweep.enforcement.state.day_ledger import micros
from harmsweep.errors import Held
from harmsweep.policy.actions import VISIBLE

HATE, SPAM = ("hate", "apply"), ("spam", "apply")


def test_a_harm_may_reach_its_share_of_a_day_and_not_pass_it():
    assert share_breaches({HATE: 400}, {HATE: 100}, 10_000, is_known=True) == []
    (breach,) = share_breaches({HATE: 401}, {HATE: 100}, 10_000, is_known=True)
    assert breach == CapBreach(*HATE, 401, 100, 500, "share")
    assert breach.line() == (
        "hate: 401 to apply and 100 in the last 24 hours are more than the 500 of a day's posts"
        " that a harm may have"
    )


def test_without_weeks_of_history_the_stricter_share_holds():
    assert share_breaches({HATE: 200}, {}, 10_000, is_known=False) == []
    (breach,) = share_breaches({HATE: 201}, {}, 10_000, is_known=False)
    assert breach.limit == 200


def test_a_small_day_may_have_the_least_number():
    assert share_breaches({HATE: 50, SPAM: 50}, {}, 60, is_known=False) == []
    assert [b.limit for b in share_breaches({HATE: 51}, {}, 60, is_known=False)] == [50]


def test_all_harms_together_may_reach_their_share_and_not_pass_it():
    harms = {(f"h{n}", "apply"): 250 for n in range(4)}
    assert share_breaches(harms, {}, 10_000, is_known=True) == []
    over = share_breaches(harms, {SPAM: 1}, 10_000, is_known=True)
    assert over == [CapBreach(*b, 1000, 1, 1000, "all harms") for b in sorted(harms)]
    assert over[0].line() == (
        "h0: 1000 to apply with all other harms and 1 in the last 24 hours are more than the 1000"
        " of a day's posts that all harms together may have"
    )


def test_directions_are_apart():
    harms = {("hate", way): 450 for way in ("apply", "release")}
    assert share_breaches(harms, {SPAM: 550}, 10_000, is_known=True) == []
    over = share_breaches(harms, {("spam", "release"): 551}, 10_000, is_known=True)
    assert [breach.batch for breach in over] == [("hate", "release")]


def test_what_is_held_anyway_does_not_hold_the_others():
    assert share_breaches({HATE: 5000, SPAM: 3}, {}, 10_000, is_known=True) == [
        CapBreach(*HATE, 5000, 0, 500, "share")
    ]
    few, before = {HATE: 350, SPAM: 3}, {("sexism", "apply"): 450}
    assert len(share_breaches(few, before, 8_000, is_known=True)) == 2
    assert share_breaches(few, before, 8_000, is_known=True, held=[HATE]) == []


@pytest.fixture
def flood(fresh, rows):
    """A day of 512 posts of which a wrong model finds the first n of hate and the next of spam."""
    post, scored = rows
    names = [f"p{n:03}" for n in range(512)]
    fresh.put_posts([post(name) for name in names])

    def of(hate: int, spam: int):
        scores = [scored(name, hate=0.99, spam=0.1) for name in names[:hate]]
        scores += [scored(name, hate=0.1, spam=0.99) for name in names[hate : hate + spam]]
        fresh.put_scores(scores)
        return fresh

    return of


def removed(lake) -> int:
    return sum(action in VISIBLE for action in lake.states().values())


@pytest.mark.parametrize(("hate", "spam", "does"), [(256, 256, 0), (256, 50, 50), (50, 50, 100)])
def test_a_wrong_model_removes_little_of_a_day_under_a_great_cap(flood, hate, spam, does):
    lake = flood(hate, spam)
    if does < hate + spam:
        with pytest.raises(Held, match="of a day's posts that a harm may have"):
            lake.sweep(apply=500)
    else:
        lake.sweep(apply=500)
    assert removed(lake) == does
    assert len(lake.ledger("held")) + len(lake.ledger()) == hate + spam


def test_many_sweeps_are_no_less_than_a_great_one(flood):
    flood(50, 0).sweep(apply=500)
    lake = flood(51, 0)
    with pytest.raises(Held, match="hate: 1 to apply and 50 in the last 24 hours"):
        lake.sweep(apply=500)
    at = micros(lake.ledger()[0]["recorded_at"]) + 1_000_000
    assert used_in_24h(lake.root, at, DAY) == {HATE: 50}
    assert used_in_24h(lake.root, at, DAY.replace(day=2)) == {}

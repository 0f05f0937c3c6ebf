"""What follows from strikes, on literal rows: plain Python."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harmsweep.enforcement.rules.effects import EPOCH, Sweep
from harmsweep.enforcement.rules.guardrails import Post
from harmsweep.enforcement.rules.ledger import ACCOUNTS_DAY, Entry, Scope
from harmsweep.enforcement.rules.reversal import redo_effect, undo_effect
from harmsweep.enforcement.rules.strikes import (
    Restriction,
    Strike,
    account_change,
    restriction,
    restricts_more,
)
from harmsweep.policy.file import Accounts

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
DAYS = timedelta(days=1)
ACCOUNT = Scope("account", "a1", "all", "all")
RULES = Accounts.model_validate(
    {"decay_days": 90, "ladder": [{"strikes": 2, "days": 7}, {"strikes": 3, "days": 30}]}
)


def strike(days_ago: float, harm: str = "hate") -> Strike:
    """A strike of so many days ago."""
    return Strike(NOW - days_ago * DAYS, "strike", harm)


def restrict(days_ago: float, days: int) -> Strike:
    """A strike that restricts by itself."""
    return Strike(NOW - days_ago * DAYS, "restrict", "violence", days)


@pytest.mark.parametrize(
    ("strikes", "expected"),
    [
        ([], None),
        ([strike(1)], None),
        ([strike(1), strike(3)], Restriction(NOW + 6 * DAYS, "hate")),
        ([strike(3), strike(1, "spam")], Restriction(NOW + 6 * DAYS, "spam")),
        ([strike(1), strike(2), strike(3)], Restriction(NOW + 29 * DAYS, "hate")),
        ([strike(1), strike(2), strike(90)], Restriction(NOW + 6 * DAYS, "hate")),
        ([strike(7), strike(8)], None),
        ([strike(6.99), strike(8)], Restriction(NOW - 6.99 * DAYS + 7 * DAYS, "hate")),
        ([restrict(1, 3)], Restriction(NOW + 2 * DAYS, "violence")),
        ([restrict(3, 3)], None),
        ([restrict(1, 20), strike(2)], Restriction(NOW + 19 * DAYS, "violence")),
    ],
    ids=range(11),
)
def test_strikes_that_still_count_come_to_the_rung_that_they_reach(
    strikes: list[Strike], expected: Restriction | None
) -> None:
    assert restriction(strikes, RULES, NOW) == expected
    assert restriction(strikes[::-1], RULES, NOW) == expected


def sweep(n: int, kind: str = "enforce", subject: tuple[str, ...] = ("m-1", "p-1")) -> Sweep:
    """The nth sweep, so many microseconds after NOW."""
    at = (NOW - EPOCH) // timedelta(microseconds=1) + n
    return Sweep(NOW.date(), kind, subject, f"s{n - 1}", at, "tester")


def act(history: list[Entry], strikes: list[Strike], n: int = 1) -> Entry | None:
    """What the nth sweep does to the account."""
    return account_change(ACCOUNT, history, strikes, sweep=sweep(n), accounts=RULES)


TWO = [strike(1), strike(3)]


def restricted() -> Entry:
    effect = act([], TWO)
    assert effect is not None
    return effect


def test_a_restriction_says_until_when_and_in_which_partition() -> None:
    effect = restricted()
    assert (effect.action, effect.expires_at, effect.harm) == ("restrict", NOW + 6 * DAYS, "hate")
    assert (effect.day, effect.subject_kind, effect.cause_kind) == (
        ACCOUNTS_DAY,
        "account",
        "strikes",
    )
    assert (effect.revision, effect.model_version, effect.policy_version) == (0, "m-1", "p-1")
    assert effect.sweep_id == sweep(1).sweep_id


def test_the_same_strikes_do_nothing_again() -> None:
    assert act([restricted()], TWO, 2) is None
    assert act([], [strike(1)]) is None


def test_another_strike_restricts_for_longer() -> None:
    effect = act([restricted()], [*TWO, strike(0.5)], 2)
    assert effect is not None
    assert (effect.expires_at, effect.previous_action) == (NOW + 29.5 * DAYS, "restrict")


def test_an_overturned_strike_lifts_what_followed_from_it() -> None:
    effect = act([restricted()], TWO[:1], 2)
    assert effect is not None
    assert (effect.action, effect.expires_at, effect.harm) == ("none", None, "hate")
    assert act([restricted(), effect], TWO[:1], 3) is None


def test_what_has_ended_by_itself_is_not_lifted() -> None:
    over = replace(restricted(), expires_at=NOW)
    assert act([over], [], 2) is None


def test_what_a_person_undid_stays_so_until_another_strike() -> None:
    history: list[Any] = [restricted()]
    subject = (history[0].sweep_id,)
    history.append(undo_effect(ACCOUNT, history, Post(0, "a1"), sweep=sweep(2, "undo", subject)))
    assert history[1].action == "none"
    assert history[1].day == ACCOUNTS_DAY
    assert act(history, TWO, 3) is None
    assert act(history, [*TWO, strike(0.5)], 3) is not None
    again = redo_effect(ACCOUNT, history, Post(0, "a1"), sweep=sweep(4, "redo", subject))
    assert again is not None
    assert again.expires_at == history[0].expires_at


def test_new_and_longer_restrictions_are_more_and_shorter_and_lifted_ones_are_not() -> None:
    first = restricted()
    longer = act([first], [*TWO, strike(0.5)], 2)
    assert longer is not None
    history = [first, longer]
    shorter, lifted = act(history, TWO, 3), act(history, [], 3)
    assert shorter is not None and lifted is not None
    assert restricts_more(first, []) and restricts_more(longer, [first])
    assert not restricts_more(shorter, history) and not restricts_more(lifted, history)
    again = act([first, replace(first, entry="outcome"), lifted], TWO, 4)
    assert again is not None
    assert restricts_more(again, [first, lifted])

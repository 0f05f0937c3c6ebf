"""The state that follows from the entries of a scope, on literal rows."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from harmsweep.enforcement.rules.ledger import (
    ACCOUNTS_DAY,
    Entry,
    Scope,
    direction,
    effect_key,
    holding,
    is_counted,
    latest,
    open_intents,
)
from harmsweep.policy.actions import SEVERITY, VISIBLE

SCOPE = Scope("post", "p1", "all", "all")


def entry(
    key: str, minute: int, action: str = "remove", kind: str = "intent", **more: Any
) -> Entry:
    """An entry of one scope."""
    fields: dict[str, Any] = {
        "day": date(2026, 10, 1),
        "effect_key": key,
        "entry": kind,
        "recorded_at": datetime(2026, 10, 1, 12, minute, tzinfo=UTC),
        "sweep_id": "s",
        "subject_kind": "post",
        "subject_id": "p1",
        "revision": 1,
        "action": action,
        "previous_action": "none",
        "direction": "apply",
        "surface": "all",
        "jurisdiction": "all",
        "cause_kind": "decision",
        "cause_id": "c",
        "previous_key": None,
        "state_key": key,
        "harm": "hate",
        "score": 0.9,
        "threshold": 0.8,
        "model_version": "m-1",
        "policy_version": "p-1",
        "operator": "tester",
    }
    return Entry(**(fields | more))


FIRST, SECOND = entry("k1", 1, "demote"), entry("k2", 3)
DONE = [entry("k1", 2, "demote", "outcome"), entry("k2", 4, kind="outcome")]
CHAIN = [SECOND, *DONE, FIRST]


def test_the_last_effect_is_the_newest_intent_in_any_order():
    assert latest(CHAIN) == SECOND
    assert latest(CHAIN[::-1]) == SECOND
    assert latest([replace(SECOND, entry="held"), FIRST]) == FIRST
    assert latest([]) is None
    assert latest([replace(FIRST, entry="held")]) is None


def test_of_two_effects_at_one_time_the_greater_key_is_last():
    same = replace(FIRST, recorded_at=SECOND.recorded_at)
    assert latest([same, SECOND]) == latest([SECOND, same]) == SECOND


def test_the_last_effect_holds_or_the_one_that_it_restores():
    assert holding(CHAIN) == SECOND
    undo = entry("k3", 5, "demote", state_key="k1", cause_kind="undo")
    assert holding([*CHAIN, undo]) == FIRST
    assert holding([]) is None


def test_nothing_holds_after_a_release_or_where_all_is_held():
    assert holding([*CHAIN, entry("k3", 5, "none")]) is None
    assert holding([entry("k1", 1, kind="held")]) is None


def test_a_state_that_no_intent_of_the_chain_has_holds_nothing():
    assert holding([entry("k1", 1, state_key="lost")]) is None
    assert holding([entry("k3", 5, state_key="k1"), entry("k1", 1, kind="held")]) is None


def test_intents_without_an_outcome_are_open():
    assert open_intents(CHAIN) == []
    assert open_intents([SECOND, DONE[0], FIRST]) == [SECOND]
    assert open_intents([entry("k9", 1, kind="held")]) == []


@pytest.mark.parametrize(
    ("action", "previous", "expected"),
    [
        ("remove", "none", "apply"),
        ("remove", "remove", "apply"),
        ("demote", "remove", "release"),
        ("none", "review", "release"),
        ("review", "none", "apply"),
        ("label", "review", "apply"),
        ("demote", "label", "apply"),
    ],
)
def test_less_severe_is_a_release(action, previous, expected):
    assert direction(action, previous) == expected


def test_severities_are_in_order():
    assert sorted(SEVERITY, key=SEVERITY.__getitem__) == [
        "none", "review", "label", "demote", "interstitial", "remove", "strike", "restrict",
    ]  # fmt: skip
    assert VISIBLE == ("label", "demote", "interstitial", "remove", "strike", "restrict")


@pytest.mark.parametrize(
    ("action", "previous", "counts"),
    [
        ("remove", "none", True),
        ("label", "review", True),
        ("none", "remove", True),
        ("review", "demote", True),
        ("review", "none", False),
        ("none", "review", False),
    ],
)
def test_caps_count_what_others_can_see(action, previous, counts):
    assert is_counted(direction(action, previous), action, previous) is counts
    found = entry("k", 1, action, previous_action=previous, direction=direction(action, previous))
    assert found.is_counted is counts


def test_only_intents_without_an_outcome_are_open():
    first, done = entry("k1", 1), entry("k1", 2, kind="outcome")
    held_effect = [entry("k2", 3, kind=kind) for kind in ("held", "discarded", "withheld")]
    assert open_intents([first, done, *held_effect]) == []
    # Neither is one closed by what is no outcome.
    assert open_intents([first, entry("k1", 3, kind="withheld"), *held_effect]) == [first]


def test_accounts_are_on_a_day_of_their_own_that_lakes_know():
    assert date(1970, 1, 1) == ACCOUNTS_DAY


def test_an_effect_counts_by_what_others_see_of_it():
    assert is_counted("apply", "remove", "none")
    assert not is_counted("apply", "review", "none")
    assert is_counted("release", "none", "label")
    assert not is_counted("release", "none", "review")


def test_an_action_is_over_from_its_end_on():
    ends = datetime(2026, 10, 8, tzinfo=UTC)
    found = entry("k", 1, expires_at=ends)
    assert [found.has_expired(ends.replace(day=day)) for day in (7, 8, 9)] == [False, True, True]
    assert not entry("k", 1).has_expired(ends)


def test_a_key_is_the_hash_of_identity_and_cause():
    text = json.dumps(
        ["post", "p1", "1", "review", "all", "all", "policy", "c"], separators=(",", ":")
    )
    key = hashlib.sha256(text.encode()).hexdigest()
    assert effect_key(SCOPE, 1, "review", "c") == key
    others = [
        effect_key(replace(SCOPE, **{name: "x"}), 1, "review", "c")
        for name in ("subject_kind", "subject_id", "surface", "jurisdiction", "lane")
    ]
    others += [effect_key(SCOPE, 2, "review", "c"), effect_key(SCOPE, 1, "remove", "c")]
    others += [effect_key(SCOPE, 1, "review", "d")]
    assert len({key, *others}) == 9


def test_a_key_knows_texts_of_any_script_apart():
    one, other = (replace(SCOPE, subject_id=name) for name in ("é", "e"))
    assert effect_key(one, 1, "review", "c") != effect_key(other, 1, "review", "c")
    text = '["post","é","1","review","all","all","policy","c"]'
    assert effect_key(one, 1, "review", "c") == hashlib.sha256(text.encode()).hexdigest()

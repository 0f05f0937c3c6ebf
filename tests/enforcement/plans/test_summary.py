"""What a person reads of a plan."""

import math
from typing import Any

import pytest
from planning import planned

from harmsweep.enforcement.plans.summary import mask, samples, tables


@pytest.fixture
def known(held, text_of):
    """A swept day with what is known of its posts' authors and audience."""
    told = {
        "removed": {"followers": 5.0, "account_age_days": 3.0, "views": 100.0},
        "demoted": {"followers": 20000.0, "account_age_days": 40.0, "views": 10.0},
        "spam": {"followers": 200000.0, "account_age_days": 900.0, "views": 1.0},
        "reviewed": {"followers": 1500.0, "views": 1000.0},
    }
    held.put_features(
        [text_of(post, f"{post} words", language="en", **f) for post, f in told.items()]
    )
    return held


def rows_of(lake: Any, plan: Any, name: str, *columns: str) -> set[tuple[Any, ...]]:
    return {tuple(row[c] for c in columns) for row in tables(lake.root, plan)[name]}


def test_a_plan_is_read_by_harm_and_action_with_what_stays(known):
    plan = planned(known, version=2, remove=0.995, demote=0.95)
    columns = ("harm", "held", "action", "applied", "released", "unchanged", "views")
    assert rows_of(known, plan, "by harm and action", *columns) == {
        ("hate", "remove", "demote", 0, 1, 0, 100),
        ("hate", "demote", "review", 0, 1, 0, 10),
        ("hate", "review", "review", 0, 0, 1, 0),
        ("spam", "remove", "remove", 0, 0, 1, 0),
    }


def test_a_plan_is_read_by_language_audience_and_age(known):
    plan = planned(known, version=2, remove=0.995, demote=0.95)
    counts = ("released", "unchanged", "views")
    assert rows_of(known, plan, "by language", "harm", "language", *counts) == {
        ("hate", "en", 2, 1, 110), ("spam", "en", 0, 1, 0),
    }  # fmt: skip
    assert rows_of(known, plan, "by audience", "harm", "followers", *counts) == {
        ("hate", "under 1,000", 1, 0, 100), ("hate", "10,000 and up", 1, 0, 10),
        ("hate", "1,000 and up", 0, 1, 0), ("spam", "100,000 and up", 0, 1, 0),
    }  # fmt: skip
    assert rows_of(known, plan, "by age of the account", "harm", "days", *counts) == {
        ("hate", "under 30", 1, 0, 100), ("hate", "30 and up", 1, 0, 10),
        ("hate", "unknown", 0, 1, 0), ("spam", "365 and up", 0, 1, 0),
    }  # fmt: skip


def test_a_post_without_features_is_counted_as_unknown(fresh):
    plan = planned(fresh)
    assert rows_of(fresh, plan, "by language", "language") == {("unknown",)}
    assert sum(row["applied"] for row in tables(fresh.root, plan)["by language"]) == 4


def test_samples_are_of_what_would_change_and_masked(known):
    plan = planned(known, version=2, remove=0.995, demote=0.95)
    read = samples(known.root, plan)
    assert {(row["post"], row["text"]) for row in read} == {
        ("removed", "r······ w····"), ("demoted", "d······ w····"),
    }  # fmt: skip
    assert all(math.isfinite(row["score"]) for row in read)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("", ""),
        ("a", "a"),
        ("Kill them all", "K··· t··· a··"),
        ("the\nend", "t·· e··"),
        ("né", "n·"),
        ("it's, 'so'!", "i·'·, 's·'!"),
        ("v i l e words", "v · · · w····"),
        ("v.i.l.e v-i-l-e v_i_l_e", "v.·.·.· v-·-·-· v_·_·_·"),
        ("v . i . l . e", "v . · . · . ·"),
        ("v\u200bile", "v····"),
        ("🅥 🅘 🅛 🅔", "🅥 · · ·"),
        ("नमस्ते", "न·····"),
        ("漢字 🙂🙂", "漢· 🙂·"),
    ],
)
def test_a_masked_text_keeps_the_first_letter_of_each_word(text: str, masked: str):
    assert mask(text) == masked


def test_a_long_text_is_cut():
    assert len(mask("word " * 100)) == 81

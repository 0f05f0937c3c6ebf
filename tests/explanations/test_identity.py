"""Words for a group of people alone are no evidence: no notice, and a review."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from enforcement_lake import model_ref

from harmsweep.errors import Held
from harmsweep.explanations.identity import is_identity_alone
from harmsweep.explanations.subject import Subject
from harmsweep.explanations.withheld import review_withheld
from harmsweep.lake import writes
from harmsweep.policy.archive import keep_policy
from harmsweep.policy.file import load_policy
from harmsweep.tables.catalog import EXPLANATIONS

DAY = date(2026, 10, 1)


def text(words: str, *more: dict[str, object]) -> tuple[list[dict[str, object]], Subject]:
    part = {"input": "text", "spans": [[0, len(words)]]}
    return [part, *more], Subject("p1", 1, words, "en", {0: ["Gay people"]}, {})


@pytest.mark.parametrize("words", ["Muslims", "gay", "Black women,", "immigrant's", "Jews"])
def test_words_for_groups_alone_are_no_evidence(words: str):
    assert is_identity_alone(*text(words))
    assert is_identity_alone(*text(words, {"input": "media_text", "lines": [[0, 0]]}))


@pytest.mark.parametrize("words", ["Muslims out", "worthless", "gay trash", "…"])
def test_with_another_word_they_are_evidence(words: str):
    assert not is_identity_alone(*text(words))


def test_a_picture_is_evidence_and_nothing_is_none():
    picture = {"input": "image", "position": 0, "grid": 4, "cells": [[0, 0]]}
    assert not is_identity_alone(*text("gay", picture))
    assert not is_identity_alone([], text("gay")[1])


def withhold(lake: Any, post: str) -> None:
    """Make a post's effect in force one that has no reason to tell."""
    (effect,) = [e for e in lake.ledger() if e["subject_id"] == post and e["entry"] == "intent"]
    known = {"day": DAY, "effect_key": effect["effect_key"], "post_id": post, "revision": 1}
    known |= {"model_version": "m-1", "status": "confirmed", "contributions": "{}"}
    known |= {"evidence": "[]", "statement": None, "notice": ""}
    known |= {"explained_at": datetime.now(UTC), "seconds": 0.0}
    writes.write_rows([known], EXPLANATIONS, lake.root)


def test_a_post_without_a_reason_to_tell_is_reviewed_by_the_next_sweep(held):
    assert held.states()["removed"] == "remove"
    withhold(held, "removed")
    held.sweep()
    assert held.states()["removed"] == "review"
    assert held.states()["demoted"] == "demote"
    held.sweep(version=2)
    assert held.states()["removed"] == "review"


def test_it_is_reviewed_at_once_under_the_policy_that_acted(held):
    keep_policy(load_policy(held.policy()), held.root)
    withhold(held, "removed")
    assert review_withheld(held.root, DAY, model_ref("m-1")) == 1
    states, before = held.states(), len(held.ledger())
    assert (states["removed"], states["demoted"], states["spam"]) == ("review", "demote", "remove")
    assert review_withheld(held.root, DAY, model_ref("m-1")) == 0
    held.sweep()
    assert (held.states(), len(held.ledger())) == (states, before)


def test_another_models_action_without_a_reason_is_left_to_its_runs(held):
    keep_policy(load_policy(held.policy()), held.root)
    withhold(held, "removed")
    assert review_withheld(held.root, DAY, model_ref("m-2")) == 0
    assert held.states()["removed"] == "remove"


def test_where_the_policy_is_not_kept_it_is_left_to_the_next_sweep(held):
    withhold(held, "removed")
    assert review_withheld(held.root, DAY, model_ref("m-1")) == 0
    assert held.states()["removed"] == "remove"


def test_more_than_a_cap_lets_go_wait_for_people(fresh):
    fresh.sweep(release=0)
    keep_policy(load_policy(fresh.policy(release=0)), fresh.root)
    withhold(fresh, "removed")
    assert review_withheld(fresh.root, DAY, model_ref("m-1")) == 0
    assert fresh.states()["removed"] == "remove"
    with pytest.raises(Held, match="hate"):
        fresh.sweep(release=0)


def test_what_has_newer_scores_than_decisions_is_left_to_the_next_sweep(held, rows):
    _, scored = rows
    keep_policy(load_policy(held.policy()), held.root)
    withhold(held, "removed")
    held.put_scores([scored("removed", hate=0.96)])
    assert review_withheld(held.root, DAY, model_ref("m-1")) == 0
    assert held.states()["removed"] == "remove"

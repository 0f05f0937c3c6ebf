"""Words for a group of people alone are no evidence: no notice, and a review."""

from datetime import UTC, date, datetime

import pytest

from harmsweep.explanations.identity import is_identity_alone
from harmsweep.explanations.subject import Subject
from harmsweep.lake import writes
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


def test_a_post_without_a_reason_to_tell_is_reviewed_by_the_next_sweep(held):
    assert held.states()["removed"] == "remove"
    (effect,) = [e for e in held.ledger() if e["subject_id"] == "removed"]
    known = {"day": DAY, "effect_key": effect["effect_key"], "post_id": "removed", "revision": 1}
    known |= {"model_version": "m-1", "status": "confirmed", "contributions": "{}"}
    known |= {"evidence": "[]", "statement": None, "notice": ""}
    known |= {"explained_at": datetime.now(UTC), "seconds": 0.0}
    writes.write_rows([known], EXPLANATIONS, held.root)
    held.sweep()
    assert held.states()["removed"] == "review"
    assert held.states()["demoted"] == "demote"
    held.sweep(version=2)
    assert held.states()["removed"] == "review"

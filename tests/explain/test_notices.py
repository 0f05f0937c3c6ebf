"""What authors are told, and the statement of reasons that goes with it."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import yaml
from pydantic import ValidationError

from harmsweep.explain.notices import Notices, filled, load_notices, notice, statement
from harmsweep.explain.statement import EEA, Statement
from harmsweep.explain.subject import Subject
from harmsweep.harms import HARMS
from harmsweep.ledger import VISIBLE, Entry
from harmsweep.paths import CONF

DAY = date(2026, 10, 1)
TEXT = "You have won {1} of 3 prizes, call now"
POST = Subject("p1", 1, TEXT, "en", {0: ["CALL NOW", "or never"]}, {0: {"kind": "image"}})
EVIDENCE = [
    {"input": "text", "spans": [[13, 16], [30, 34]]},
    {"input": "media_text", "lines": [[0, 1]]},
    {"input": "image", "position": 0, "grid": 8, "cells": [[0, 7], [1, 7], [7, 0]]},
    {"input": "video", "position": 1, "frames": [3, 4], "of": 16},
]
ENTRY = Entry(
    day=DAY, effect_key="a" * 64, entry="intent", recorded_at=datetime(2026, 10, 2, tzinfo=UTC),
    sweep_id="s", subject_kind="post", subject_id="p1", revision=1, action="remove",
    previous_action="none", direction="apply", surface="all", jurisdiction="all",
    cause_kind="decision", cause_id="c", previous_key=None, state_key="a" * 64, harm="spam",
    score=0.8734, threshold=0.8, model_version="m1", policy_version="v1", operator="o",
)  # fmt: skip


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("action", VISIBLE)
def test_every_harm_and_action_has_a_notice_and_a_valid_statement(harm, action):
    entry = replace(ENTRY, harm=harm, action=action)
    told = notice(entry, EVIDENCE, reproduced=True)
    assert "appeal" in told
    assert "automated means" in told
    assert "0.87" not in told
    made = statement(entry, POST)
    assert made.territorial_scope == EEA
    assert Statement.model_validate_json(made.model_dump_json(exclude_none=True)) == made
    assert TEXT not in made.model_dump_json()


def test_the_words_are_those_of_the_post_and_masked_unless_asked_for():
    told = notice(ENTRY, EVIDENCE, reproduced=True)
    assert not [w for w in ("{1} of", "call", "never") if w in told]
    shown = filled(told, EVIDENCE, POST, mask=False)
    assert "these words of your post: “{1}”, “call”." in shown
    assert "this text in your picture: “or never”." in shown
    assert "a part of your picture: upper right, lower left." in shown
    assert "a part of your video: from 18 % to 32 % of its length." in shown
    masked = filled(told, EVIDENCE, POST, mask=True)
    assert "“{*}”, “****”" in masked


def test_without_evidence_the_words_are_general():
    assert "No single part" in notice(ENTRY, [], reproduced=True)
    assert "no longer be shown" in notice(ENTRY, [], reproduced=False)


def test_a_statement_is_of_where_it_holds_and_what_it_is_about():
    made = statement(replace(ENTRY, jurisdiction="DE"), POST)
    assert made.territorial_scope == ("DE",)
    assert made.content_type == ("CONTENT_TYPE_IMAGE", "CONTENT_TYPE_TEXT")
    assert (made.content_language, made.content_date) == ("EN", DAY)
    assert made.automated_decision == "AUTOMATED_DECISION_FULLY"
    assert statement(replace(ENTRY, jurisdiction="US"), POST) is None
    assert statement(ENTRY, replace(POST, language="und")).content_language is None
    by_hand = statement(replace(ENTRY, cause_kind="verdict"), POST)
    assert by_hand.automated_decision == "AUTOMATED_DECISION_PARTIALLY"
    assert "automated" not in notice(replace(ENTRY, cause_kind="verdict"), [], reproduced=True)


@pytest.mark.parametrize(
    "change",
    [
        {"category": "STATEMENT_CATEGORY_SPAM"},
        {"decision_visibility": ["DECISION_VISIBILITY_OTHER"]},
        {"decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT"},
        {"territorial_scope": ["US"]},
        {"application_date": "2019-12-31"},
        {"end_date_visibility_restriction": "2026-10-01"},
        {"decision_facts": "x" * 5001},
        {"puid": "a b"},
        {"author": "a1"},
    ],
)
def test_what_the_database_would_refuse_is_refused(change):
    facts = statement(ENTRY, POST).model_dump(mode="json")
    assert Statement.model_validate(facts)
    with pytest.raises(ValidationError):
        Statement.model_validate(facts | change)


@pytest.mark.parametrize("part", ["harms", "actions"])
def test_a_harm_or_an_action_without_wording_is_refused(part):
    content = yaml.safe_load((CONF / "notices.yaml").read_text(encoding="utf-8"))
    assert Notices.model_validate(content) == load_notices()
    gone = sorted(content[part])[0]
    del content[part][gone]
    with pytest.raises(ValidationError, match=f"lack .*{gone}"):
        Notices.model_validate(content)

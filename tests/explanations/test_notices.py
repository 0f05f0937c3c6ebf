"""What authors are told, and the statement of reasons that goes with it."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
import yaml
from pydantic import ValidationError

from harmsweep.enforcement.rules.ledger import Entry
from harmsweep.explanations.conf import Notices, load_notices
from harmsweep.explanations.notices import filled, notice
from harmsweep.explanations.pending import Due
from harmsweep.explanations.reasons import statement
from harmsweep.explanations.statement import EEA, Statement
from harmsweep.explanations.subject import Subject
from harmsweep.harms import HARMS
from harmsweep.paths import CONF
from harmsweep.policy.actions import VISIBLE

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
    cause_kind="decision", cause_id="c", previous_key=None, state_key="a" * 64, harm="sexual",
    score=0.8734, threshold=0.8, model_version="m1", policy_version="v1", operator="o",
)  # fmt: skip


DUE = Due(ENTRY, "decision")


def entry_due(cause="decision", **changes):
    """An effect that is due, with some changes."""
    return Due(replace(ENTRY, **changes), cause)


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("action", VISIBLE)
def test_every_harm_and_action_has_a_notice_and_a_valid_statement(harm, action):
    due = entry_due(harm=harm, action=action)
    told = notice(due, EVIDENCE, status="confirmed")
    assert "appeal" in told
    assert "automated means" in told
    assert "0.87" not in told
    made = statement(due, POST)
    assert made.territorial_scope == EEA
    assert Statement.model_validate_json(made.model_dump_json(exclude_none=True)) == made
    assert TEXT not in made.model_dump_json()


def test_the_words_are_those_of_the_post_and_masked_unless_asked_for():
    told = notice(DUE, EVIDENCE, status="confirmed")
    assert not [w for w in ("{1} of", "call", "never") if w in told]
    shown = filled(told, EVIDENCE, POST, mask=False)
    assert "these words of your post: “{1}”, “call”." in shown
    assert "this text in your picture: “or never”." in shown
    assert "a part of your picture: upper right, lower left." in shown
    assert "a part of your video: from 18 % to 32 % of its length." in shown
    masked = filled(told, EVIDENCE, POST, mask=True)
    assert "“{*}”, “****”" in masked


@pytest.mark.parametrize(
    ("word", "stars"),
    [
        ("🐒🐒", "**"),
        ("कुत्ती", "***"),
        ("e\u0301cole!", "*****!"),
        ("👨\u200d👩\u200d👧", "*"),
        ("\u0941", "*"),
        ("a b_c $5", "* *_* **"),
    ],
)
def test_a_mask_leaves_nothing_to_read_but_spaces_and_punctuation(word, stars):
    post = replace(POST, clean_text=word)
    part = {"input": "text", "spans": [[0, len(word)]]}
    assert filled("{0}", [part], post, mask=True) == f"“{stars}”"


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("general", "No single part"),
        ("not_searched", "cannot be shown"),
        ("not_reproduced", "cannot be shown"),
        ("expired", "cannot be shown"),
    ],
)
def test_that_no_part_decided_it_is_said_only_where_every_part_was_looked_at(status, told):
    assert told in notice(DUE, [], status=status)
    assert ("No single part" in notice(DUE, [], status=status)) is (status == "general")


@pytest.mark.parametrize(
    ("surface", "jurisdiction", "told"),
    [
        ("all", "all", "on the whole platform and in every country."),
        ("feed", "all", "on feed only, and there in every country."),
        ("all", "DE", "only for readers in Germany."),
        ("feed", "US", "on feed only, and there only for readers in US."),
    ],
)
def test_a_notice_says_where_the_action_holds(surface, jurisdiction, told):
    due = entry_due(surface=surface, jurisdiction=jurisdiction)
    assert told in notice(due, [], status="general")


def test_a_notice_says_until_when_the_action_holds():
    ends = datetime(2026, 10, 9, 3, tzinfo=UTC)
    due = entry_due(expires_at=ends, action="label")
    assert "ends by itself on 9 October 2026." in notice(due, [], status="general")
    assert statement(due, POST).end_date_visibility_restriction == ends.date()
    assert "no end set" in notice(DUE, [], status="general")


def test_a_restricted_account_is_told_until_when_and_where():
    ends = datetime(2026, 10, 9, tzinfo=UTC)
    due = entry_due(
        "strikes", subject_kind="account", action="restrict", jurisdiction="DE", expires_at=ends
    )
    told = notice(due, [], status="unscored")
    assert told.startswith("Your account is suspended. This holds only for readers in Germany.")
    assert "9 October 2026" in told
    made = statement(due, None)
    assert (made.decision_account, made.decision_visibility) == ("DECISION_ACCOUNT_SUSPENDED", None)
    assert made.end_date_account_restriction == ends.date()
    assert made.territorial_scope == ("DE",)
    assert Statement.model_validate_json(made.model_dump_json(exclude_none=True)) == made


def test_a_post_says_of_no_account_that_it_is_suspended():
    made = statement(entry_due(action="restrict"), POST)
    assert made.decision_account is None
    assert "is suspended" not in notice(entry_due(action="restrict"), [], status="general")


def test_what_an_order_takes_down_is_no_strike_and_has_no_appeal_here():
    due = entry_due("order", cause_kind="order", action="strike", harm=None)
    told = notice(due, [], status="unscored")
    assert told.startswith("Your post was removed. ")
    assert "An authority ordered it." in told
    assert not [word for word in ("rules", "automated", "free of charge") if word in told]
    assert statement(due, POST) is None


@pytest.mark.parametrize(
    ("cause", "decided", "detected", "told"),
    [
        ("decision", "FULLY", "Yes", "decision was taken by automated means"),
        ("let_go", "PARTIALLY", "Yes", "People then let the decision take effect"),
        ("copy", "FULLY", "Yes", "a post that yours is a copy of"),
        ("verdict", "NOT_AUTOMATED", "No", "One of our reviewers"),
    ],
)
def test_how_far_a_decision_was_automated_is_said_as_it_was(cause, decided, detected, told):
    made = statement(Due(ENTRY, cause), POST)
    assert made.automated_decision == f"AUTOMATED_DECISION_{decided}"
    assert made.automated_detection == detected
    assert told in notice(Due(ENTRY, cause), [], status="unscored")
    assert told in made.decision_facts


def test_a_post_that_a_model_sent_to_review_was_found_by_automated_means():
    made = statement(Due(ENTRY, "verdict", was_found=True), POST)
    assert made.automated_detection == "Yes"


def test_a_harm_that_conf_does_not_know_is_told_in_general_words():
    due = entry_due("verdict", harm="doxing")
    assert "breaks our rules" in notice(due, [], status="unscored")
    assert statement(due, POST).category == "STATEMENT_CATEGORY_OTHER_VIOLATION_TC"


def test_a_statement_is_of_where_it_holds_and_what_it_is_about():
    made = statement(entry_due(jurisdiction="DE"), POST)
    assert made.territorial_scope == ("DE",)
    assert made.content_type == ("CONTENT_TYPE_IMAGE", "CONTENT_TYPE_TEXT")
    assert (made.content_language, made.content_date) == ("EN", DAY)
    assert statement(entry_due(jurisdiction="US"), POST) is None


def test_a_post_of_which_nothing_could_be_read_has_a_statement():
    made = statement(DUE, replace(POST, clean_text="", media={}))
    assert made.content_type == ("CONTENT_TYPE_OTHER",)


@pytest.mark.parametrize(
    ("found", "told"),
    [("en", "EN"), ("yue", "ZH"), ("arz", "AR"), ("pcm", None), ("zxx", None), ("und", None)],
)
def test_languages_are_told_in_two_letters_or_not_at_all(found, told):
    assert statement(DUE, replace(POST, language=found)).content_language == told


@pytest.mark.parametrize(
    "change",
    [
        {"category": "STATEMENT_CATEGORY_SPAM"},
        {"decision_visibility": ["DECISION_VISIBILITY_OTHER"]},
        {"decision_ground": "DECISION_GROUND_ILLEGAL_CONTENT"},
        {"territorial_scope": ["US"]},
        {"application_date": "2019-12-31"},
        {"end_date_visibility_restriction": "2026-10-01"},
        {"end_date_account_restriction": "2026-10-09"},
        {"decision_visibility": None},
        {"content_type": ["CONTENT_TYPE_OTHER"]},
        {"decision_facts": "x" * 5001},
        {"puid": "a b"},
        {"author": "a1"},
    ],
)
def test_what_the_database_would_refuse_is_refused(change):
    facts = statement(DUE, POST).model_dump(mode="json")
    assert Statement.model_validate(facts)
    with pytest.raises(ValidationError):
        Statement.model_validate(facts | change)


@pytest.mark.parametrize("part", ["actions", "causes"])
def test_an_action_or_a_cause_without_wording_is_refused(part):
    content = yaml.safe_load((CONF / "notices.yaml").read_text(encoding="utf-8"))
    assert Notices.model_validate(content) == load_notices()
    gone = sorted(content[part])[0]
    del content[part][gone]
    with pytest.raises(ValidationError, match=f"lack .*{gone}"):
        Notices.model_validate(content)


def test_a_harm_without_wording_is_told_of_as_any_other():
    content = yaml.safe_load((CONF / "notices.yaml").read_text(encoding="utf-8"))
    del content["harms"]["hate"]
    wordings = Notices.model_validate(content)
    assert wordings.harm("hate") == wordings.other_harm


def test_a_wording_of_a_harm_that_there_is_none_of_is_refused():
    content = yaml.safe_load((CONF / "notices.yaml").read_text(encoding="utf-8"))
    content["harms"]["haet"] = content["harms"]["hate"]
    with pytest.raises(ValidationError, match=r"have unknown \['haet'\]"):
        Notices.model_validate(content)


@pytest.mark.parametrize("status", ["confirmed", "general", "not_searched"])
@pytest.mark.parametrize("harm", HARMS)
def test_spam_is_told_without_what_to_change_to_get_past(harm, status):
    evidence = EVIDENCE if status == "confirmed" else []
    told = notice(entry_due(harm=harm), evidence, status=status)
    assert ("decided it" in told) == (harm != "spam")
    assert ("{0}" in told) == (harm != "spam" and status == "confirmed")
    assert load_notices().harm(harm).said in told

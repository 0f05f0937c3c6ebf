"""What authors are told of effects that no score led to, and of how each effect came about."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from harmsweep.cli.main import app
from harmsweep.enforcement.rules.effects import Sweep
from harmsweep.enforcement.state.day_ledger import as_row
from harmsweep.explanations.pending import cause_of
from harmsweep.explanations.statement import Statement
from harmsweep.lake import delta, writes
from harmsweep.operations import audit
from harmsweep.stages.explain import recent_days
from harmsweep.tables.catalog import ESCALATIONS, ORDERS, PLANS, POST_FEATURES, POSTS

DAY = date(2026, 10, 1)
# When the effects were put in force.
AT = datetime(2026, 10, 2, 3, tzinfo=UTC)


def printed(acted, capsys, *words):
    """What `harmsweep explain` prints."""
    app(["explain", *words, "--lake", str(acted.root)], result_action="return_value")
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("cause", "told", "decided"),
    [
        ("copy", "a post that yours is a copy of", "AUTOMATED_DECISION_FULLY"),
        ("verdict", "One of our reviewers", "AUTOMATED_DECISION_NOT_AUTOMATED"),
    ],
)
def test_what_reviewers_asked_for_has_a_notice_and_a_statement(
    acted, unscored, cause, told, decided
):
    acted.decide(unscored, cause)
    acted.run()
    (row,) = acted.explained().values()
    assert row["status"] == "unscored"
    assert told in row["notice"]
    assert "decided it" not in row["notice"]
    assert Statement.model_validate_json(row["statement"]).automated_decision == decided


def test_an_order_has_a_notice_and_no_statement(acted, unscored):
    acted.decide(unscored, "order", jurisdiction="DE", expires_at=AT + timedelta(days=30))
    acted.run()
    (row,) = acted.explained().values()
    assert (row["status"], row["statement"]) == ("unscored", None)
    assert "An authority ordered it." in row["notice"]
    assert "in Germany. This ends by itself on 1 November 2026." in row["notice"]


@pytest.mark.parametrize("cause", ["copy", "verdict", "order"])
def test_escalated_posts_are_told_of_in_no_lane(acted, unscored, cause):
    acted.decide(unscored, cause)
    acted.put(ESCALATIONS, "p1")
    assert acted.run().counts["escalated"] == 1
    assert acted.explained() == {}


def test_an_account_that_is_free_again_is_not_told_that_it_is_suspended(acted):
    acted.restrict("a1", AT + timedelta(days=7))
    assert "accounts" not in acted.run().counts
    assert acted.explained() == {}


@pytest.mark.parametrize("cause", ["verdict", "order", "copy"])
def test_what_people_decided_is_told_although_the_author_edited_since(
    acted, unscored, capsys, cause
):
    acted.decide(unscored, cause)
    acted.put(POSTS, "p1", text="other words", status="accepted", revision=2)
    writes.write_rows([
        row | {"status": "superseded"} if row["revision"] == 1 else row
        for row in delta.rows(POSTS, acted.root).to_pylist()
    ], POSTS, acted.root, where={"day": DAY})  # fmt: skip
    told = {"clean_text": "other words", "normal_text": "other words", "language": "en"}
    acted.put(POST_FEATURES, "p1", revision=2, **told)
    acted.run()
    (row,) = acted.explained().values()
    assert (row["revision"], row["status"]) == (1, "unscored")
    assert "Your post was removed." in printed(acted, capsys, "p1")


def test_days_on_which_something_took_effect_lately_are_explained(acted, unscored):
    entry = acted.decide(unscored, "verdict")
    assert recent_days(acted.root, AT) == [DAY]
    assert recent_days(acted.root, AT + timedelta(days=30)) == []
    acted.restrict("a1", AT)
    assert recent_days(acted.root, entry.recorded_at) == [DAY]


def test_a_restricted_account_has_a_notice_and_a_statement_once(acted, capsys):
    acted.restrict("a1", datetime(2999, 10, 9, tzinfo=UTC), jurisdiction="DE")
    assert acted.run().counts["accounts"] == 1
    (row,) = acted.explained().values()
    made = json.loads(row["statement"])
    assert (made["territorial_scope"], made["end_date_account_restriction"]) == (
        ["DE"], "2999-10-09",
    )  # fmt: skip
    assert acted.run().skipped
    assert len(acted.explained()) == 1
    out = printed(acted, capsys, "a1", "--account")
    assert "Your account is suspended. This holds only for readers in Germany." in out


@pytest.mark.parametrize("before", ["", "20261001-000000000000"])
@pytest.mark.parametrize(
    ("kind", "cause"), [("resume", "let_go"), ("apply", "let_go"), ("enforce", "decision")]
)
def test_what_people_let_go_is_told_from_what_nobody_looked_at(
    acted, unscored, kind, cause, before
):
    sweep = Sweep(DAY, kind, ("m", "v"), before, 0, "")
    entry = acted.act(unscored, score=0.8, kept=False, model_version="m", sweep_id=sweep.sweep_id)
    assert cause_of(entry, {before, sweep.sweep_id}, {entry.effect_key}) == cause


@pytest.mark.parametrize(("act", "decided"), [("plan", "FULLY"), ("approve", "PARTIALLY")])
def test_a_plan_that_nobody_approved_was_let_go_by_nobody(acted, unscored, act, decided):
    sweep = Sweep(DAY, "apply", ("m", "v"), "", 0, "")
    pair = {"model_version": "m", "policy_version": "v", "sweep_id": sweep.sweep_id}
    entry = acted.decide(unscored, "copy", **pair)
    writes.write_rows([as_row(entry) | {"plan_id": "plan-1"}], PLANS, acted.root)
    audit.record(acted.root, act, "plan-1")
    acted.run()
    (row,) = acted.explained().values()
    made = json.loads(row["statement"])
    assert made["automated_decision"] == f"AUTOMATED_DECISION_{decided}"
    assert ("People then let the decision" in row["notice"]) == (act == "approve")


def test_a_batch_that_people_resumed_is_told_as_automated_in_part(acted, unscored):
    sweep = Sweep(DAY, "resume", ("m", "v"), "", 0, "")
    pair = {"model_version": "m", "policy_version": "v", "sweep_id": sweep.sweep_id}
    acted.decide(unscored, "copy", **pair)
    acted.run()
    (row,) = acted.explained().values()
    assert json.loads(row["statement"])["automated_decision"] == "AUTOMATED_DECISION_PARTIALLY"
    assert "the decision was taken by automated means" not in row["notice"]
    assert "People then let the decision take effect" in row["notice"]


def test_a_verdict_on_what_a_model_sent_to_review_says_that_a_machine_found_it(acted, unscored):
    entry = acted.decide(unscored, "verdict")
    seen = {"lane": "policy", "action": "review", "effect_key": "r", "state_key": "r"}
    acted.book(replace(entry, recorded_at=AT - timedelta(hours=1), **seen))
    acted.run()
    (row,) = acted.explained().values()
    assert json.loads(row["statement"])["automated_detection"] == "Yes"


@pytest.mark.parametrize(
    ("kind", "source"),
    [("flag", "SOURCE_TRUSTED_FLAGGER"), ("referral", "SOURCE_TYPE_OTHER_NOTIFICATION")],
)
def test_a_verdict_after_a_notice_says_who_pointed_at_the_post(acted, unscored, kind, source):
    acted.decide(unscored, "verdict")
    acted.put(ORDERS, "p1", kind=kind, status="received", at=AT - timedelta(hours=1))
    acted.run()
    (row,) = acted.explained().values()
    assert json.loads(row["statement"])["source_type"] == source


def test_a_statement_that_is_refused_stops_no_other(acted, unscored, capsys):
    acted.decide(unscored, "verdict", post="p1")
    acted.decide(unscored, "verdict", post="p2", expires_at=AT - timedelta(days=2))
    acted.decide(unscored, "verdict", post="p3")
    done = acted.run()
    assert (done.counts["explained"], done.counts["no_statement"]) == (3, 1)
    rows = acted.explained()
    assert {name: row["status"] for name, row in rows.items()} == {
        "p1": "unscored", "p2": "no_statement", "p3": "unscored",
    }  # fmt: skip
    assert rows["p2"]["statement"] is None
    assert "One of our reviewers" in rows["p2"]["notice"]
    (line,) = [x for x in capsys.readouterr().err.splitlines() if "no valid statement" in x]
    assert json.loads(line)["subject"] == "p2"


@pytest.mark.parametrize("language", ["yue", "arz", "pcm"])
def test_no_language_stops_the_day(acted, unscored, language):
    acted.decide(unscored, "verdict", language=language)
    assert acted.run().counts["unscored"] == 1


def test_what_no_longer_holds_is_marked_so_and_stays_readable(acted, unscored, capsys):
    entry = acted.decide(unscored, "verdict")
    acted.run()
    assert "no longer in force" not in printed(acted, capsys, "p1")
    later = {"recorded_at": AT + timedelta(hours=1), "effect_key": "u", "state_key": "u"}
    lifted = replace(entry, action="none", cause_kind="lifted", **later)
    acted.book(lifted)
    acted.show(DAY, [entry, lifted])
    first, told, *_ = printed(acted, capsys, "p1").splitlines()
    assert "no longer in force" in first
    assert "Your post was removed." in told


def test_what_has_run_its_time_is_marked_so(acted, unscored, capsys):
    acted.decide(unscored, "order", expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    acted.run()
    assert "no longer in force" in printed(acted, capsys, "p1").splitlines()[0]

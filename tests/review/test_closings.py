"""An appeal closes by whatever lifted what it is about, and is counted as what that was."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from appealing import MINE, overturn

from harmsweep.enforcement.state.day_ledger import now_micros
from harmsweep.enforcement.undo import undo
from harmsweep.errors import DataRefused
from harmsweep.review import allow_list, verdicts
from harmsweep.review.appeal_outcomes import outcomes, statuses
from harmsweep.review.appeals import file_appeal, queue
from harmsweep.review.apply_now import apply_verdict
from harmsweep.review.closings import closings, undecided

DAY = date(2026, 10, 1)
NAMES = ("removed", "demoted", "reviewed", "clean", "spam")


def closed(lake: Any, **at: Any) -> list[str]:
    return [closing.by for closing in closings(lake.root, undecided(lake.root), **at).values()]


def judge(lake: Any, outcome: str, **more: Any) -> None:
    row = verdicts.decide(lake.root, "demoted", outcome, rationale="seen", **more)
    apply_verdict(lake.root, row, clock=now_micros)


@pytest.fixture
def appealed(held):
    """A swept lake whose demoted post's author appeals."""
    held.appeal_id = file_appeal(held.root, "demoted", **MINE)["appeal_id"]
    assert [row["appeal_id"] for row in queue(held.root)] == [held.appeal_id]
    return held


def test_a_benign_verdict_closes_an_appeal_and_blocks_nobody(appealed):
    judge(appealed, "benign")
    assert (closed(appealed), queue(appealed.root)) == (["verdict"], [])
    (row,) = outcomes(appealed.root, DAY, DAY)
    assert (row["decided"], row["closed"], row["closed_by"], row["waiting"]) == (
        0,
        1,
        "verdict 1",
        0,
    )
    assert statuses(appealed.root, DAY) == {("hate", "closed_by_verdict"): 1}
    with pytest.raises(DataRefused, match="judged demoted before"):
        overturn(appealed, appealed.appeal_id, "upheld")
    assert overturn(appealed, appealed.appeal_id)["effects"] == 0
    assert statuses(appealed.root, DAY) == {("hate", "overturned"): 1}


def test_a_verdict_that_a_sweep_carries_out_closes_it_as_a_verdict(appealed):
    verdicts.decide(appealed.root, "demoted", "benign", rationale="its command was killed")
    assert closed(appealed) == []
    appealed.sweep()
    assert closed(appealed) == ["verdict"]


def test_an_undo_closes_it_and_its_redo_opens_it_again(appealed):
    sweep_id = next(e["sweep_id"] for e in appealed.ledger() if e["subject_id"] == "demoted")
    undo(appealed.root, sweep_id=sweep_id)
    assert closed(appealed) == ["undo"]
    undo(appealed.root, sweep_id=sweep_id, redo=True)
    assert (closed(appealed), len(queue(appealed.root))) == ([], 1)


def test_a_deletion_closes_it_until_the_post_is_restored(appealed, rows):
    post, _ = rows
    others = [post(name) for name in NAMES if name != "demoted"]
    appealed.put_posts([*others, post("demoted", 1, "deleted"), post("demoted", 2, "deleted")])
    assert closed(appealed) == ["deletion"]
    appealed.put_posts([*others, post("demoted", 1, "superseded"), post("demoted", 2)])
    assert closed(appealed) == []


@pytest.mark.parametrize(("score", "by"), [(0.1, ["edit"]), (0.6, ["edit"]), (0.99, []), (0.9, [])])
def test_an_edit_closes_it_where_it_lifts_it(appealed, rows, score: float, by: list[str]):
    post, scored = rows
    others = [post(name) for name in NAMES if name != "demoted"]
    appealed.put_posts([*others, post("demoted", 1, "superseded"), post("demoted", 2)])
    assert closed(appealed) == []
    appealed.put_scores([scored("demoted", 2, hate=score)])
    appealed.sweep()
    assert closed(appealed) == by


def test_an_exemption_closes_it_by_the_next_sweep(appealed):
    allow_list.exempt(appealed.root, "account", "a1", kind="satire", until=None, reason="")
    appealed.sweep()
    assert closed(appealed) == ["exemption"]


def test_another_policy_closes_it(appealed):
    appealed.sweep(version=2, demote=0.92)
    assert closed(appealed) == ["sweep"]
    # What the next one does to the post is another effect, with an appeal of its own.
    appealed.sweep(version=3)
    assert closed(appealed) == ["sweep"]
    assert file_appeal(appealed.root, "demoted", **MINE)["appeal_id"] != appealed.appeal_id
    assert statuses(appealed.root, DAY) == {("hate", "closed_by_sweep"): 1, ("hate", "waiting"): 1}


def test_what_is_only_made_more_severe_or_milder_waits(appealed):
    appealed.sweep(version=2, remove=0.88)
    assert closed(appealed) == []
    judge(appealed, "harmful", harm="hate", action="label")
    assert closed(appealed) == []


def test_what_ends_by_itself_closes_it(fresh):
    plain = fresh.policy

    def policy(**changes):
        path = plain(**changes)
        text = path.read_text().replace("action: demote,", "action: demote, days: 3,")
        path.write_text(text)
        return path

    fresh.policy = policy
    fresh.sweep()
    file_appeal(fresh.root, "demoted", **MINE)
    assert closed(fresh) == []
    assert closed(fresh, at=datetime.now(UTC) + timedelta(days=4)) == ["expiry"]


def test_the_appeal_of_a_copy_is_closed_by_that_of_its_original(held, text_of):
    texts = {"removed": "one two three four five", "demoted": "One two three, four five!"}
    held.put_features([text_of(name, text) for name, text in texts.items()])
    own = file_appeal(held.root, "removed", **MINE)["appeal_id"]
    file_appeal(held.root, "demoted", **MINE)
    assert overturn(held, own)["effects"] == 2
    assert closed(held) == ["appeal"]


@pytest.fixture
def copied(held, text_of, user):
    """A swept lake where reviewers had `reviewed` removed, and with it its copy, who appeals."""
    texts = {"reviewed": "one two three four five", "clean": "One two three, four five!"}
    held.put_features([text_of(name, text) for name, text in texts.items()])
    for name in ("first", "second"):
        user(name)
        row = verdicts.decide(
            held.root, "reviewed", "harmful", rationale="", harm="hate", action="remove"
        )
        apply_verdict(held.root, row, clock=now_micros)
    held.sweep()
    file_appeal(held.root, "clean", **MINE)
    assert (held.states()["clean"], closed(held)) == ("remove", [])
    user("third")
    return held


def test_what_reviewers_asked_for_of_a_copy_is_lifted_by_the_appeal_of_its_original(copied):
    own = file_appeal(copied.root, "reviewed", **MINE)["appeal_id"]
    overturn(copied, own)
    assert closed(copied) == ["appeal"]


def test_what_reviewers_asked_for_of_a_copy_is_lifted_by_a_benign_verdict(copied):
    row = verdicts.decide(copied.root, "reviewed", "benign", rationale="")
    apply_verdict(copied.root, row, clock=now_micros)
    assert closed(copied) == ["verdict"]


def test_what_reviewers_asked_for_of_a_copy_is_lifted_by_its_edit(copied, rows, text_of):
    post, scored = rows
    others = [post(name) for name in NAMES if name != "clean"]
    copied.put_posts([*others, post("clean", 1, "superseded"), post("clean", 2)])
    texts = {"reviewed": "one two three four five", "clean": "other words"}
    copied.put_features(
        [text_of(n, text, revision=2 if n == "clean" else 1) for n, text in texts.items()]
    )
    copied.put_scores([scored("clean", 2, hate=0.1)])
    copied.sweep()
    assert closed(copied) == ["edit"]


def test_a_reviewers_own_action_is_lifted_by_a_verdict_on_an_edit_too(held, rows):
    post, _ = rows
    for revision, outcome in ((1, {"action": "remove"}), (2, {})):
        others = [post(name) for name in NAMES if name != "clean"]
        held.put_posts([*others, post("clean", revision)])
        row = verdicts.decide(held.root, "clean", "harmful", rationale="", harm="hate", **outcome)
        apply_verdict(held.root, row, clock=now_micros)
        if revision == 1:
            file_appeal(held.root, "clean", **MINE)
    assert closed(held) == ["verdict"]


def test_what_was_begun_waits_for_whoever_finishes_it(appealed, crash_at):
    crash_at("appeals_v1:before-commit", 1)
    with pytest.raises(KeyboardInterrupt):
        overturn(appealed, appealed.appeal_id)
    assert "demoted" not in appealed.states()
    assert (closed(appealed), len(queue(appealed.root))) == ([], 1)
    overturn(appealed, appealed.appeal_id)
    assert queue(appealed.root) == []

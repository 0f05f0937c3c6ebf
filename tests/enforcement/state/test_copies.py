"""Verdicts reach near-duplicates, under guard: small lakes."""

from datetime import date, timedelta
from typing import Any

import pytest
from odd_ids import SOME_ODD_IDS

from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.plans.make import make_plan
from harmsweep.enforcement.plans.summary import tables
from harmsweep.enforcement.state import human_input
from harmsweep.enforcement.state.copies import find_copies, verdicts
from harmsweep.enforcement.state.day_ledger import now_micros, read_day_ledger
from harmsweep.enforcement.undo import undo
from harmsweep.errors import Held
from harmsweep.lake import delta, writes
from harmsweep.review import verdicts as said
from harmsweep.review.apply_now import apply_verdict
from harmsweep.tables.catalog import MEDIA, MEDIA_MATCHES, POST_FEATURES, POSTS, VERDICTS

DAY = date(2026, 10, 1)
TEXT = "one two three four five"
PDQ, NEAR, FAR = "f" * 64, "0" * 7 + "f" * 57, "0" * 8 + "f" * 56


@pytest.fixture
def copied(held, rows, text_of):
    """The swept lake with two more posts that say what `clean` says, in other letters."""
    post, scored = rows
    names = ["removed", "demoted", "reviewed", "clean", "spam", "copy", "shouted"]
    held.put_posts([post(name) for name in names])
    made = {"removed": {"hate": 0.99}, "demoted": {"hate": 0.9}, "reviewed": {"hate": 0.6},
            "spam": {"spam": 0.97}}  # fmt: skip
    held.put_scores([scored(name, **made.get(name, {"hate": 0.1})) for name in names])
    other = {"copy": TEXT, "clean": TEXT, "shouted": "One, two; THREE four... five!"}
    held.put_features([text_of(name, other.get(name, f"{name} {TEXT}")) for name in names])
    return held


def judge(
    lake: Any, post: str, found: str, *reviewers: str, kept: bool = True, **more: Any
) -> None:
    """Verdicts of some reviewers, in their order; without `kept` as older ones: no content."""
    scope = {"day": DAY, "post_id": post, "revision": 1}
    older = {} if kept else dict.fromkeys(("text_digest", "words", "media"))
    for n, name in enumerate(reviewers):
        row = said.verdict_row(lake.root, scope, found, None, "seen") | older
        at = row["decided_at"] + timedelta(seconds=n)
        writes.write_rows([row | {"reviewer": name, "decided_at": at} | more], VERDICTS, lake.root)


REMOVED = {"harm": "hate", "action": "remove"}


def test_a_confirmed_verdict_reaches_copies_at_the_next_sweep_and_goes_with_it(copied):
    before = copied.states()
    judge(copied, "clean", "harmful", "ann", **REMOVED)
    copied.sweep()
    assert copied.states() == before | {"clean": "remove"}
    judge(copied, "clean", "harmful", "bob", **REMOVED)
    counts = copied.sweep()
    assert counts["remove"] == 2
    assert copied.states() == before | dict.fromkeys(("clean", "copy", "shouted"), "remove")
    entries = {e["subject_id"]: e for e in copied.ledger() if e["lane"] == "review"}
    assert {name: e["cause_kind"] for name, e in entries.items()} == {
        "clean": "verdict", "copy": "copy", "shouted": "copy",
    }  # fmt: skip
    assert copied.sweep() == {}
    sweep_id = entries["copy"]["sweep_id"]
    assert undo(copied.root, sweep_id=sweep_id).counts == {"effects": 2, "left": 0}
    assert copied.states() == before | {"clean": "remove"}
    judge(copied, "clean", "benign", "cat")
    copied.sweep()
    assert copied.states() == before


def test_a_benign_verdict_frees_copies_that_a_sweep_removed(copied, rows):
    _, scored = rows
    names = ("clean", "copy", "shouted")
    copied.put_scores([scored(name, hate=0.99) for name in names])
    copied.sweep()
    assert copied.states() == dict.fromkeys(names, "remove") | {
        k: v for k, v in copied.states().items() if k not in names
    }
    judge(copied, "copy", "benign", "ann")
    assert copied.sweep()["released"] == 3
    assert not set(names) & copied.states().keys()


def test_copies_count_for_caps_and_wait_with_the_rest(copied):
    judge(copied, "clean", "harmful", "ann", "bob", **REMOVED)
    before = copied.states()
    with pytest.raises(Held, match="hate: 2 to apply"):
        copied.sweep(version=2, apply=3)
    assert copied.states() == before | {"clean": "remove"}
    assert {e["subject_id"] for e in copied.ledger("held")} == {"copy", "shouted"}


def test_a_plan_shows_copies_apart(copied):
    judge(copied, "clean", "harmful", "ann", "bob", **REMOVED)
    copied.decide()
    plan = make_plan(copied.root, [DAY], **copied.pair())
    rows = tables(copied.root, plan)["by harm and action"]
    found = [(row["lane"], row["cause"], row["applied"]) for row in rows if row["applied"]]
    assert sorted(found) == [("review", "copy", 2), ("review", "verdict", 1)]


def medium(post_id: str, content_hash: str, pdq: str) -> dict[str, Any]:
    empty = {field.name: None for field in MEDIA.schema}
    known = {"post_id": post_id, "revision": 1, "position": 0, "kind": "image", "uri": "u"}
    shown = {"content_hash": content_hash, "pdq": [pdq], "pdq_quality": 100}
    return empty | known | shown | {"day": DAY, "status": "ok"}


def test_a_copied_picture_counts_with_its_text_and_known_good_stops_it(copied):
    shown = [medium(n, n, pdq) for n, pdq in [("clean", PDQ), ("copy", NEAR), ("shouted", FAR)]]
    writes.write_rows(shown, MEDIA, copied.root, where={"day": DAY})
    judge(copied, "clean", "harmful", "ann", "bob", **REMOVED)
    copied.sweep()
    assert copied.states()["copy"] == "remove" and "shouted" not in copied.states()
    empty = {field.name: None for field in MEDIA_MATCHES.schema}
    match = empty | {
        "day": DAY, "post_id": "copy", "revision": 1, "position": 0, "bank": "b", "hash": NEAR,
        "media_hash": NEAR, "distance": 0, "quality": 100, "kind": "known_good",
        "status": "evidence",
    }  # fmt: skip
    writes.write_rows([match], MEDIA_MATCHES, copied.root, where={"day": DAY})
    judge(copied, "removed", "harmful", "ann")
    copied.sweep()
    assert copied.states()["copy"] == "review"


def test_verdicts_reach_copies_of_other_days_within_the_window(copied, text_of):
    later = DAY + timedelta(days=30)
    copied.put_features([text_of("late", TEXT) | {"day": later}])
    judge(copied, "clean", "harmful", "ann", "bob", **REMOVED)
    conf, judged = load_bounds().copies, verdicts(copied.root, DAY, DAY)
    assert [vote.reviewer for vote in judged[0].votes] == ["ann", "bob"]
    found = find_copies(copied.root, later, judged, conf)
    assert {name: [v.post_id for v in some] for name, some in found.items()} == {"late": ["clean"]}
    assert find_copies(copied.root, later, [], conf) == {}
    assert find_copies(copied.root, DAY + timedelta(days=1), judged, conf) == {}


def test_a_verdict_on_a_later_days_post_reaches_a_day_that_was_swept(copied, text_of):
    copied.sweep()
    assert copied.sweep() == {}
    later = DAY + timedelta(days=1)
    copied.put_features([text_of("late", TEXT) | {"day": later}])
    judge(copied, "late", "harmful", "ann", "bob", **REMOVED | {"day": later})
    copied.sweep()
    found = {name for name, action in copied.states().items() if action == "remove"}
    assert {"clean", "copy", "shouted"} <= found


def test_a_benign_verdict_frees_copies_of_other_days_at_once(copied, text_of):
    later = DAY + timedelta(days=3)
    copied.put_features([text_of("late", f"removed {TEXT}") | {"day": later}])
    judge(copied, "late", "benign", "ann", day=later)
    (row,) = delta.rows(VERDICTS, copied.root).to_pylist()
    (freed,) = apply_verdict(copied.root, row, clock=now_micros)
    assert (freed.day, freed.subject_id, freed.action) == (DAY, "removed", "none")
    assert "removed" not in copied.states()


def test_a_harmful_verdict_leaves_copies_of_other_days_to_their_sweep(copied, text_of):
    later = DAY + timedelta(days=3)
    copied.put_features([text_of("late", TEXT) | {"day": later}])
    judge(copied, "late", "harmful", "ann", "bob", **REMOVED | {"day": later})
    row, _ = delta.rows(VERDICTS, copied.root).to_pylist()
    before = copied.states()
    assert apply_verdict(copied.root, row, clock=now_micros) == []
    assert copied.states() == before
    copied.sweep()
    assert copied.states()["copy"] == "remove"


def test_only_reviewers_whose_last_word_it_is_count(copied):
    judge(copied, "clean", "harmful", "ann", **REMOVED)
    judge(copied, "clean", "benign", "ann")
    judge(copied, "clean", "harmful", "bob", **REMOVED)
    (found,) = verdicts(copied.root, DAY, DAY)
    assert (found.outcome, [vote.reviewer for vote in found.votes]) == ("harmful", ["bob"])


def test_one_more_harmful_verdict_frees_no_copy(copied):
    judge(copied, "clean", "harmful", "ann", "bob", **REMOVED)
    copied.sweep()
    before = copied.states()
    judge(copied, "clean", "harmful", "cat", harm="harassment", action="remove")
    copied.sweep()
    assert copied.states() == before


def test_one_more_copy_past_the_budget_frees_no_copy(copied, rows, text_of, monkeypatch):
    few = load_bounds().copies.model_copy(update={"budget": 2})
    monkeypatch.setattr(
        human_input, "load_bounds", lambda: load_bounds().model_copy(update={"copies": few})
    )
    judge(copied, "clean", "harmful", "ann", "bob", **REMOVED)
    copied.sweep()
    before = copied.states()
    assert (before["copy"], before["shouted"]) == ("remove", "remove")
    assert human_input.in_force(read_day_ledger(copied.root, DAY, now_micros).histories) == {
        "clean",
        "copy",
        "shouted",
    }
    post, _ = rows
    posts = delta.rows(POSTS, copied.root, day=DAY).to_pylist()
    copied.put_posts([*posts, post("third")])
    features = delta.rows(POST_FEATURES, copied.root, day=DAY).to_pylist()
    copied.put_features([*features, text_of("third", TEXT)])
    assert copied.sweep()["review"] == 1
    assert copied.states() == before | {"third": "review"}


@pytest.mark.parametrize("odd", SOME_ODD_IDS)
def test_copies_are_found_whatever_their_ids_are(fresh, rows, text_of, odd: str):
    post, scored = rows
    names = [odd, "copy"]
    fresh.put_posts([post(name) for name in names])
    fresh.put_scores([scored(name, hate=0.1) for name in names])
    fresh.put_features([text_of(name, TEXT) for name in names])
    judge(fresh, odd, "harmful", "ann", "bob", kept=False, **REMOVED)
    fresh.sweep()
    assert fresh.states() == dict.fromkeys(names, "remove")
    judge(fresh, odd, "benign", "cat", "dan")
    fresh.sweep()
    assert fresh.states() == {}

"""The accounts and the effects, counted from literal rows."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from builders import post, row, scored
from labelled_lake import holds

from harmsweep.lake.writes import write_rows
from harmsweep.reports import lake_figures
from harmsweep.reports.post_lists import LISTED
from harmsweep.tables.catalog import (
    ACTIONS,
    COMMENT_SCORES,
    INGESTS,
    MEDIA_MATCHES,
    MEDIA_TEXTS,
    POST_VISIBILITY,
    POSTS,
    REJECTS,
    SCORES,
)

DAY = date(2026, 10, 1)
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
LATE = datetime(2999, 1, 1, tzinfo=UTC)


def score(post_id: str, revision: int, status: str) -> dict[str, Any]:
    hate = 0.25 if status == "scored" else None
    return scored(post_id, revision, model_version="m1", status=status, hate=hate)


@pytest.fixture
def accounted(lake: Path) -> Path:
    """Six landed posts: an edit, a deletion, a reject, one scored and one quarantined."""
    posts = [
        post("edited", 1, "superseded"),
        post("edited", 2, "accepted"),
        post("gone", 1, "deleted"),
        post("gone", 2, "deleted"),
        post("blank", 1, "accepted"),
    ]
    write_rows(posts, POSTS, lake, where={"day": DAY})
    reject = {
        "day": DAY,
        "stage": "ingest",
        "source": "posts",
        "item_id": "e9",
        "status": "rejected",
        "reason": "bad_time",
        "recorded_day": DAY,
    }
    write_rows([reject], REJECTS, lake, where={"day": DAY})
    landed = {"day": DAY, "source": "posts", "landed": 6}
    write_rows([landed], INGESTS, lake, where={"day": DAY})
    scores = [score("edited", 2, "scored"), score("blank", 1, "quarantined")]
    write_rows(scores, SCORES, lake, where={"day": DAY})
    return lake


def test_accounts_balance_when_every_post_has_one_place(accounted: Path) -> None:
    counted = lake_figures.accounts(accounted, "m1")
    assert counted == lake_figures.Accounts(6, 2, 1, 0, 1, 2, 1, 0, 1, 0)
    assert counted.balanced


def test_accounts_show_a_post_that_was_never_scored(accounted: Path) -> None:
    write_rows([score("edited", 2, "scored")], SCORES, accounted, where={"day": DAY})
    assert not lake_figures.accounts(accounted, "m1").balanced


def test_a_score_of_an_old_revision_is_not_counted(accounted: Path) -> None:
    scores = [score("edited", r, "scored") for r in (1, 2)] + [score("blank", 1, "quarantined")]
    write_rows(scores, SCORES, accounted, where={"day": DAY})
    assert lake_figures.accounts(accounted, "m1").scored == 1


def test_score_shares_fall_from_one_and_skip_absent_heads(accounted: Path) -> None:
    shares = lake_figures.score_shares(accounted, "m1")
    assert list(shares) == ["hate"]
    assert shares["hate"].iloc[0] == 1
    assert shares["hate"].loc[0.25:0.26].tolist()[0] == 1
    assert shares["hate"].iloc[-1] != shares["hate"].iloc[-1]  # nothing at 1.0: not drawn


def test_effects_in_force_name_the_score_that_did_it(
    lake: Path, add_rows: Callable[..., None]
) -> None:
    effect = {
        "day": DAY,
        "effect_key": "k1",
        "entry": "intent",
        "recorded_at": NOON,
        "sweep_id": "s1",
        "subject_kind": "post",
        "subject_id": "p1",
        "revision": 1,
        "action": "remove",
        "previous_action": "none",
        "direction": "apply",
        "surface": "all",
        "jurisdiction": "all",
        "lane": "policy",
        "cause_kind": "decision",
        "cause_id": "c1",
        "state_key": "k1",
        "harm": "hate",
        "score": 0.97,
        "threshold": 0.95,
        "operator": "tester",
    }
    add_rows([effect], ACTIONS, lake)
    seen = {
        k: effect[k]
        for k in ("day", "subject_kind", "subject_id", "surface", "jurisdiction", "lane")
    }
    seen |= {"action": "remove", "revision": 1, "harm": "hate", "effect_key": "k1", "since": NOON}
    ended = [seen | {"subject_id": p, "expires_at": end} for p, end in (("p2", NOON), ("p3", LATE))]
    write_rows([seen, *ended], POST_VISIBILITY, lake, where={"day": DAY})
    assert lake_figures.in_force(lake).to_dict(orient="records") == [
        {"action": "remove", "harm": "hate", "posts": 2, "lowest_score": 0.97, "threshold": 0.95}
    ]


def test_a_post_under_an_action_at_two_places_is_one_and_an_account_is_none(
    lake: Path, add_rows: Callable[..., None]
) -> None:
    held = [
        holds("p1", "remove", surface="feed"),
        holds("p1", "remove", surface="search"),
        holds("p2", "review", None),
        holds("a1", "restrict", subject_kind="account"),
    ]
    add_rows([row(ACTIONS, effect_key="x")], ACTIONS, lake)
    write_rows(held, POST_VISIBILITY, lake, where={"day": DAY})
    columns = ["harm", "action", "posts"]
    counted = lake_figures.in_force(lake)[columns].to_numpy().tolist()
    assert sorted(counted) == [["hate", "remove", 1], ["none", "review", 1]]
    first = lake_figures.under_action(lake)[["harm", "kind", "n", "post_id"]]
    assert first.to_numpy().tolist() == [["hate", "remove", 1, "p1"], ["none", "review", 1, "p2"]]


def test_a_list_under_an_action_has_the_first_posts_and_says_how_many_there_are(
    lake: Path,
) -> None:
    held = [holds(f"p{n:02}", "remove") for n in range(LISTED + 1)]
    write_rows(held, POST_VISIBILITY, lake, where={"day": DAY})
    first = lake_figures.under_action(lake)
    assert first["post_id"].tolist() == [f"p{n:02}" for n in range(LISTED)]
    assert set(first["n"]) == {LISTED + 1}


def test_the_days_of_a_lake_are_those_of_its_posts(accounted: Path, empty_lake: Path) -> None:
    assert lake_figures.span(accounted) == {"first": DAY, "last": DAY, "days": 1}
    assert lake_figures.span(empty_lake) == {"first": None, "last": None, "days": 0}


def test_pictures_are_counted_by_what_was_read_in_them(
    lake: Path, add_rows: Callable[..., None]
) -> None:
    read = {"day": DAY, "reader_id": "r1", "normal_text": "", "boxes": []}
    rows = [
        read | {"content_hash": "a", "status": "ok", "text": "some words"},
        read | {"content_hash": "b", "status": "ok", "text": ""},
        read | {"content_hash": "c", "status": "undecodable", "text": ""},
    ]
    add_rows(rows, MEDIA_TEXTS, lake)
    assert lake_figures.pictures_read(lake).to_dict(orient="records") == [
        {"reader": "r1", "pictures": 3, "with_text": 1, "without_text": 1, "undecodable": 1}
    ]


def test_comments_are_told_by_harm_for_one_model(lake: Path, add_rows: Callable[..., None]) -> None:
    scored = {"day": DAY, "post_id": "p1", "revision": 1, "harm": "hate", "comment_id": "c1"}
    rows = [
        scored | {"model_version": "m1", "score": 0.75, "comments": 2},
        scored | {"model_version": "m1", "post_id": "p2", "score": 0.25, "comments": 1},
        scored | {"model_version": "m2", "score": 0.9, "comments": 2},
    ]
    add_rows(rows, COMMENT_SCORES, lake)
    assert lake_figures.comments(lake, "m1").to_dict(orient="records") == [
        {"harm": "hate", "posts": 2, "comments": 3, "highest_score": 0.75}
    ]


def test_matches_are_told_by_bank_and_by_what_they_count_for(
    lake: Path, add_rows: Callable[..., None]
) -> None:
    match = {"day": DAY, "revision": 1, "position": 0, "bank": "b1", "hash": "0" * 64}
    match |= {"media_hash": "1" * 64, "quality": 90, "kind": "hate"}
    rows = [
        match | {"post_id": "p1", "distance": 2, "status": "evidence"},
        match | {"post_id": "p2", "distance": 9, "status": "evidence"},
        match | {"post_id": "p3", "distance": 5, "status": "held", "reason": "budget"},
    ]
    add_rows(rows, MEDIA_MATCHES, lake)
    found = lake_figures.media_matches(lake)[["status", "reason", "matches", "nearest", "farthest"]]
    assert found.to_numpy().tolist() == [
        ["evidence", "", 2, 2, 9],
        ["held", "budget", 1, 5, 5],
    ]
    assert lake_figures.copies(lake).empty

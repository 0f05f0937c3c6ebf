"""What comes when the schedule is done with its day is listed once, until it is swept."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import post, scored

from harmsweep.errors import DataRefused
from harmsweep.lake import delta
from harmsweep.lake.late_posts import (
    check_on_time,
    close_late,
    find_late,
    landed_posts,
    landing_warnings,
    late_days,
    late_posts,
)
from harmsweep.tables.catalog import INGESTS, LATE_POSTS, POSTS, RUNS, SCORES
from harmsweep.tables.spec import Table

FIRST, OLD, BEFORE = date(2026, 9, 1), date(2026, 10, 1), date(2026, 10, 8)
Add = Callable[[list[dict[str, Any]], Table, Path], None]


def find(lake: Path, model: str = "m-1") -> dict[date, int]:
    return dict(find_late(lake, FIRST, BEFORE, model_version=model))


@pytest.fixture
def old_day(lake: Path, add_rows: Add) -> Path:
    """A day that was swept, with one post that was scored and an edit of today of another."""
    edit = post("p2", day=OLD, revision=2, recorded_day=BEFORE)
    add_rows([post("p1", day=OLD), edit], POSTS, lake)
    add_rows([scored("p1", day=OLD), scored("p2", day=OLD)], SCORES, lake)
    run = {"day": OLD, "stage": "enforce", "variant": "m-1/p", "digest": "", "posts": 1}
    run |= {"counts": "{}", "seconds": 1.0, "finished_at": datetime.now(UTC), "code_version": ""}
    add_rows([run], RUNS, lake)
    return lake


def test_an_edit_that_no_run_scored_is_listed_once_and_until_it_is_swept(old_day: Path) -> None:
    assert find(old_day) == find(old_day) == {OLD: 1}
    assert late_days(old_day, BEFORE) == [OLD]
    assert late_posts(old_day, OLD) == {"p2"}
    close_late(old_day, OLD, ["p2"])
    assert late_days(old_day, BEFORE) == [] and late_posts(old_day, OLD) == frozenset()
    rows = delta.rows(LATE_POSTS, old_day).to_pylist()
    assert [(row["post_id"], row["revision"], row["swept_at"] is None) for row in rows] == [
        ("p2", 2, False)
    ]


def test_it_stays_listed_when_it_was_scored_and_not_swept(old_day: Path, add_rows: Add) -> None:
    find(old_day)
    add_rows([scored("p2", day=OLD, revision=2)], SCORES, old_day)
    assert find(old_day) == {OLD: 1}


def test_another_models_score_is_none_where_the_model_in_force_scored_the_day(
    old_day: Path, add_rows: Add
) -> None:
    add_rows([scored("p2", day=OLD, revision=2, model_version="shadow")], SCORES, old_day)
    assert find(old_day) == {OLD: 1}


def test_a_new_model_does_not_score_past_days_that_an_older_one_scored(
    old_day: Path, add_rows: Add
) -> None:
    add_rows([scored("p2", day=OLD, revision=2)], SCORES, old_day)
    assert find(old_day, "m-2") == {}


def test_history_from_before_the_first_sweep_is_no_late_post(old_day: Path, add_rows: Add) -> None:
    history = OLD - timedelta(days=3)
    add_rows([post("p3", day=history, recorded_day=history)], POSTS, old_day)
    assert find(old_day) == {OLD: 1}
    # Dated back by a client, but recorded since.
    add_rows([post("p4", day=history, recorded_day=OLD)], POSTS, old_day)
    assert find(old_day) == {OLD: 1, history: 1}


def test_a_run_is_not_on_time_while_a_post_has_no_score(old_day: Path, add_rows: Add) -> None:
    with pytest.raises(DataRefused, match=r"no run has scored and swept: 2026-10-01: 1$"):
        check_on_time(old_day, FIRST, BEFORE, model_version="m-1")
    add_rows([scored("p2", day=OLD, revision=2)], SCORES, old_day)
    check_on_time(old_day, FIRST, BEFORE, model_version="m-1")


def test_a_run_is_not_on_time_while_a_late_post_waits_for_over_a_day(
    old_day: Path, add_rows: Add
) -> None:
    add_rows([scored("p2", day=OLD, revision=2)], SCORES, old_day)
    waiting = {"day": OLD, "post_id": "p2", "revision": 2}
    add_rows([waiting | {"found_at": datetime.now(UTC) - timedelta(hours=23)}], LATE_POSTS, old_day)
    check_on_time(old_day, FIRST, BEFORE, model_version="m-1")
    old = {"revision": 3, "found_at": datetime.now(UTC) - timedelta(hours=25)}
    add_rows([waiting | old], LATE_POSTS, old_day)
    with pytest.raises(DataRefused, match=r"2026-10-01: 1$"):
        check_on_time(old_day, FIRST, BEFORE, model_version="m-1")


def test_what_landed_for_a_day_is_what_its_ingest_counted(old_day: Path, add_rows: Add) -> None:
    rows = [
        {"day": OLD, "source": "posts", "landed": 3},
        {"day": OLD, "source": "users", "landed": 5},
    ]
    add_rows(rows, INGESTS, old_day)
    assert (landed_posts(old_day, OLD), landed_posts(old_day, BEFORE)) == (3, 0)
    assert list(landing_warnings(old_day, [OLD, BEFORE])) == [
        f"warning: no post landed for {BEFORE}"
    ]

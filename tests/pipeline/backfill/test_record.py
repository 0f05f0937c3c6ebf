"""A backfill is planned by a request, and started by the plan's id while nothing changed."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import post
from pydantic import ValidationError

from harmsweep.errors import DataRefused
from harmsweep.lake import writes
from harmsweep.operations.audit import operations
from harmsweep.paths import CONF, DEFAULT_MODEL, ROOT
from harmsweep.pipeline.backfill.record import (
    Backfill,
    find_backfill,
    newest_backfill,
    plan_backfill,
    start_backfill,
)
from harmsweep.pipeline.backfill.request import Request, stages
from harmsweep.tables.catalog import OPERATIONS, POSTS

SAMPLE = ROOT / "tests" / "sample"

Add = Callable[..., None]
DAY = date(2026, 10, 1)
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
POLICY = CONF / "policy" / "default.yaml"


def no_spark() -> Any:
    raise AssertionError("nothing here needs Spark")


def asked(**other: Any) -> Request:
    """A request of a stage that the forecast asks nothing about."""
    known: dict[str, Any] = {"first": DAY, "last": DAY, "stages": ("measure",), "reason": "a trial"}
    return Request(**known | {"landing": SAMPLE, "model": DEFAULT_MODEL, "policy": POLICY} | other)


def planned(lake: Path, **other: Any) -> Backfill:
    return plan_backfill(no_spark, lake, asked(**other), by="ann")


@pytest.mark.parametrize("odd", ["", "score,", "delete", "score;decide", "score decide"])
def test_a_word_that_is_no_stage_is_refused(odd: str) -> None:
    with pytest.raises(ValueError, match="are none of ingest, features"):
        stages(odd)


def test_stages_come_in_the_order_in_which_they_run() -> None:
    assert stages("decide,score,ingest") == ("ingest", "score", "decide")


def test_a_range_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValidationError, match="2026-09-30 is before the first"):
        asked(last=date(2026, 9, 30))


def test_a_plan_is_kept_with_who_asked_and_why(lake: Path) -> None:
    made = planned(lake)
    (kept,) = operations(lake, made.plan_id)
    assert (kept["act"], kept["reason"]) == ("plan_backfill", "a trial")
    assert json.loads(kept["details"])["by"] == "ann"
    assert find_backfill(lake, made.plan_id) == newest_backfill(lake, asked()) == made


def test_the_same_state_gives_the_same_plan_and_another_form_another(lake: Path) -> None:
    first = planned(lake)
    assert planned(lake).plan_id == first.plan_id
    assert planned(lake, last=DAY + timedelta(days=1)).plan_id != first.plan_id


def test_a_day_that_was_never_ingested_counts_what_landed(lake: Path, add_rows: Add) -> None:
    before = planned(lake).days[0]
    assert (before.posts, before.landed > 100) == (None, True)
    add_rows([post("p1"), post("p2") | {"status": "deleted"}], POSTS, lake)
    assert planned(lake).days[0].posts == 1


def test_a_plan_says_what_it_does_in_words(lake: Path, add_rows: Add) -> None:
    add_rows([post("p1")], POSTS, lake)
    made = planned(lake)
    head, day = made.line().splitlines()
    assert head.startswith(f"{made.plan_id}: 1 day, 1 post, at most unknown minutes; measure;")
    assert day == "  2026-10-01: 1 post; not yet read; newly applied: none; released: 0"


def test_a_plan_starts_and_starts_again_whatever_it_changed_itself(
    lake: Path, add_rows: Add
) -> None:
    made = planned(lake)
    assert start_backfill(lake, made.plan_id, asked(), by="bob") == made
    add_rows([post("p1")], POSTS, lake)
    start_backfill(lake, made.plan_id, asked())
    acts = [
        (o["act"], json.loads(o["details"]).get("again")) for o in operations(lake, made.plan_id)
    ]
    assert acts == [("plan_backfill", None), ("start_backfill", False), ("start_backfill", True)]


def test_a_plan_whose_days_changed_before_it_started_is_refused(lake: Path, add_rows: Add) -> None:
    made = planned(lake)
    add_rows([post("p1")], POSTS, lake)
    with pytest.raises(DataRefused, match="changed since: plan again"):
        start_backfill(lake, made.plan_id, asked())


def test_the_form_must_be_the_one_that_was_planned(lake: Path) -> None:
    made = planned(lake)
    with pytest.raises(DataRefused, match="another plan: last 2026-10-02 for 2026-10-01"):
        start_backfill(lake, made.plan_id, asked(last=date(2026, 10, 2)))


def test_a_plan_that_expired_is_refused(lake: Path, empty_lake: Path, tmp_path: Path) -> None:
    made = planned(lake)
    old = Path(shutil.copytree(empty_lake, tmp_path / "old"))
    past = made.model_copy(update={"expires_at": datetime(2026, 10, 1, tzinfo=UTC)})
    details = past.model_dump(mode="json", exclude={"plan_id", "planner"}) | {"by": ""}
    row = {
        "day": DAY, "operation_id": "1", "at": NOON, "operator": "ann", "act": "plan_backfill",
        "object": made.plan_id, "reason": "", "details": json.dumps(details),
    }  # fmt: skip
    writes.write_rows([row], OPERATIONS, old)
    with pytest.raises(DataRefused, match="expired at 2026-10-01 00:00 UTC"):
        start_backfill(old, made.plan_id, asked())


def test_a_plan_under_a_policy_that_is_another_by_now_is_refused(
    lake: Path, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.read_text(encoding="utf-8"), encoding="utf-8")
    made = planned(lake, policy=policy)
    text = policy.read_text(encoding="utf-8")
    policy.write_text(text.replace("near_margin: 0.1", "near_margin: 0.2"), encoding="utf-8")
    assert policy.read_text(encoding="utf-8") != text
    with pytest.raises(DataRefused, match="model or policy is another by now"):
        start_backfill(lake, made.plan_id, asked(policy=policy))


@pytest.mark.parametrize("plan_id", ["", "backfill-20261001-0123456789ab", "' OR '1'='1"])
def test_a_plan_that_nobody_made_is_refused(lake: Path, plan_id: str) -> None:
    planned(lake)
    with pytest.raises(ValueError, match="there is no plan"):
        start_backfill(lake, plan_id, asked())
    with pytest.raises(DataRefused, match="nobody planned this"):
        newest_backfill(lake, asked(reason="another reason"))

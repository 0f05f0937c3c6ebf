"""How long a backfill takes, from what runs of before took."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from harmsweep.pipeline.backfill.estimate import START_SECONDS, minutes
from harmsweep.tables.catalog import RUNS

Add = Callable[..., None]


def ran(day: int, stage: str, posts: int, seconds: float) -> dict[str, Any]:
    return {
        "day": date(2026, 10, day), "stage": stage, "variant": "", "digest": "d", "posts": posts,
        "counts": "{}", "seconds": seconds, "finished_at": datetime(2026, 10, 2, tzinfo=UTC),
        "code_version": "c",
    }  # fmt: skip


def test_minutes_are_a_share_for_each_run_and_one_for_each_post(lake: Path, add_rows: Add) -> None:
    # 10 s a run and 0.1 s a post, exactly.
    add_rows([ran(1, "score", 100, 20.0), ran(2, "score", 500, 60.0)], RUNS, lake)
    found = minutes(lake, ["score"], [200, 400])
    assert found == pytest.approx((START_SECONDS + 2 * 10 + 600 * 0.1) / 60, abs=0.05)


def test_no_share_is_negative_however_odd_the_runs(lake: Path, add_rows: Add) -> None:
    add_rows([ran(1, "score", 100, 60.0), ran(2, "score", 500, 20.0)], RUNS, lake)
    assert (minutes(lake, ["score"], [10_000]) or 0) > 0


def test_a_stage_that_never_ran_makes_it_unknown(lake: Path, add_rows: Add) -> None:
    add_rows([ran(1, "score", 100, 20.0)], RUNS, lake)
    assert minutes(lake, ["score", "decide"], [100]) is None

"""What past weekdays make likely."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harmsweep.enforce.bounds import Forecast
from harmsweep.enforce.forecast import history, limits, most
from harmsweep.tables import ACTIONS

CONF = Forecast(weeks=8, least_weeks=4, quantile=0.999, factor=2.0, floor=50)
DAY = date(2026, 10, 29)


def effects(weeks_ago: int, n: int, **more: Any) -> list[dict[str, Any]]:
    """So many removals on the same weekday so many weeks ago."""
    day = DAY - timedelta(weeks=weeks_ago)
    fields: dict[str, Any] = {
        "day": day, "entry": "intent", "recorded_at": datetime(2026, 10, 29, tzinfo=UTC),
        "sweep_id": "s", "subject_kind": "post", "revision": 1, "action": "remove",
        "previous_action": "none", "direction": "apply", "surface": "all", "jurisdiction": "all",
        "cause_kind": "decision", "cause_id": "c", "harm": "hate", "operator": "tester",
        "lane": "policy",
    }  # fmt: skip
    names = [f"{weeks_ago}-{more.get('action', '')}-{place}" for place in range(n)]
    keys = [{"effect_key": name, "state_key": name, "subject_id": name} for name in names]
    return [fields | more | key for key in keys]


@pytest.fixture
def past(lake: Path, add_rows: Callable[..., None]) -> Path:
    """Five weeks: 3, 4, 5, 6 removals, and in one only a review; and what never counts."""
    rows = [row for week in (1, 2, 3, 4) for row in effects(week, week + 2)]
    rows += effects(5, 1, action="review")
    rows += effects(2, 7, action="demote", cause_kind="undo")
    rows += effects(2, 7, action="label", entry="held")
    rows += effects(9, 99, action="label")
    add_rows(rows, ACTIONS, lake)
    return lake


def test_a_week_without_a_batch_is_0_and_one_without_any_entry_is_left_out(past: Path) -> None:
    assert history(past, DAY, 8) == {("hate", "apply"): [(0, 0), (6, 0), (5, 0), (4, 0), (3, 0)]}


def test_another_weekday_has_no_history(past: Path) -> None:
    assert history(past, DAY + timedelta(days=1), 8) == {}


def test_a_batch_with_enough_weeks_has_a_limit(past: Path) -> None:
    assert limits(past, DAY, CONF) == {("hate", "apply"): 50}
    assert limits(past, DAY, CONF.model_copy(update={"least_weeks": 6})) == {}


@pytest.mark.parametrize(
    ("counts", "expected"),
    [([10, 10, 10], None), ([0, 0, 0, 0], 50), ([30, 10, 20, 40], 80), ([100] * 8, 200)],
)
def test_the_limit_is_above_what_was_seen(counts: list[int], expected: int | None) -> None:
    assert most(counts, CONF) == expected


def test_a_steady_count_rarely_passes_the_quantile() -> None:
    conf = CONF.model_copy(update={"factor": 1.0, "floor": 0})
    rng = np.random.default_rng(1)
    draws = rng.poisson(20, (2000, 9))
    passed = sum(int(row[8]) > (most([*map(int, row[:8])], conf) or 0) for row in draws)
    assert passed <= 10  # 0.1 % of 2,000 are 2

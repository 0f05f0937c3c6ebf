"""What a table's log alone says of its days and times."""

import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import row

from harmsweep.lake import delta, table_log
from harmsweep.tables.catalog import ACTIONS, INGESTS
from harmsweep.tables.spec import Table

DAY = date(2026, 10, 1)
NEXT = DAY + timedelta(days=1)
NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
Add = Callable[[list[dict[str, Any]], Table, Path], None]


def ingested(day: date, source: str, landed: int) -> dict[str, Any]:
    return {"day": day, "source": source, "landed": landed}


def test_a_digest_changes_with_its_own_days_only(lake: Path, add_rows: Add) -> None:
    add_rows([ingested(DAY, "posts", 1)], INGESTS, lake)
    before = table_log.slice_digest(INGESTS, lake, {"day": DAY})
    add_rows([ingested(NEXT, "posts", 1)], INGESTS, lake)
    assert table_log.slice_digest(INGESTS, lake, {"day": DAY}) == before
    add_rows([ingested(DAY, "users", 1)], INGESTS, lake)
    assert table_log.slice_digest(INGESTS, lake, {"day": DAY}) != before


def test_looking_at_the_log_warns_of_nothing(lake: Path, add_rows: Add) -> None:
    add_rows([ingested(DAY, "posts", 1)], INGESTS, lake)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert delta.days(INGESTS, lake) == [DAY]
        assert delta.rows(INGESTS, lake, day=DAY).num_rows == 1
        table_log.slice_digest(INGESTS, lake, {"day": DAY})


@pytest.mark.parametrize(
    ("hours", "days"), [(0, [DAY]), (-2, [DAY, NEXT]), (1, [])], ids=["then", "before", "after"]
)
def test_days_since_names_the_days_whose_rows_were_written_from_then_on(
    lake: Path, add_rows: Add, hours: int, days: list[date]
) -> None:
    """Of each file the log has the greatest time: no row is read, so none need be there."""
    for day, at in ((DAY, NOON), (NEXT, NOON - timedelta(hours=1))):
        add_rows([row(ACTIONS, day=day, recorded_at=at)], ACTIONS, lake)
    for file in (lake / ACTIONS.name).rglob("*.parquet"):
        file.unlink()
    since = NOON + timedelta(hours=hours)
    assert table_log.days_since(ACTIONS, lake, "recorded_at", since) == days


def test_a_table_without_rows_has_no_days_since(lake: Path) -> None:
    assert table_log.days_since(ACTIONS, lake, "recorded_at", NOON) == []


def test_rows_without_a_time_have_none_since(lake: Path, add_rows: Add) -> None:
    later = NOON + timedelta(days=1)
    add_rows([row(ACTIONS, day=DAY, expires_at=None)], ACTIONS, lake)
    assert table_log.days_since(ACTIONS, lake, "expires_at", NOON) == []
    add_rows([row(ACTIONS, day=DAY, expires_at=later)], ACTIONS, lake)
    assert table_log.days_since(ACTIONS, lake, "expires_at", NOON) == [DAY]

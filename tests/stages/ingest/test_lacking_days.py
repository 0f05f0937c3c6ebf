"""Days that were skipped, and rows that landed late or without a day, are ingested once."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from harmsweep.lake import delta
from harmsweep.stages.ingest.lacking_days import lacking_days
from harmsweep.stages.ingest.stage import ingest_day
from harmsweep.tables.catalog import INGESTS, LABELS, REJECTS, USERS

pytestmark = [pytest.mark.spark, pytest.mark.slow]
Land = Callable[..., Path]
DAYS = [date(2026, 10, day) for day in range(1, 6)]
CUT = b'{"post_id": "cut'


def post(name: str, day: int) -> dict[str, Any]:
    time = f"2026-10-0{day}T08:00:00Z"
    return {
        "post_id": name,
        "author_id": "u1",
        "text": "words",
        "created_at": time,
        "recorded_at": time,
    }


def landed(lake: Path) -> dict[int, int]:
    return {row["day"].day: row["landed"] for row in delta.rows(INGESTS, lake).to_pylist()}


def test_what_a_run_missed_the_next_one_takes(
    spark: SparkSession, lake: Path, land: Land, tmp_path: Path
) -> None:
    def run(day: int) -> list[int]:
        """A night of the schedule; gives the days that it ingested."""
        earlier = lacking_days(lambda: spark, lake, DAYS[day - 1], landing=zone)
        for each in [*earlier, DAYS[day - 1]]:
            ingest_day(lambda: spark, lake, each, landing=zone)
        return [each.day for each in earlier]

    zone = tmp_path / "landing"
    land(zone / "posts", **{"2026-10-01": [post("a", 1), CUT]})
    assert run(1) == []
    # Two nights are skipped, and a row of the first day lands late.
    land(zone / "posts", **{"2026-10-02": [post("b", 2), post("late", 1), post("b2", 2)]})
    land(zone / "posts", **{"2026-10-03": [post("c", 3)], "2026-10-04": [post("d", 4), CUT + b"!"]})
    assert run(4) == [1, 2, 3]
    assert landed(lake) == {1: 3, 2: 2, 3: 1, 4: 2}
    # Files of which only the name tells the day: with rows of none it is still the night's own.
    land(zone / "posts", **{"posts_20261005": [CUT + b"?"]})
    assert run(5) == []
    assert landed(lake)[5] == 1
    assert run(5) == []
    refused = [(row["day"].day, row["reason"]) for row in delta.rows(REJECTS, lake).to_pylist()]
    assert sorted(refused) == [(1, "bad_json"), (4, "bad_json"), (5, "bad_json")]


def test_labels_and_profiles_that_land_late_are_taken_on_the_day_that_they_count_with(
    spark: SparkSession, lake: Path, land: Land, tmp_path: Path
) -> None:
    zone = tmp_path / "landing"
    days = {f"2026-10-0{day}": [post(name, day)] for day, name in enumerate("abc", 1)}
    land(zone / "posts", **days)
    ingest_day(lambda: spark, lake, DAYS[0], landing=zone)
    assert lacking_days(lambda: spark, lake, DAYS[2], landing=zone) == [DAYS[1]]
    ingest_day(lambda: spark, lake, DAYS[1], landing=zone)
    assert lacking_days(lambda: spark, lake, DAYS[2], landing=zone) == []
    # Without a time a label counts with its post, and a profile with each of its account's days.
    found = {"harm": "spam", "label": 1}
    land(zone, labels=[{"post_id": "b"} | found])
    assert lacking_days(lambda: spark, lake, DAYS[2], landing=zone) == [DAYS[1]]
    ingest_day(lambda: spark, lake, DAYS[1], landing=zone)
    assert [row["post_id"] for row in delta.rows(LABELS, lake).to_pylist()] == ["b"]
    land(zone, users=[{"user_id": "u1"}, {"user_id": "u2", "recorded_at": "2026-10-01T08:00:00Z"}])
    assert lacking_days(lambda: spark, lake, DAYS[2], landing=zone) == DAYS[:2]
    for day in DAYS[:2]:
        ingest_day(lambda: spark, lake, day, landing=zone)
    users = sorted((r["day"].day, r["user_id"]) for r in delta.rows(USERS, lake).to_pylist())
    assert users == [(1, "u1"), (1, "u2"), (2, "u1")]
    assert lacking_days(lambda: spark, lake, DAYS[2], landing=zone) == []

"""Nights of the schedule over a growing landing zone: what comes late is scored and swept."""

import json
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from harmsweep.lake import delta
from harmsweep.lake.late_posts import check_on_time, find_late, late_days
from harmsweep.model.reference import load_model_ref
from harmsweep.paths import CONF, DEFAULT_MODEL
from harmsweep.policy.demonstration import approve_for_demonstration, mark_demonstration
from harmsweep.policy.file import load_policy
from harmsweep.stages.decide.stage import decide_day
from harmsweep.stages.embed.stage import embed_day
from harmsweep.stages.enforce import enforce_day
from harmsweep.stages.features.stage import features_day
from harmsweep.stages.ingest.lacking_days import lacking_days
from harmsweep.stages.ingest.stage import ingest_day
from harmsweep.stages.match import match_day
from harmsweep.stages.measure.stage import measure_day
from harmsweep.stages.ocr.stage import ocr_day
from harmsweep.stages.score.stage import score_day
from harmsweep.tables.catalog import INGESTS, LATE_POSTS, METRICS, POSTS, REJECTS

pytestmark = [pytest.mark.spark, pytest.mark.torch, pytest.mark.slow, pytest.mark.nightly]
SPAM = "You won a prize, call this number now to claim your free cash"
DAYS = [date(2026, 10, day) for day in range(1, 11)]
WINDOW = timedelta(days=60)


def post(name: str, recorded: int, created: int | None = None, **values: Any) -> dict[str, Any]:
    return {
        "post_id": name, "author_id": f"of {name}".replace(" ", "-"), "text": "A quiet morning",
        "created_at": f"2026-10-{created or recorded:02}T08:00:00Z",
        "recorded_at": f"2026-10-{recorded:02}T09:00:00Z",
    } | values  # fmt: skip


ZONE: dict[int, list[dict[str, Any] | str]] = {
    1: [post("a", 1), post("edited", 1), post("deleted", 1), '{"post_id": "cut'],
    2: [post("b", 2)],
    3: [post("c", 3), post("back-2", 3, created=1)],
    4: [post("d", 4), post("ahead", 4, created_at="2099-01-01T00:00:00Z")],
    5: [post("e", 5), post("back-4", 5, created=1, text=SPAM)],
    6: [post("f", 6)],
    7: [post("edited", 7, created=1, revision=2, text=SPAM), post("late", 3)],
    8: [post("g", 8), '{"post_id": "cut again'],
    9: [post("deleted", 9, created=1, revision=2, deleted=True, text=None)],
    10: [post("h", 10), post("edited", 10, created=1, revision=3, text="Fine again")],
}
SKIPPED = {6}


class Schedule:
    """The tasks of score_daily, night by night, in one lake."""

    def __init__(self, spark: SparkSession, lake: Path, zone: Path) -> None:
        mark_demonstration(lake)
        self.spark, self.lake, self.zone = (lambda: spark), delta.open_lake(lake), zone
        self.model = load_model_ref(DEFAULT_MODEL)
        template, own = CONF / "policy" / "demonstration.yaml", lake / "policy.yaml"
        version = self.model.model_version
        self.policy = load_policy(approve_for_demonstration(template, version, own))

    def land(self, day: int) -> None:
        lines = [row if isinstance(row, str) else json.dumps(row) for row in ZONE[day]]
        (self.zone / "posts").mkdir(parents=True, exist_ok=True)
        (self.zone / "posts" / f"2026-10-{day:02}.jsonl").write_text("\n".join(lines) + "\n")

    def night(self, day: date) -> None:
        lake, version = self.lake, self.model.model_version
        earlier = lacking_days(self.spark, lake, day, landing=self.zone)
        for each in [*earlier, day]:
            ingest_day(self.spark, lake, each, landing=self.zone)
        own = [day - timedelta(days=n) for n in (2, 1, 0)]
        find_late(lake, day - WINDOW, own[0], model_version=version)
        late = late_days(lake, own[0])
        pair = {"policy": self.policy, "model": self.model}
        versions = {"policy_version": self.policy.policy_version, "model_version": version}
        for stage in (
            partial(features_day, self.spark, lake, media_root=self.zone),
            partial(ocr_day, self.spark, lake, media_root=self.zone),
            partial(embed_day, self.spark, lake, media_root=self.zone),
            partial(match_day, self.spark, lake),
            partial(score_day, self.spark, lake, model=self.model),
            partial(decide_day, self.spark, lake, **pair),
            lambda d: enforce_day(lake, d, late_only=d in late, **pair),
            partial(measure_day, lake, **versions),
        ):
            for each in [*late, *own]:
                stage(each)
        check_on_time(lake, day - WINDOW, day, model_version=version)


@pytest.fixture(scope="module")
def nights(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Schedule:
    """Ten days, one night skipped, an edit and a row of older days among them."""
    root = tmp_path_factory.mktemp("nights")
    schedule = Schedule(spark, root / "lake", root / "zone")
    for day in DAYS:
        schedule.land(day.day)
        if day.day not in SKIPPED:
            schedule.night(day)
    return schedule


def test_every_accepted_revision_is_scored_on_whatever_day_it_came(nights: Schedule) -> None:
    sql = """SELECT p.post_id FROM (SELECT * FROM posts_v1 WHERE status = 'accepted') p
        LEFT JOIN scores_v1 s
        ON s.day = p.day AND s.post_id = p.post_id AND s.revision = p.revision
        WHERE s.post_id IS NULL"""
    assert delta.query(nights.lake, sql).to_pylist() == []
    late = delta.rows(LATE_POSTS, nights.lake).to_pylist()
    assert all(row["swept_at"] for row in late)
    found = {(row["post_id"], row["revision"]) for row in late}
    assert found == {("back-4", 1), ("edited", 2), ("late", 1), ("edited", 3)}


def test_what_held_for_a_late_edit_follows_the_next_one(nights: Schedule) -> None:
    sql = """SELECT subject_id, revision, action FROM actions_v1 WHERE entry = 'outcome'
        AND subject_id IN ('edited', 'back-4') ORDER BY subject_id, revision, recorded_at"""
    rows = [tuple(row.values()) for row in delta.query(nights.lake, sql).to_pylist()]
    assert [row[:2] for row in rows if row[2] in {"demote", "remove"}] == [
        ("back-4", 1),
        ("edited", 2),
    ]


def test_both_accounts_hold_for_each_day(nights: Schedule) -> None:
    landed = {row["day"].day: row["landed"] for row in delta.rows(INGESTS, nights.lake).to_pylist()}
    assert landed == {1: 4, 2: 1, 3: 3, 4: 2, 5: 2, 6: 1, 7: 1, 8: 2, 9: 1, 10: 2}
    posts = delta.rows(POSTS, nights.lake).num_rows
    assert posts + delta.rows(REJECTS, nights.lake).num_rows == sum(landed.values())
    refused = sorted(row["day"].day for row in delta.rows(REJECTS, nights.lake).to_pylist())
    assert refused == [1, 8]
    unscored = [
        row["value"] for row in delta.rows(METRICS, nights.lake).to_pylist()
        if (row["metric"], row["value_of"]) == ("accounts", "unscored")
    ]  # fmt: skip
    assert set(unscored) == {0.0}

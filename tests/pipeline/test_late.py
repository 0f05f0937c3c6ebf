"""Nights of the schedule over a growing landing zone end where one run at the end would."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from ten_days import CONTENT, MEANWHILE, VERDICTS, VERDICTS_MEANWHILE, Found, land

from harmsweep.enforcement.state.day_ledger import now_micros
from harmsweep.enforcement.state.decisions import version_pair
from harmsweep.lake import delta
from harmsweep.lake.flow import ENFORCE
from harmsweep.lake.late_posts import check_on_time, find_late, late_days
from harmsweep.lake.runs import days_run
from harmsweep.model.reference import load_model_ref
from harmsweep.paths import CONF, DEFAULT_MODEL
from harmsweep.policy.demonstration import approve_for_demonstration, mark_demonstration
from harmsweep.policy.file import load_policy
from harmsweep.review import verdicts
from harmsweep.review.apply_now import apply_verdict
from harmsweep.review.outstanding import list_outstanding
from harmsweep.stages.decide.stage import decide_day
from harmsweep.stages.embed.stage import embed_day
from harmsweep.stages.enforce import enforce_day
from harmsweep.stages.features.stage import features_day
from harmsweep.stages.ingest.lacking_days import lacking_days
from harmsweep.stages.ingest.stage import ingest_day
from harmsweep.stages.label.stage import days_with_posts, label_day
from harmsweep.stages.match import match_day
from harmsweep.stages.measure.stage import measure_day
from harmsweep.stages.ocr.stage import ocr_day
from harmsweep.stages.score.stage import score_day
from harmsweep.tables.catalog import INGESTS, LABELS, LATE_POSTS, METRICS, POSTS, REJECTS

pytestmark = [pytest.mark.spark, pytest.mark.torch, pytest.mark.slow, pytest.mark.nightly]
DAYS = [date(2026, 10, day) for day in range(1, 11)]
WINDOW = timedelta(days=60)
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

    def judge(self, found: list[Found]) -> None:
        for reviewer, name, outcome, more in found:
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr("harmsweep.review.verdicts.operator", partial(str, reviewer))
                row = verdicts.decide(self.lake, name, outcome, rationale="seen", **more)
            apply_verdict(self.lake, row, clock=now_micros)

    def stages(self, late: list[date]) -> list[Callable[[date], Any]]:
        lake, pair = self.lake, {"policy": self.policy, "model": self.model}
        return [
            partial(features_day, self.spark, lake, media_root=self.zone),
            partial(ocr_day, self.spark, lake, media_root=self.zone),
            partial(embed_day, self.spark, lake, media_root=self.zone),
            partial(match_day, self.spark, lake),
            partial(score_day, self.spark, lake, model=self.model),
            partial(decide_day, self.spark, lake, **pair),
            lambda d: enforce_day(lake, d, late_only=d in late, **pair),
        ]

    @property
    def versions(self) -> dict[str, str]:
        return version_pair(self.model.model_version, self.policy.policy_version)

    def night(self, day: date) -> None:
        lake, version = self.lake, self.model.model_version
        earlier = lacking_days(self.spark, lake, day, landing=self.zone)
        for each in [*earlier, day]:
            ingest_day(self.spark, lake, each, landing=self.zone)
        land(self.zone, day.day, {"posts": MEANWHILE}, "-more")
        own, first = [day - timedelta(days=n) for n in (2, 1, 0)], day - WINDOW
        list_outstanding(lake, first, own[0])
        find_late(lake, first, own[0], model_version=version)
        self.judge(VERDICTS_MEANWHILE.get(day.day, []))
        late = late_days(lake, own[0])
        for stage in self.stages(late):
            for each in [*late, *own]:
                stage(each)
        for each in [*days_run(ENFORCE, lake, first, own[0], versions=self.versions), *own]:
            measure_day(lake, each, **self.versions)
        for each in [*days_with_posts(lake, first, own[0]), *own]:
            label_day(self.spark, lake, each)
        check_on_time(lake, first, day, model_version=version)

    def one_run(self) -> None:
        """All days at once, what people found of them, and that carried out."""
        ingest = partial(ingest_day, self.spark, self.lake, landing=self.zone)
        for stage in [ingest, *self.stages([])]:
            for day in DAYS:
                stage(day)
        for by_day in (VERDICTS, VERDICTS_MEANWHILE):
            for found in by_day.values():
                self.judge(found)
        sweep = self.stages([])[-1]
        measure = partial(measure_day, self.lake, **self.versions)
        for stage in (sweep, measure, partial(label_day, self.spark, self.lake)):
            for day in DAYS:
                stage(day)


@pytest.fixture(scope="module")
def nights(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Schedule:
    """Ten days, one night skipped, an edit and a row of older days among them."""
    root = tmp_path_factory.mktemp("nights")
    schedule = Schedule(spark, root / "lake", root / "zone")
    for day in DAYS:
        land(schedule.zone, day.day)
        schedule.judge(VERDICTS.get(day.day, []))
        if day.day not in SKIPPED:
            schedule.night(day)
    return schedule


@pytest.fixture(scope="module")
def at_once(
    spark: SparkSession, nights: Schedule, tmp_path_factory: pytest.TempPathFactory
) -> Schedule:
    """One run over what the zone holds after the last night."""
    schedule = Schedule(spark, tmp_path_factory.mktemp("at_once") / "lake", nights.zone)
    schedule.one_run()
    return schedule


@pytest.mark.parametrize("table", CONTENT)
def test_the_nights_end_with_the_tables_of_one_run(
    nights: Schedule, at_once: Schedule, table: str
) -> None:
    ours, once = (
        sorted(str(row) for row in delta.query(lake, CONTENT[table]).to_pylist())
        for lake in (nights.lake, at_once.lake)
    )
    assert ours and ours == once


def test_labels_follow_what_is_said_of_a_post_after_a_week(nights: Schedule) -> None:
    rows = delta.rows(LABELS, nights.lake).to_pylist()
    found = {(r["day"].day, r["post_id"], r["source"], r["label"]) for r in rows}
    assert found == {
        (1, "a", "hand", 1), (2, "b", "hand", 1), (3, "c", "hand", 1),
        (2, "b", "reviews", 1), (8, "judged", "reviews", 1), (1, "back-4", "reviews", 0),
        (5, "e", "reports", 1),
    }  # fmt: skip


def test_every_accepted_revision_is_scored_on_whatever_day_it_came(nights: Schedule) -> None:
    sql = """SELECT p.post_id FROM (SELECT * FROM posts_v1 WHERE status = 'accepted') p
        LEFT JOIN scores_v1 s
        ON s.day = p.day AND s.post_id = p.post_id AND s.revision = p.revision
        WHERE s.post_id IS NULL"""
    assert delta.query(nights.lake, sql).to_pylist() == []
    late = delta.rows(LATE_POSTS, nights.lake).to_pylist()
    assert all(row["swept_at"] for row in late)
    found = {(row["post_id"], row["revision"]) for row in late}
    assert found == {("back-4", 1), ("edited", 2), ("late", 1), ("edited", 3)} | {
        *(("kept", 1), ("twin", 1)),
    }


def test_what_held_for_a_late_edit_follows_the_next_one(nights: Schedule) -> None:
    sql = """SELECT subject_id, revision, action FROM actions_v1 WHERE entry = 'outcome'
        AND subject_id IN ('edited', 'back-4') ORDER BY subject_id, revision, recorded_at"""
    rows = [tuple(row.values()) for row in delta.query(nights.lake, sql).to_pylist()]
    assert [row[:2] for row in rows if row[2] in {"demote", "remove"}] == [
        ("back-4", 1),
        ("edited", 2),
    ]


def test_a_verdict_reaches_a_copy_of_the_week_before(nights: Schedule) -> None:
    sql = """SELECT day, subject_id, cause_kind FROM actions_v1
        WHERE entry = 'outcome' AND lane = 'review' ORDER BY day"""
    rows = [tuple(row.values()) for row in delta.query(nights.lake, sql).to_pylist()]
    assert rows == [(DAYS[0], "twin", "copy"), (DAYS[7], "judged", "verdict")]


def test_both_accounts_hold_for_each_day(nights: Schedule) -> None:
    ingests = delta.rows(INGESTS, nights.lake).to_pylist()
    landed = {row["day"].day: row["landed"] for row in ingests if row["source"] == "posts"}
    assert landed == {1: 5, 2: 1, 3: 3, 4: 2, 5: 2, 6: 1, 7: 2, 8: 4, 9: 1, 10: 2}
    others = {(row["source"], row["day"].day) for row in ingests if row["landed"]}
    assert {("labels", 1), ("users", 1), ("labels", 10)} <= others
    posts = delta.rows(POSTS, nights.lake).num_rows
    assert posts + delta.rows(REJECTS, nights.lake).num_rows == sum(landed.values())
    refused = sorted(row["day"].day for row in delta.rows(REJECTS, nights.lake).to_pylist())
    assert refused == [1, 8]
    unscored = [
        row["value"] for row in delta.rows(METRICS, nights.lake).to_pylist()
        if (row["metric"], row["value_of"]) == ("accounts", "unscored")
    ]  # fmt: skip
    assert set(unscored) == {0.0}

"""Reports become labels by the record of who reported, and by nothing else."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import builders
import pytest
from pyspark.sql import DataFrame, SparkSession

from harmsweep.lake import delta
from harmsweep.stages.label.reports import records, reports, standing, to_labels, weighed
from harmsweep.stages.label.stage import label_day
from harmsweep.tables.catalog import INTERACTIONS, LABELS, POSTS

pytestmark = pytest.mark.spark
DAY = date(2026, 10, 20)
BEFORE = DAY - timedelta(days=5)
NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)
AddRows = Callable[..., None]


def event(actor: str, post: str = "p", **changes: Any) -> dict[str, Any]:
    row = {
        "day": DAY, "event_id": f"{actor}-{post}-{changes.get('reason', 'hate')}", "kind": "report",
        "post_id": post, "post_day": DAY, "author_id": "author", "actor_id": actor,
        "recorded_at": NOON, "reason": "hate", "comment_id": None, "amount": 1, "simulated": False,
        "text": None,
    }  # fmt: skip
    return row | changes


def label(post: str, value: int, source: str = "hand", **changes: Any) -> dict[str, Any]:
    row = {
        "day": BEFORE, "post_id": post, "harm": "hate", "label": value, "source": source,
        "dataset": "live", "annotator": "-", "weight": 1.0, "labelled_at": None,
    }  # fmt: skip
    return row | changes


def post(post_id: str, *, day: date = DAY, hour: int = 8, **changes: Any) -> dict[str, Any]:
    at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    known = {"day": day, "recorded_at": at, "created_at": at, "author_id": "author"}
    return builders.post(post_id, **known | changes)


@pytest.fixture
def made(spark: SparkSession, frame: Callable[..., DataFrame]) -> Callable[..., dict[str, float]]:
    """A function from reporters' records (judged, upheld) by post to the posts' weights."""

    def weights(crowd: dict[str, list[tuple[int, int]]]) -> dict[str, float]:
        events, known = [], []
        for name, reporters in crowd.items():
            for place, (judged, upheld) in enumerate(reporters):
                events.append(event(f"{name}-{place}", name))
                known.append((f"{name}-{place}", judged, upheld))
        found = standing(
            reports(frame(events, INTERACTIONS), simulated=False),
            frame([post(name) for name in crowd], POSTS),
        )
        record = spark.createDataFrame(known, "actor_id string, judged long, upheld long")
        rows = to_labels(weighed(found, record.where("judged > 0"))).collect()
        assert all(row["label"] == 1 and row["source"] == "reports" for row in rows)
        return {row["post_id"]: row["weight"] for row in rows}

    return weights


def test_the_weight_grows_with_the_record_up_to_a_cap(made: Callable[..., dict[str, float]]):
    weights = made(
        {
            # Rates 4/7, odds 4 to 3: 4 times those of an unknown reporter, twice, from odds 1 to 3:
            # 16 to 3, a chance of 16/19.
            "new": [(3, 3), (3, 3)],
            "old": [(8, 8), (8, 8)],
            "mixed": [(8, 6), (3, 2), (8, 6)],
        }
    )
    assert weights["new"] == pytest.approx(13 / 19, abs=1e-3)
    assert weights["old"] == 0.8
    # 7/12 (21/5 of the odds) twice and 3/7 (9/4) once.
    odds = (21 / 5) ** 2 * 9 / 4 / 3
    assert weights["mixed"] == pytest.approx(min(0.8, 2 * odds / (1 + odds) - 1), abs=1e-3)


def test_a_crowd_without_a_record_labels_nothing(made: Callable[..., dict[str, float]]):
    crowd = [(0, 0)] * 200
    found = made({"mob": crowd, "one known": [(20, 20), *crowd], "two known": [(3, 3), (3, 3)]})
    assert found.keys() == {"two known"}


def test_reporters_who_are_mostly_wrong_count_against(made: Callable[..., dict[str, float]]):
    found = made({"alone": [(6, 6), (6, 6)], "in bad company": [(6, 6), (6, 6), *[(9, 0)] * 4]})
    assert found.keys() == {"alone"}


def test_only_reports_by_others_on_what_the_post_says_now_count(
    frame: Callable[..., DataFrame],
) -> None:
    events = [
        event("good"),
        event("good", event_id="again", recorded_at=NOON + timedelta(hours=1)),
        event("good", reason="spam"),
        event("liker", kind="like", reason=None),
        event("on comment", comment_id="c"),
        event("author"),
        event("made up", simulated=True),
        event("vague", reason="rudeness"),
        event("silent", reason=None),
        event("early", "edited"),
        event("late", "edited", recorded_at=NOON + timedelta(hours=6)),
        event("good", "deleted"),
        event("good", "nowhere"),
    ]
    posts = [
        post("p"),
        post("edited", status="superseded"),
        post("edited", revision=2, hour=15),
        post("deleted", status="deleted"),
    ]

    def found(*, simulated: bool) -> list[tuple[str, str, str]]:
        rows = standing(
            reports(frame(events, INTERACTIONS), simulated=simulated), frame(posts, POSTS)
        )
        return sorted((r["post_id"], r["harm"], r["actor_id"]) for r in rows.collect())

    counted = [("edited", "hate", "late"), ("p", "hate", "good"), ("p", "spam", "good")]
    assert found(simulated=False) == counted
    assert found(simulated=True) == sorted([*counted, ("p", "hate", "made up")])


def test_a_record_is_what_people_said_of_the_posts(frame: Callable[..., DataFrame]) -> None:
    labels = [
        label("upheld", 1),
        label("refused", 0),
        label("overturned", 0, "appeals"),
        label("reviewed", 0, "reviews", annotator="ana"),
        label("tied", 1, annotator="a"),
        label("tied", 0, annotator="b"),
        label("reported", 1, "reports"),
    ]
    names = ("upheld", "refused", "overturned", "reviewed", "tied", "reported", "unjudged")
    events = [event("r", name, post_day=BEFORE) for name in names]
    events += [event("r", "upheld", post_day=BEFORE, event_id="again"), event("other", "upheld")]
    found = records(reports(frame(events, INTERACTIONS), simulated=False), frame(labels, LABELS))
    assert [tuple(row) for row in found.collect()] == [("r", 4, 1)]


@pytest.fixture
def reported(lake: Path, add_rows: AddRows) -> Path:
    """A lake where two people with a record report a post, and two who are made up another."""
    past = [f"old {n}" for n in range(4)]
    people = [("ana", False), ("ben", False), ("sim-1", True), ("sim-2", True)]
    add_rows([post(name) for name in ("p", "q")], POSTS, lake)
    add_rows([label(name, 1) for name in past] + [label("p", 0, day=DAY)], LABELS, lake)
    events = [
        event(who, name, day=BEFORE, post_day=BEFORE, simulated=simulated)
        for who, simulated in people
        for name in past
    ]
    events += [event("ana"), event("sim-1", "q", simulated=True)]
    add_rows(events, INTERACTIONS, lake)
    return lake


def written(lake: Path) -> dict[str, float]:
    rows = delta.rows(LABELS, lake, day=DAY).to_pylist()
    return {f"{r['source']} {r['post_id']}": r["weight"] for r in rows}


def test_a_day_is_labelled_as_its_reports_come_in(
    spark: SparkSession, reported: Path, add_rows: AddRows
) -> None:
    first = label_day(lambda: spark, reported, DAY)
    assert first.counts == {"reported": 1, "labelled": 0, "answered": 0, "reviewed": 0}
    assert label_day(lambda: pytest.fail("started Spark"), reported, DAY).skipped
    later = DAY + timedelta(days=7)
    late = [event("ben", day=later), event("sim-2", "q", day=later, simulated=True)]
    add_rows(late, INTERACTIONS, reported)
    assert label_day(lambda: spark, reported, DAY).counts == {
        "reported": 1,
        "labelled": 1,
        "answered": 0,
        "reviewed": 0,
    }
    # The label by hand stays beside it.
    assert written(reported) == {"hand p": 1.0, "reports p": 0.786}
    assert label_day(lambda: pytest.fail("started Spark"), reported, DAY).skipped


@pytest.mark.nightly
def test_made_up_reports_make_labels_only_where_a_simulation_asks(
    spark: SparkSession, reported: Path, add_rows: AddRows
) -> None:
    add_rows([event("sim-2", "q", simulated=True)], INTERACTIONS, reported)
    label_day(lambda: spark, reported, DAY, simulated=True)
    assert written(reported) == {"hand p": 1.0, "reports q": 0.786}
    label_day(lambda: spark, reported, DAY)
    assert written(reported) == {"hand p": 1.0}

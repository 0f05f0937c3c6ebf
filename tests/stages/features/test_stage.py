"""Features of a day of literal rows: what counts, up to which cut-off, and what is unknown."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import builders
import pytest
from PIL import Image

from harmsweep.lake import delta, writes
from harmsweep.stages.features.stage import features_day
from harmsweep.tables.catalog import (
    ACTIONS,
    AUTHOR_FEATURES,
    INTERACTIONS,
    MEDIA,
    POST_FEATURES,
    POSTS,
    USERS,
)
from harmsweep.tables.spec import Table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark
Row = dict[str, Any]
DAY = date(2026, 10, 5)


def at(day: int, hour: int = 8) -> datetime:
    return datetime(2026, 10, day, hour, tzinfo=UTC)


def post(post_id: str, created: datetime, author_id: str = "a", **values: Any) -> Row:
    known = {"day": created.date(), "recorded_at": created, "created_at": created, "country": "ZZ"}
    known |= {"author_id": author_id, "text": f"words of {post_id}"}
    return builders.post(post_id, **known | values)


def event(post: str, kind: str, recorded: datetime, amount: int, **values: Any) -> Row:
    return {
        "day": recorded.date(),
        "event_id": f"{post}-{kind}-{recorded:%d}",
        "kind": kind,
        "post_id": post,
        "post_day": DAY,
        "author_id": "a",
        "actor_id": "x",
        "recorded_at": recorded,
        "amount": amount,
        "simulated": False,
    } | values


def outcome(post: str, day: int, action: str, recorded: datetime, lane: str = "policy") -> Row:
    required = [field.name for field in ACTIONS.schema if not field.nullable]
    return dict.fromkeys(required, "all") | {
        "day": date(2026, 10, day),
        "effect_key": f"{post}-{action}-{lane}",
        "entry": "outcome",
        "recorded_at": recorded,
        "subject_kind": "post",
        "subject_id": post,
        "revision": 1,
        "action": action,
        "direction": "apply",
        "cause_kind": "decision",
        "lane": lane,
    }


# More letters apart than a text pays to read.
HOSTILE = "x z " * 2000
EARLIER = [post("older", at(1)), post("old", at(2))]
TODAY = [
    post("p1", at(5, 6), text="SEE https://a.example @you &amp; me, l1ar!"),
    post("p2", at(5, 12)),
    post("edited", at(5, 1), "c", status="superseded"),
    post("edited", at(5, 1), "c", revision=2, recorded_at=at(7), text=HOSTILE, text_flags=["nul"]),
    post("gone", at(5, 2), "d", status="deleted"),
    post(
        "pictures",
        at(5, 3),
        "unknown",
        media=[
            {"kind": "image", "uri": "media/a.png"},
            {"kind": "image", "uri": "media/none.png"},
            {"kind": "image", "uri": "media/a.png"},
        ],
    ),
]
USER: Row = {
    "day": DAY,
    "user_id": "a",
    "event_id": "ua",
    "sequence": 1,
    "description": "Mails &amp; maps https://a.example",
    "created_at": at(1, 0),
    "followers": 10,
    "following": 4,
    "verified": True,
    "origin": "live",
}
EVENTS = [
    event("p1", "like", at(5, 9), 3),
    event("p1", "like", at(6), 100),
    event("p1", "report", at(5, 9), 2),
    # A report on a comment is none on the post, and none of its author's.
    event("p1", "report", at(5, 9), 40, event_id="on-comment", comment_id="c1"),
    event("old", "report", at(3), 40, event_id="on-another", comment_id="c2"),
    event("old", "report", at(3), 1, post_day=date(2026, 10, 2)),
    event("p2", "report", at(6), 50),
    event("p2", "view", at(5, 13), 7, simulated=True),
    event("edited", "like", at(6), 4, author_id="c"),
]
LEDGER = [
    outcome("older", 1, "remove", at(2)),
    outcome("older", 1, "none", at(3)),
    outcome("old", 2, "strike", at(3)),
    # Another lane lifts nothing, and a label is no violation.
    outcome("old", 2, "none", at(4), "review"),
    outcome("older", 1, "label", at(4), "review"),
    outcome("p1", 5, "demote", at(5, 20)),
    outcome("p2", 5, "remove", at(6)),
]


def put(lake: Path, table: Table, rows: list[Row]) -> None:
    for day in {row["day"] for row in rows}:
        of_day = [row for row in rows if row["day"] == day]
        writes.write_rows(of_day, table, lake, where={"day": day})


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    (root / "media").mkdir()
    Image.new("RGB", (6, 4), "red").save(root / "media" / "a.png")
    return root


@pytest.fixture(scope="module")
def made(spark: "SparkSession", media: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = delta.open_lake(tmp_path_factory.mktemp("lake"))
    put(lake, POSTS, [*EARLIER, *TODAY])
    put(lake, USERS, [USER, USER | {"day": date(2026, 10, 6), "followers": 99}])
    put(lake, INTERACTIONS, EVENTS)
    writes.write_rows(LEDGER, ACTIONS, lake)
    features_day(lambda: spark, lake, DAY, media_root=media)
    return lake


def features(lake: Path) -> dict[str, Row]:
    return {row["post_id"]: row for row in delta.rows(POST_FEATURES, lake).to_pylist()}


def test_only_current_revisions_have_features(made: Path) -> None:
    found = {(post_id, row["revision"]) for post_id, row in features(made).items()}
    assert found == {("p1", 1), ("p2", 1), ("edited", 2), ("pictures", 1)}


def test_text_is_cleaned_and_counted(made: Path) -> None:
    row = features(made)["p1"]
    assert row["clean_text"] == "SEE http @user & me, l1ar!"
    assert (row["normal_text"], row["n_disguises"]) == ("SEE @user & me, liar!", 1)
    assert (row["n_urls"], row["n_mentions"], row["n_exclamations"]) == (1, 1, 1)


def test_events_after_the_cutoff_do_not_count(made: Path) -> None:
    rows = features(made)
    assert (rows["p1"]["likes"], rows["p1"]["reports"], rows["p1"]["comments"]) == (3, 2, 0)
    assert (rows["p2"]["reports"], rows["p2"]["views"]) == (0, 7)


def test_an_edit_uses_events_up_to_the_day_that_brought_it(made: Path) -> None:
    row = features(made)["edited"]
    assert (row["cutoff_day"], row["likes"]) == (date(2026, 10, 7), 4)


def test_a_text_that_was_read_in_part_has_a_flag_more(made: Path) -> None:
    flags = {post_id: row["text_flags"] for post_id, row in features(made).items()}
    assert (flags["edited"], flags["p1"]) == (["nul", "read_in_part"], [])


def test_simulated_events_mark_the_post(made: Path) -> None:
    marks = {post_id: row["simulated"] for post_id, row in features(made).items()}
    assert marks == {"p1": False, "p2": True, "edited": False, "pictures": False}


def test_reports_and_violations_are_those_of_the_authors_other_posts(made: Path) -> None:
    rows = features(made)
    assert (rows["p1"]["reports_30d"], rows["p2"]["reports_30d"]) == (1, 3)
    assert (rows["p1"]["violations_30d"], rows["p2"]["violations_30d"]) == (1, 2)


def test_the_authors_history_is_counted(made: Path) -> None:
    rows = features(made)
    assert (rows["p1"]["posts_30d"], rows["pictures"]["posts_30d"]) == (4, 1)
    assert (rows["p1"]["hours_since_last_post"], rows["p2"]["hours_since_last_post"]) == (70, 6)
    assert rows["pictures"]["hours_since_last_post"] is None


def test_a_profile_is_the_latest_up_to_the_cutoff(made: Path) -> None:
    row = features(made)["p1"]
    assert (row["followers"], row["follower_ratio"], row["account_age_days"]) == (10, 2, 5)
    assert (row["verified"], row["default_avatar"]) == (1, None)


def test_a_missing_author_is_unknown_not_zero(made: Path) -> None:
    row = features(made)["pictures"]
    assert (row["followers"], row["account_age_days"], row["verified"]) == (None, None, None)


def test_every_author_of_the_day_has_a_row(made: Path) -> None:
    rows = {row["author_id"]: row for row in delta.rows(AUTHOR_FEATURES, made).to_pylist()}
    assert set(rows) == {"a", "c", "unknown"}
    assert rows["a"]["clean_description"] == "Mails & maps http"
    assert (rows["a"]["reports_30d"], rows["a"]["violations_30d"]) == (3, 2)
    assert (rows["unknown"]["origin"], rows["unknown"]["clean_description"]) == ("unknown", "")


def test_media_have_a_status_each(made: Path) -> None:
    rows = delta.rows(MEDIA, made).to_pylist()
    found = sorted((row["position"], row["status"], row["width"]) for row in rows)
    assert found == [(0, "ok", 6), (1, "missing", None), (2, "ok", 6)]
    assert len({row["content_hash"] for row in rows if row["status"] == "ok"}) == 1


def test_a_late_post_gets_its_features_and_changes_no_others(
    spark: "SparkSession", made: Path, media: Path
) -> None:
    before = features(made)
    assert features_day(_never, made, DAY, media_root=media).skipped
    put(made, POSTS, [*TODAY, post("late", at(5, 20), recorded_at=at(6))])
    outcome = features_day(lambda: spark, made, DAY, media_root=media)
    after = features(made)
    late = after.pop("late")
    assert (outcome.items, after) == (5, before)
    assert (late["cutoff_day"], late["followers"], late["posts_30d"]) == (date(2026, 10, 6), 99, 5)


def _never() -> "SparkSession":
    raise AssertionError("an unchanged day started Spark")


def test_without_interactions_counts_are_unknown(
    spark: "SparkSession", lake: Path, tmp_path: Path
) -> None:
    put(lake, POSTS, [post("p1", at(5))])
    features_day(lambda: spark, lake, DAY, media_root=tmp_path)
    row = features(lake)["p1"]
    assert (row["likes"], row["reports"], row["reports_30d"]) == (None, None, None)
    assert (row["violations_30d"], row["posts_30d"]) == (0, 1)

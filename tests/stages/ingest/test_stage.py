"""Three days of literal rows, ingested in order and out of order: what the tables then hold."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harmsweep.lake import delta
from harmsweep.stages.ingest import stage
from harmsweep.stages.ingest.stage import ingest_day
from harmsweep.tables.catalog import (
    ACCOUNT_LABELS,
    INGESTS,
    INTERACTIONS,
    LABELS,
    POSTS,
    REJECTS,
    USERS,
)
from harmsweep.tables.spec import Table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.spark, pytest.mark.slow]
Land = Callable[..., Path]
Row = dict[str, Any]
DAYS = [date(2026, 10, day) for day in (1, 2, 3)]
CONTENT = (POSTS, USERS, INTERACTIONS, LABELS, ACCOUNT_LABELS, REJECTS, INGESTS)


def post(post_id: str, recorded: int = 1, **values: Any) -> Row:
    made = {"created_at": "2026-10-01T08:00:00Z", "text": f"words of {post_id}"}
    event = {
        "event_id": f"{post_id}-{values.get('revision', 1)}",
        "recorded_at": f"2026-10-0{recorded}T09:00:00Z",
        "sequence": recorded,
    }
    return {"post_id": post_id, "author_id": "u1", "media": []} | made | event | values


PLAIN = post("plain", author_id="nobody", media=[{"kind": "image", "uri": "media/a.jpg"}])
ROWS: list[Row | bytes] = [
    PLAIN,
    post("edited"),
    post("edited", 2, revision=2, text="other words"),
    post("deleted"),
    post("deleted", 3, revision=2, deleted=True, text=None),
    post("late", 2),
    post("twice"),
    post("twice"),
    post("contested", 1, event_id="contested-a"),
    post("contested", 2, event_id="contested-b", text="the later event"),
    post("restored"),
    post("restored", 2, revision=2, deleted=True, text=None),
    post("restored", 3, revision=3, text="back"),
    post("damaged", text="a\x00b"),
    post("third-day", 3, created_at="2026-10-03T08:00:00Z"),
    {"post_id": "bare", "author_id": "u2", "created_at": "2026-10-02T10:00:00Z", "text": "x"},
    json.dumps(post("invalid")).replace("words", "w?rds").encode().replace(b"?", b"\xff"),
    b'{"post_id": "cut',
    post("", event_id="no-id"),
    post("line\nbreak", event_id="forged"),
    post("no-time", created_at="soon"),
    post("future", created_at="2026-10-09T00:00:00Z"),
    post("future", 2, revision=2, created_at="2099-01-01T00:00:00Z"),
    post("year-one", created_at="0001-01-01T00:00:00Z"),
    post("epoch", created_at=1759305600),
    post("none", created_at=None),
    post("once-wrong"),
    post("once-wrong", 3, revision=2, created_at="12026-10-01T00:00:00Z"),
    post("no-country", country="UK", text="a\x00b"),
    post("known-country", country="GB"),
    post("malformed-country", country="Germany"),
    post("never", recorded_at=None, created_at="0001-01-01T00:00:00Z"),
    post("typed", text=["words"]),
]
OTHERS: dict[str, list[Row]] = {
    "users": [
        {"user_id": "u1", "followers": 3, "age": 30, "gender": "f", "name": "n"},
        {"user_id": "u2", "followers": -1},
        {"user_id": "u2", "recorded_at": "2026-10-02T00:00:00Z", "followers": 5},
        {"user_id": "u2", "recorded_at": "2026-10-02T01:00:00Z", "followers": 6},
        {"user_id": "silent"},
    ],
    "interactions": [
        {
            "event_id": f"i-{name}",
            "kind": kind,
            "reason": "spam" if kind == "report" else None,
            "comment_id": comment,
            "post_id": "plain",
            "post_day": "2026-10-01",
            "author_id": "nobody",
            "actor_id": "u1",
            "recorded_at": "2026-10-02T00:00:00Z",
        }
        for name, kind, comment in [
            ("like", "like", None),
            ("report", "report", None),
            ("report", "report", None),
            ("poke", "poke", None),
            ("on-comment", "report", "i-said"),
            ("no-id", "report", "two words"),
            ("no-report", "like", "i-said"),
        ]
    ],
    "labels": [
        {"post_id": "plain", "harm": "hate", "label": 1, "dataset": "d"},
        {"post_id": "late", "harm": "spam", "label": 0},
        {"post_id": "plain", "harm": "rudeness", "label": 1},
        {"post_id": "plain", "harm": "spam", "label": 1},
        {"post_id": "plain", "harm": "spam", "label": 0},
        {"post_id": "late", "harm": "hate", "label": 1, "recorded_at": "2026-10-02T00:00:00Z"},
        {"post_id": "late", "harm": "hate", "label": 0, "recorded_at": "2026-10-03T00:00:00Z"},
        {"post_id": "nowhere", "harm": "hate", "label": 1},
        {"post_id": "edited", "harm": "hate", "label": 1, "annotator": "a", "weight": 0.5},
        {"post_id": "edited", "harm": "hate", "label": 0, "annotator": "b"},
        {"post_id": "edited", "harm": "hate", "label": 0, "source": "appeals"},
        {"post_id": "edited", "harm": "spam", "label": 0, "annotator": "two words"},
        {"post_id": "edited", "harm": "spam", "label": 0, "weight": 0},
        {"post_id": "edited", "harm": "spam", "label": 1, "source": "reports"},
        {"post_id": "edited", "harm": "spam", "label": 0, "source": "reviews"},
    ],
    "account_labels": [
        {"user_id": "u1", "bad_actor": 0, "kind": "bot"},
        {"user_id": "u2", "bad_actor": 1, "kind": "bot"},
        {"user_id": "u2", "bad_actor": 1, "kind": "bot"},
    ],
}


@pytest.fixture(scope="module")
def landing(land: Land, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return land(tmp_path_factory.mktemp("landing"), posts=ROWS, **OTHERS)


@pytest.fixture(scope="module")
def ingested(
    spark: "SparkSession", landing: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    lake = delta.open_lake(tmp_path_factory.mktemp("in order"))
    for day in DAYS:
        ingest_day(lambda: spark, lake, day, landing=landing)
    return lake


def content(lake: Path, table: Table) -> list[str]:
    return sorted(map(str, delta.rows(table, lake).to_pylist()))


def posts(lake: Path, post_id: str) -> list[tuple[int, str]]:
    rows = [row for row in delta.rows(POSTS, lake).to_pylist() if row["post_id"] == post_id]
    assert {row["day"] for row in rows} <= {DAYS[0]}
    return sorted((row["revision"], row["status"]) for row in rows)


def rejects(lake: Path, source: str) -> dict[str, tuple[str, str]]:
    rows = [row for row in delta.rows(REJECTS, lake).to_pylist() if row["source"] == source]
    return {row["item_id"].partition("@")[0]: (row["status"], row["reason"]) for row in rows}


def test_revisions_resolve(ingested: Path) -> None:
    assert posts(ingested, "plain") == [(1, "accepted")]
    assert posts(ingested, "edited") == [(1, "superseded"), (2, "accepted")]
    assert posts(ingested, "deleted") == [(1, "deleted"), (2, "deleted")]
    assert posts(ingested, "restored") == [
        (1, "superseded"),
        (2, "superseded"),
        (3, "accepted"),
    ]
    assert posts(ingested, "late") == posts(ingested, "twice") == [(1, "accepted")]


def test_the_later_event_takes_a_revision(ingested: Path) -> None:
    rows = [r for r in delta.rows(POSTS, ingested).to_pylist() if r["post_id"] == "contested"]
    assert [row["text"] for row in rows] == ["the later event"]


def test_every_refused_post_has_its_reason(ingested: Path) -> None:
    assert rejects(ingested, "posts") == {
        "twice-1#2": ("duplicate", "same_event"),
        "contested-a": ("superseded", "later_event"),
        "posts.jsonl": ("rejected", "bad_json"),
        "no-id": ("rejected", "missing_id"),
        "forged": ("rejected", "bad_id"),
        "never-1": ("rejected", "bad_time"),
        "typed-1": ("rejected", "bad_type"),
    }


def test_recorded_at_stands_in_for_a_time_of_creation_that_cannot_be(ingested: Path) -> None:
    rows = [
        r for r in delta.rows(POSTS, ingested).to_pylist() if "impossible_time" in r["text_flags"]
    ]
    found = {(row["post_id"], row["revision"]): str(row["created_at"])[:19] for row in rows}
    noticed = "2026-10-01 09:00:00"
    assert found == {
        **{(name, 1): noticed for name in ("no-time", "future", "year-one", "epoch", "none")},
        ("future", 2): noticed,
        ("once-wrong", 2): "2026-10-01 08:00:00",
    }
    assert posts(ingested, "future") == [(1, "superseded"), (2, "accepted")]
    assert posts(ingested, "once-wrong") == [(1, "superseded"), (2, "accepted")]


def test_an_unknown_country_refuses_no_post(ingested: Path) -> None:
    rows = {row["post_id"]: row for row in delta.rows(POSTS, ingested).to_pylist()}
    found = {
        name: (rows[name]["country"], rows[name]["text_flags"])
        for name in ("no-country", "malformed-country", "known-country")
    }
    assert found == {
        "no-country": ("ZZ", ["nul", "unknown_country"]),
        "malformed-country": ("ZZ", ["unknown_country"]),
        "known-country": ("GB", []),
    }


def test_details_name_columns_and_never_content(ingested: Path) -> None:
    details = {r["detail"] for r in delta.rows(REJECTS, ingested).to_pylist()}
    assert details == {None, "type:text:list", "time:created_at", "revision 1"}


def test_repaired_texts_are_flagged(ingested: Path) -> None:
    rows = {row["post_id"]: row for row in delta.rows(POSTS, ingested).to_pylist()}
    assert (rows["damaged"]["text"], rows["damaged"]["text_flags"]) == ("ab", ["nul"])
    assert rows["invalid"]["text_flags"] == ["invalid_utf8"]
    assert rows["invalid"]["text"] == "w\ufffdrds of invalid"


def test_a_bare_row_gets_the_adapters_defaults(ingested: Path) -> None:
    bare = next(r for r in delta.rows(POSTS, ingested).to_pylist() if r["post_id"] == "bare")
    wanted = {
        "revision": 1,
        "surface": "feed",
        "country": "ZZ",
        "author_origin": "native",
        "dataset": "live",
        "split_group": "bare",
        "recorded_day": DAYS[1],
        "sequence": int(bare["created_at"].timestamp() * 1e6),
    }
    assert {name: bare[name] for name in wanted} == wanted
    assert len(bare["event_id"]) == 32


def test_landed_is_what_the_tables_and_the_rejects_hold(ingested: Path) -> None:
    landed: Counter[str] = Counter()
    for row in delta.rows(INGESTS, ingested).to_pylist():
        landed[row["source"]] += row["landed"]
    held = Counter(row["source"] for row in delta.rows(REJECTS, ingested).to_pylist())
    for table in (POSTS, USERS, INTERACTIONS, LABELS, ACCOUNT_LABELS):
        held[table.name.removesuffix("_v1")] += delta.rows(table, ingested).num_rows
    assert landed == held
    assert landed["posts"] == len(ROWS)


def test_profiles_are_those_of_the_days_authors(ingested: Path) -> None:
    rows = delta.rows(USERS, ingested).to_pylist()
    found = sorted((row["day"].day, row["user_id"], row["followers"], row["age"]) for row in rows)
    assert found == [(1, "u1", 3, 30), (2, "u1", 3, 30), (2, "u2", 6, None), (3, "u1", 3, 30)]
    assert set(rejects(ingested, "users").values()) == {
        ("rejected", "negative_count"),
        ("superseded", "later_event"),
    }


def test_interactions_are_checked(ingested: Path) -> None:
    rows = delta.rows(INTERACTIONS, ingested).to_pylist()
    names = ("event_id", "amount", "simulated", "reason", "comment_id")
    found = sorted(tuple(row[name] for name in names) for row in rows)
    assert found == [
        ("i-like", 1, False, None, None),
        ("i-on-comment", 1, False, "spam", "i-said"),
        ("i-report", 1, False, "spam", None),
    ]
    assert rejects(ingested, "interactions") == {
        "i-no-id": ("rejected", "bad_comment_id"),
        "i-no-report": ("rejected", "bad_comment_id"),
        "i-poke": ("rejected", "unknown_kind"),
        "i-report#2": ("duplicate", "same_event"),
    }


def test_labels_stand_on_their_posts_day_and_contradictions_count_for_nothing(
    ingested: Path,
) -> None:
    rows = delta.rows(LABELS, ingested).to_pylist()
    found = sorted((r["day"], r["post_id"], r["harm"], r["label"], r["source"]) for r in rows)
    assert found == [
        (DAYS[0], "edited", "hate", 0, "appeals"),
        (DAYS[0], "edited", "hate", 0, "hand"),
        (DAYS[0], "edited", "hate", 1, "hand"),
        (DAYS[0], "late", "hate", 0, "hand"),
        (DAYS[0], "late", "spam", 0, "hand"),
        (DAYS[0], "plain", "hate", 1, "hand"),
    ]
    refused = [r for r in delta.rows(REJECTS, ingested).to_pylist() if r["source"] == "labels"]
    assert Counter(row["reason"] for row in refused) == {
        "conflicting_label": 2,
        "bad_annotator": 1,
        "bad_weight": 1,
        "reserved_source": 2,
        "unknown_harm": 1,
        "unknown_post": 1,
        "later_event": 1,
    }


def test_a_label_keeps_its_annotator_weight_and_time(ingested: Path) -> None:
    rows = delta.rows(LABELS, ingested).to_pylist()
    times = {(r["post_id"], r["annotator"], r["weight"], str(r["labelled_at"])[:10]) for r in rows}
    assert {("edited", "a", 0.5, "None"), ("edited", "b", 1.0, "None")} <= times
    assert {("late", "-", 1.0, "2026-10-03"), ("plain", "-", 1.0, "None")} <= times


def test_an_account_is_labelled_once(ingested: Path) -> None:
    rows = delta.rows(ACCOUNT_LABELS, ingested).to_pylist()
    assert sorted((row["user_id"], row["label"]) for row in rows) == [("u1", 0), ("u2", 1)]
    assert set(rejects(ingested, "account_labels").values()) == {("duplicate", "same_event")}


class Killed(Exception):
    """Stands for a process that ends between two commits."""


@pytest.mark.nightly
def test_any_order_of_days_and_rows_gives_the_same_tables(  # noqa: PLR0917
    spark: "SparkSession",
    ingested: Path,
    land: Land,
    tmp_path: Path,
    lake: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    backwards = {name: rows[::-1] for name, rows in OTHERS.items()}
    landing = land(tmp_path / "landing", posts=ROWS[::-1], **backwards)

    def kill(point: str) -> None:
        raise Killed(point)

    for day in (DAYS[2], DAYS[0]):
        ingest_day(lambda: spark, lake, day, landing=landing)
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(stage, "failpoint", kill)
        ingest_day(lambda: spark, lake, DAYS[1], landing=landing)
    ingest_day(lambda: spark, lake, DAYS[1], landing=landing)
    for table in CONTENT:
        assert content(lake, table) == content(ingested, table), table.name


def test_a_second_run_changes_nothing(spark: "SparkSession", ingested: Path, landing: Path) -> None:
    assert all(ingest_day(_never, ingested, day, landing=landing).skipped for day in DAYS)
    versions = [delta.version(table, ingested) for table in CONTENT if table != INGESTS]
    rows = {table.name: content(ingested, table) for table in CONTENT}
    with (landing / "posts.jsonl").open("a") as file:
        file.write("\n")  # another file, the same rows
    assert not ingest_day(lambda: spark, ingested, DAYS[1], landing=landing).skipped
    assert rows == {table.name: content(ingested, table) for table in CONTENT}
    assert versions == [delta.version(table, ingested) for table in CONTENT if table != INGESTS]


def _never() -> "SparkSession":
    raise AssertionError("an unchanged day started Spark")

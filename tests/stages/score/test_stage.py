"""A day's scores: one row per accepted revision and model, each with a status and a reason."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from builders import features

from harmsweep.harms import HARMS
from harmsweep.lake import delta
from harmsweep.lake.delta import open_lake
from harmsweep.model.manifest import ManifestRefused, load_manifest
from harmsweep.model.reference import load_model_ref
from harmsweep.stages.score.stage import score_day
from harmsweep.tables.catalog import (
    ACTIONS,
    MEDIA,
    POST_FEATURES,
    POST_VECTORS,
    POSTS,
    REJECTS,
    SCORES,
)

pytestmark = [pytest.mark.spark, pytest.mark.torch]

DAY = date(2026, 10, 1)
Rows = dict[str, Callable[..., dict[str, Any]]]


def scores(lake: Path, model_version: str) -> dict[tuple[str, int], dict[str, Any]]:
    found = delta.rows(SCORES, lake, day=DAY).to_pylist()
    kept = [row for row in found if row["model_version"] == model_version]
    return {(row["post_id"], row["revision"]): row for row in kept}


def fill(lake: Path, add_rows: Callable[..., None], rows_of: Rows) -> None:
    """A day with a post in each state."""
    post, features, vector = (rows_of[name] for name in ("post", "features", "vector"))
    posts = [
        post("plain"),
        post("seen", split_group="trained", text_flags=["unknown_country"]),
        post("capped", text_flags=["capped"]),
        post("hostile"),
        post("broken"),
        post("wordless", text=""),
        post("nan"),
        post("edited", status="superseded"),
        post("edited", revision=2),
        post("unread"),
        post("unfeatured"),
    ]
    add_rows(posts, POSTS, lake)
    current = [p for p in posts if p["status"] == "accepted" and p["post_id"] != "unfeatured"]
    read_in_part = {"hostile": {"text_flags": ["read_in_part"]}}
    featured = [features(p) | read_in_part.get(p["post_id"], {}) for p in current]
    add_rows(featured, POST_FEATURES, lake)
    unread = {"wordless", "unread"}
    add_rows(
        [
            vector(p, float("nan") if p["post_id"] == "nan" else 2.0)
            for p in current
            if p["post_id"] not in unread
        ],
        POST_VECTORS,
        lake,
    )
    broken = {"day": DAY, "revision": 1, "position": 0, "kind": "image", "uri": "media/x.jpg"}
    damaged = [broken | {"post_id": p, "status": "undecodable"} for p in ("broken", "wordless")]
    add_rows(damaged, MEDIA, lake)


@pytest.fixture
def filled(lake: Path, add_rows: Callable[..., None], rows_of: Rows) -> Path:
    fill(lake, add_rows, rows_of)
    return lake


def test_each_accepted_revision_has_one_row_with_its_status_and_reason(
    spark: Any, filled: Path, make_model: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_model(tmp_path / "m")
    version = load_manifest(path).model_version
    outcome = score_day(lambda: spark, filled, DAY, model=load_model_ref(path))
    found = scores(filled, version)

    assert {key: (row["status"], row["reason"]) for key, row in found.items()} == {
        ("plain", 1): ("scored", None),
        ("seen", 1): ("scored", None),
        ("edited", 2): ("scored", None),
        ("capped", 1): ("scored_partial", "text capped"),
        ("hostile", 1): ("scored_partial", "text read_in_part"),
        ("broken", 1): ("scored_partial", "image undecodable"),
        ("wordless", 1): ("quarantined", "no usable text, image or video; image undecodable"),
        ("unread", 1): ("quarantined", "no usable text, image or video; text not embedded"),
        ("unfeatured", 1): ("quarantined", "no usable text, image or video; no features"),
        ("nan", 1): ("failed", "output is not a probability"),
    }
    assert outcome.counts == {
        "posts": 10, "scored": 3, "scored_partial": 3, "quarantined": 3, "failed": 1,
    }  # fmt: skip
    # The head is the sigmoid of the vector's first number; others are null, and so is everything
    # where the post was not scored.
    assert found["plain", 1]["hate"] == pytest.approx(0.8807970779778823)
    unscored = [row for row in found.values() if row["status"] in {"quarantined", "failed"}]
    assert {row[harm] for row in unscored for harm in HARMS} == {None}
    assert {row[harm] for row in found.values() for harm in HARMS if harm != "hate"} == {None}
    assert [key for key, row in found.items() if row["trained_on"]] == [("seen", 1)]
    assert found["plain", 1]["inputs"] == ["text"] and found["wordless", 1]["inputs"] == []

    rejects = delta.rows(REJECTS, filled, day=DAY).to_pylist()
    assert [(r["stage"], r["source"], r["item_id"], r["reason"]) for r in rejects] == [
        ("score", f"scores:{version}", "nan/1", "score_not_finite")
    ]


def test_a_second_model_adds_rows_and_touches_no_others(
    spark: Any, filled: Path, make_model: Callable[..., Path], tmp_path: Path
) -> None:
    first, second = (make_model(tmp_path / n, bias=b) for n, b in (("m1", 0.0), ("m2", 1.0)))
    versions = [load_manifest(path).model_version for path in (first, second)]
    score_day(lambda: spark, filled, DAY, model=load_model_ref(first))
    before = scores(filled, versions[0])
    vectors = delta.version(POST_VECTORS, filled)
    score_day(lambda: spark, filled, DAY, model=load_model_ref(second))

    assert scores(filled, versions[0]) == before
    assert scores(filled, versions[1]).keys() == before.keys()
    assert delta.version(POST_VECTORS, filled) == vectors
    assert {r["source"] for r in delta.rows(REJECTS, filled, day=DAY).to_pylist()} == {
        f"scores:{version}" for version in versions
    }
    tables = {table.name: delta.version(table, filled) for table in (SCORES, REJECTS)}
    assert score_day(
        lambda: pytest.fail("started Spark"), filled, DAY, model=load_model_ref(first)
    ).skipped
    assert tables == {table.name: delta.version(table, filled) for table in (SCORES, REJECTS)}


def test_a_slice_that_the_ledger_cites_only_grows(
    spark: Any,
    filled: Path,
    make_model: Callable[..., Path],
    add_rows: Callable[..., None],
    rows_of: Rows,
) -> None:
    path = make_model(filled.parent / "m")
    version = load_manifest(path).model_version
    score_day(lambda: spark, filled, DAY, model=load_model_ref(path))
    before = scores(filled, version)
    add_rows([_action(version)], ACTIONS, filled)
    late = rows_of["post"]("late")
    add_rows([late], POSTS, filled)
    add_rows([rows_of["features"](late)], POST_FEATURES, filled)
    add_rows([rows_of["vector"](late, 1.0)], POST_VECTORS, filled)
    capped = {"day": DAY, "post_id": "plain", "revision": 1, "position": 0, "kind": "image"}
    add_rows([capped | {"uri": "media/y.jpg", "status": "missing"}], MEDIA, filled)
    score_day(lambda: spark, filled, DAY, model=load_model_ref(path))

    after = scores(filled, version)
    assert after.keys() - before.keys() == {("late", 1)}
    assert {key: after[key] for key in before} == before


def _action(model_version: str) -> dict[str, Any]:
    from datetime import UTC, datetime

    text = ("sweep_id", "action", "previous_action", "surface", "jurisdiction", "cause_kind",
            "cause_id", "operator", "effect_key", "state_key")  # fmt: skip
    return dict.fromkeys(text, "x") | {
        "day": DAY, "entry": "intent", "recorded_at": datetime.now(UTC), "subject_kind": "post",
        "subject_id": "plain", "revision": 1, "direction": "apply", "lane": "policy",
        "model_version": model_version,
    }  # fmt: skip


def test_a_day_without_posts_has_no_scores_and_starts_no_spark(
    lake: Path, make_model: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_model(tmp_path / "m")
    outcome = score_day(lambda: pytest.fail("started Spark"), lake, DAY, model=load_model_ref(path))
    assert outcome.items == 0 and delta.rows(SCORES, lake).num_rows == 0


def test_a_model_of_other_encoders_is_refused_before_any_write(
    lake: Path, make_model: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_model(tmp_path / "m", encoder_id="clip-0")
    before = delta.version(SCORES, open_lake(lake))
    with pytest.raises(ManifestRefused, match="text was trained on clip-0"):
        score_day(lambda: pytest.fail("started Spark"), lake, DAY, model=load_model_ref(path))
    assert delta.version(SCORES, lake) == before


@pytest.fixture
def score(
    spark: Any,
    lake: Path,
    add_rows: Callable[..., None],
    make_model: Callable[..., Path],
    tmp_path: Path,
) -> Callable[..., dict[str, dict[str, Any]]]:
    """A function that scores posts with their vectors by a model; the rows of scores by post."""

    def scored(
        posts: list[dict[str, Any]], vectors: list[dict[str, Any]], **of_model: Any
    ) -> dict[str, dict[str, Any]]:
        if DAY not in delta.days(POSTS, lake):
            add_rows(posts, POSTS, lake)
            add_rows([features_of(p) for p in posts], POST_FEATURES, lake)
            add_rows(vectors, POST_VECTORS, lake)
        path = make_model(tmp_path / f"m{len(of_model)}", **of_model)
        score_day(lambda: spark, lake, DAY, model=load_model_ref(path))
        found = scores(lake, load_manifest(path).model_version)
        return {post: row for (post, _), row in found.items()}

    return scored


def features_of(post: dict[str, Any]) -> dict[str, Any]:
    return features(post["post_id"], post["text"], post["revision"])


def test_the_greatest_over_the_text_and_its_windows_decides(
    score: Callable[..., dict[str, dict[str, Any]]], rows_of: Rows
) -> None:
    post, vector, windows = (rows_of[name] for name in ("post", "vector", "windows"))
    long = " ".join(["word"] * 19)
    names = ("diluted", "whole", "uncut", "bounded")
    posts = [*(post(name, text=long) for name in names), post("short", text="a few words")]
    vectors = [
        *(vector(p, 0.0) for p in posts),
        windows(posts[0], -1.0, 2.0),
        windows(posts[1], -1.0, -2.0),
        windows(posts[3], -1.0, status="partial", reason="read together"),
    ]
    found = score(posts, vectors, windows=True)
    assert {name: (row["status"], row["reason"]) for name, row in found.items()} == {
        "diluted": ("scored", None),
        "whole": ("scored", None),
        "uncut": ("scored_partial", "text: its windows were not embedded"),
        "bounded": ("scored_partial", "text: read together"),
        "short": ("scored", None),
    }
    assert found["diluted"]["hate"] == pytest.approx(0.8807970779778823)
    assert {found[name]["hate"] for name in ("whole", "uncut", "bounded", "short")} == {0.5}
    assert found["diluted"]["inputs"] == ["text"]
    # A model from before reads no windows and says nothing of them.
    old = score(posts, vectors)
    assert {(row["status"], row["hate"]) for row in old.values()} == {("scored", 0.5)}


def test_a_post_of_nothing_but_links_or_symbols_is_partial(
    score: Callable[..., dict[str, dict[str, Any]]], rows_of: Rows
) -> None:
    texts = {
        "link": "http",
        "symbols": "@user \U0001f525 http !!",
        "picture": "http",
        "words": "see http",
        "number": "100 %",
        "chinese": "\u4f60\u597d",
    }
    media = {"picture": [{"kind": "image", "uri": "media/x.jpg"}]}
    posts = [rows_of["post"](n, text=t, media=media.get(n, [])) for n, t in texts.items()]
    found = score(posts, [rows_of["vector"](p, 0.0) for p in posts])
    partial = {n for n, row in found.items() if row["reason"] is not None}
    assert partial == {"link", "symbols"}
    assert found["link"]["status"] == "scored_partial"
    assert found["link"]["reason"] == "text: nothing but links or symbols"

"""A day's metrics from literal rows: the accounts balance and each count is right."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import builders
import pytest
from builders import scored

from harmsweep.lake import delta, writes
from harmsweep.stages.measure.stage import measure_day
from harmsweep.tables.catalog import (
    DECISIONS,
    EXPLANATIONS,
    INGESTS,
    METRICS,
    POST_VISIBILITY,
    POSTS,
    REJECTS,
    SCORES,
)

DAY, BEFORE = date(2026, 10, 2), date(2026, 10, 1)
NOON = datetime(2026, 10, 2, 12, tzinfo=UTC)
VERSIONS = {"model_version": "m-1", "policy_version": "p-1"}
Row = dict[str, Any]


def post(day: date, post_id: str, revision: int, status: str) -> Row:
    return builders.post(post_id, revision, status, day=day, created_at=NOON, recorded_at=NOON)


def score(
    day: date, post_id: str, revision: int, status: str, language: str, **harms: float
) -> Row:
    return scored(post_id, revision, day=day, status=status, language=language, **harms)


def reject(item: str, status: str, stage: str = "ingest") -> Row:
    row = {"day": DAY, "stage": stage, "source": "posts", "item_id": item, "status": status}
    return row | {"reason": "rule", "detail": None, "post_id": item, "recorded_day": DAY}


def decision(post_id: str, revision: int, action: str) -> Row:
    row = {"day": DAY, "post_id": post_id, "revision": revision, **VERSIONS, "surface": "all"}
    row |= {"jurisdiction": "all", "author_id": "a", "language": "en", "action": action}
    row |= {"policy_action": action, "harm": "hate", "score": 0.9, "threshold": 0.5}
    return row | {"reason": "threshold_met", "evidence": "{}"}


def effect(post_id: str, action: str) -> Row:
    row = {"day": DAY, "subject_kind": "post", "subject_id": post_id, "surface": "all"}
    row |= {"jurisdiction": "all", "action": action, "revision": 1, "harm": "hate"}
    return row | {"effect_key": post_id, "since": NOON, "lane": "policy"}


@pytest.fixture
def measured(lake: Path) -> dict[tuple[str, str, str, str], float]:
    day = {"day": DAY}
    posts = [post(DAY, "a", 1, "superseded"), post(DAY, "a", 2, "accepted")]
    posts += [post(DAY, "b", 1, "accepted"), post(DAY, "c", 1, "accepted")]
    posts += [post(DAY, "d", 1, "superseded"), post(DAY, "d", 2, "deleted")]
    writes.write_rows(posts, POSTS, lake, where=day)
    # An edit that landed on the day, of a post of the day before.
    writes.write_rows([post(BEFORE, "z", 2, "accepted")], POSTS, lake, where={"day": BEFORE})
    of_model = {"model_version": "m-1"}
    scores = [score(DAY, "a", 1, "scored", "en", hate=0.99, spam=0.9)]
    scores += [score(DAY, "a", 2, "scored", "en", hate=0.9), score(DAY, "b", 1, "failed", "fr")]
    scores += [score(DAY, "c", 1, "scored_partial", "en", hate=0.1)]
    writes.write_rows(scores, SCORES, lake, where=day | of_model)
    late = [score(BEFORE, "z", 2, "quarantined", "und")]
    writes.write_rows(late, SCORES, lake, where={"day": BEFORE} | of_model)
    refused = [reject("e", "rejected"), reject("a", "duplicate"), reject("f", "superseded")]
    writes.write_rows([*refused, reject("b", "rejected", "score")], REJECTS, lake, where=day)
    landed = [{"day": DAY, "source": "posts", "landed": 10}]
    writes.write_rows(landed, INGESTS, lake, where=day)
    decided = [decision("a", 1, "remove"), decision("a", 2, "demote"), decision("b", 1, "review")]
    writes.write_rows(decided, DECISIONS, lake, where=day | VERSIONS)
    ended = effect("b", "demote") | {"expires_at": NOON}
    writes.write_rows([effect("a", "demote"), ended], POST_VISIBILITY, lake, where=day)
    assert _measure(lake).items == 3
    key = ("metric", "harm", "slice", "value_of")
    return {tuple(r[k] for k in key): r["value"] for r in delta.rows(METRICS, lake).to_pylist()}


def _measure(lake: Path) -> Any:
    return measure_day(lake, DAY, **VERSIONS)


def test_the_accounts_balance_and_count_late_edits_where_they_landed(measured, lake):
    found = {k[3]: n for k, n in measured.items() if k[0] == "accounts"}
    assert found == {
        "landed": 10,
        "accepted": 4,
        "rejected": 1,
        "duplicate": 1,
        "superseded": 3,
        "deleted": 1,
        "scored": 1,
        "scored_partial": 1,
        "quarantined": 1,
        "failed": 1,
        "unscored": 0,
    }
    assert _measure(lake).skipped


def explained(effect_key: str, status: str, seconds: float, model_version: str = "m-1") -> Row:
    row = {"day": DAY, "effect_key": effect_key, "post_id": effect_key, "revision": 1}
    row |= {"model_version": model_version, "status": status, "contributions": "{}"}
    row |= {"evidence": "[]", "statement": None, "notice": "", "explained_at": NOON}
    return row | {"seconds": seconds}


def test_what_was_explained_and_how_long_that_took_is_measured_by_the_next_run(measured, lake):
    assert not any(key[0].startswith("explanation") for key in measured)
    rows = [explained("a", "confirmed", 1.5), explained("b", "confirmed", 2.0)]
    rows += [explained("c", "general", 4.0), explained("d", "general", 8.0, "m-2")]
    writes.write_rows(rows, EXPLANATIONS, lake)
    assert not _measure(lake).skipped
    found = delta.rows(METRICS, lake).to_pylist()
    cost = {(r["metric"], r["value_of"]): r["value"] for r in found if "expl" in r["metric"]}
    assert cost == {
        ("explanations", "confirmed"): 2, ("explanation_seconds", "confirmed"): 3.5,
        ("explanations", "general"): 1, ("explanation_seconds", "general"): 4.0,
    }  # fmt: skip


def test_counts_and_distributions_are_of_the_revisions_that_stand(measured):
    rest = {k: n for k, n in measured.items() if k[0] != "accounts"}
    p50, p90, p99 = (rest.pop(("score_quantile", "hate", "quantile", p)) for p in PERCENTILES)
    assert 0.1 <= p50 <= p90 <= p99 <= 0.9
    assert rest == {
        ("posts", "all", "status", "scored"): 1,
        ("posts", "all", "status", "scored_partial"): 1,
        ("posts", "all", "status", "failed"): 1,
        ("posts", "all", "language", "en"): 2,
        ("posts", "all", "language", "fr"): 1,
        ("score_quantile", "hate", "quantile", "max"): 0.9,
        ("score_quantile", "hate", "share", "from_0.5"): 0.5,
        ("decisions", "hate", "action", "demote"): 1,
        ("decisions", "hate", "action", "review"): 1,
        ("effects", "hate", "action", "demote"): 1,
    }


PERCENTILES = ("p50", "p90", "p99")


def test_an_edit_of_an_earlier_days_post_makes_the_account_of_its_landing_anew(measured, lake):
    assert measure_day(lake, DAY, **VERSIONS).skipped
    writes.write_rows([post(BEFORE, "another", 1, "accepted")], POSTS, lake)
    assert not measure_day(lake, DAY, **VERSIONS).skipped

"""What reviewers found of a post becomes labels of what it was suspected of."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import builders
import pytest
from builders import row
from pyspark.sql import DataFrame, SparkSession

from harmsweep.lake import delta
from harmsweep.stages.label.reviews import review_labels
from harmsweep.stages.label.stage import label_day
from harmsweep.tables.catalog import ACTIONS, LABELS, POSTS, VERDICTS

pytestmark = pytest.mark.spark
DAY = date(2026, 10, 20)
NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)


def post(post_id: str, *, revision: int = 1) -> dict[str, Any]:
    return builders.post(post_id, revision, day=DAY)


def verdict(post_id: str, found: str, *, hour: int = 0, **changes: Any) -> dict[str, Any]:
    known = {"day": DAY, "verdict_id": f"{post_id}-{hour}", "reviewer": "ana"}
    known |= {"verdict": found, "decided_at": NOON + timedelta(hours=hour)}
    return row(VERDICTS, post_id=post_id, **known | changes)


def action(post_id: str, harm: str | None = "hate", **changes: Any) -> dict[str, Any]:
    known = {"day": DAY, "effect_key": f"{post_id}-{harm}", "subject_id": post_id, "harm": harm}
    known |= {"recorded_at": NOON, "action": "remove", "previous_action": "none"}
    known |= {"subject_kind": "post", "surface": "all", "jurisdiction": "all"}
    return row(ACTIONS, **known | {"cause_kind": "decision"} | changes)


@pytest.fixture
def labelled(frame: Callable[..., DataFrame]) -> Callable[..., set[tuple[str, str, int]]]:
    """A function from verdicts, actions and posts to post, harm and label of the labels."""

    def find(
        verdicts: list[dict[str, Any]], actions: list[dict[str, Any]], posts: list[dict[str, Any]]
    ) -> set[tuple[str, str, int]]:
        tables = frame(verdicts, VERDICTS), frame(actions, ACTIONS), frame(posts, POSTS)
        rows = [(r["post_id"], r["harm"], r["label"]) for r in review_labels(*tables).collect()]
        assert len({*rows}) == len(rows)
        return {*rows}

    return find


def test_an_overturned_action_is_a_negative_of_what_it_was_for_and_of_nothing_else(
    labelled: Callable[..., Any],
) -> None:
    actions = [
        action("p"),
        action("p", entry="outcome"),
        action("p", "spam", action="review", surface="ads"),
        action("p", "none"),
        action("p", None),
        action("p", "sexism", subject_kind="account"),
        action("other", "sexism"),
    ]
    found = labelled([verdict("p", "benign")], actions, [post("p"), post("other")])
    assert found == {("p", "hate", 0), ("p", "spam", 0)}


def test_a_harmful_verdict_is_a_positive_of_the_harm_that_it_names(
    labelled: Callable[..., Any],
) -> None:
    verdicts = [
        verdict("named", "harmful", harm="spam"),
        verdict("unnamed", "harmful"),
        verdict("unknown", "harmful", harm="no harm of conf"),
    ]
    names = ("named", "unnamed", "unknown")
    found = labelled(verdicts, [action(n) for n in names], [post(n) for n in names])
    assert found == {("named", "spam", 1)}


def test_the_newest_verdict_on_the_current_revision_counts(labelled: Callable[..., Any]) -> None:
    verdicts = [
        verdict("mind changed", "harmful", harm="hate"),
        verdict("mind changed", "benign", hour=1, reviewer="ben"),
        verdict("edited", "benign"),
        verdict("looked at again", "harmful", harm="hate"),
        verdict("looked at again", "benign", hour=1, revision=2),
    ]
    names = ("mind changed", "edited", "looked at again")
    actions = [action(name) for name in names] + [action(names[2], "spam", revision=2)]
    posts = [post(names[0]), post(names[1], revision=2), post(names[2], revision=2)]
    assert labelled(verdicts, actions, posts) == {
        ("mind changed", "hate", 0), ("looked at again", "spam", 0),
    }  # fmt: skip


def test_a_day_has_the_labels_of_its_verdicts_with_who_and_when(
    spark: SparkSession, lake: Path, add_rows: Callable[..., None]
) -> None:
    add_rows([post("p")], POSTS, lake)
    add_rows([action("p")], ACTIONS, lake)
    add_rows([verdict("p", "benign")], VERDICTS, lake)
    counts = {"reported": 0, "labelled": 0, "answered": 0, "reviewed": 1}
    assert label_day(lambda: spark, lake, DAY).counts == counts
    expected = {
        "day": DAY, "post_id": "p", "harm": "hate", "label": 0, "source": "reviews",
        "dataset": "live", "annotator": "ana", "weight": 1.0, "labelled_at": NOON,
    }  # fmt: skip
    assert delta.rows(LABELS, lake).to_pylist() == [expected]
    assert label_day(lambda: pytest.fail("started Spark"), lake, DAY).skipped
    add_rows([verdict("p", "harmful", hour=1, harm="spam")], VERDICTS, lake)
    label_day(lambda: spark, lake, DAY)
    changed = {"harm": "spam", "label": 1, "labelled_at": NOON + timedelta(hours=1)}
    assert delta.rows(LABELS, lake).to_pylist() == [expected | changed]

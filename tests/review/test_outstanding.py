"""What a verdict asks for on days that the schedule is done with is listed for their sweep."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from builders import DAY

from harmsweep.lake import delta, writes
from harmsweep.lake.late_posts import close_late, late_posts
from harmsweep.review import verdicts
from harmsweep.review.apply_now import outstanding
from harmsweep.review.outstanding import list_outstanding
from harmsweep.tables.catalog import LATE_POSTS, VERDICTS

TEXT = "one two three four five"
WEEK = timedelta(days=7)
FIRST, BEFORE = DAY - WEEK, DAY + WEEK


@pytest.fixture
def swept_week(held: Any, text_of: Any) -> Any:
    """A day that was swept a week ago, with one copy of what was posted since."""
    held.put_features([text_of("clean", TEXT), text_of("spam", f"another {TEXT}")])
    return held


def judge(lake: Any, *reviewers: str, found: str = "harmful") -> None:
    """Verdicts on a post of the week after, whose text is that of `clean`."""
    with_text = {"day": DAY + WEEK, "post_id": "clean", "revision": 1}
    content = verdicts.verdict_row(lake.root, with_text | {"day": DAY}, found, "hate", "seen")
    for name in reviewers:
        row = content | {"day": DAY + WEEK, "post_id": "new", "reviewer": name, "action": "remove"}
        row |= {"verdict_id": f"{name}-{found}", "decided_at": datetime.now(UTC)}
        writes.write_rows([row], VERDICTS, lake.root)


def listed(lake: Any) -> frozenset[str]:
    list_outstanding(lake.root, FIRST, BEFORE)
    return late_posts(lake.root, DAY)


def test_a_copy_is_listed_when_enough_reviewers_found_harm_and_once(swept_week: Any) -> None:
    assert listed(swept_week) == frozenset()
    judge(swept_week, "ann")
    assert listed(swept_week) == frozenset()
    judge(swept_week, "bob")
    assert listed(swept_week) == {"clean"}
    assert outstanding(swept_week.root, DAY) == {"clean": 1}
    swept_week.sweep()
    assert swept_week.states()["clean"] == "remove"
    close_late(swept_week.root, DAY, ["clean"])
    assert listed(swept_week) == frozenset()


def test_a_copy_that_was_swept_is_listed_again_when_the_verdict_is_another(swept_week: Any) -> None:
    judge(swept_week, "ann", "bob")
    assert listed(swept_week) == {"clean"}
    swept_week.sweep()
    close_late(swept_week.root, DAY, ["clean"])
    judge(swept_week, "cat", found="benign")
    assert listed(swept_week) == {"clean"}
    assert delta.rows(LATE_POSTS, swept_week.root).num_rows == 1


def test_days_that_were_never_swept_and_those_out_of_the_window_are_left(swept_week: Any) -> None:
    judge(swept_week, "ann", "bob")
    list_outstanding(swept_week.root, date(2026, 10, 2), BEFORE)
    list_outstanding(swept_week.root, FIRST, DAY)
    assert late_posts(swept_week.root, DAY) == frozenset()

"""Acts of people count in the order in which they were done, whatever the machines' clocks say."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from appealing import MINE

from harmsweep.errors import DataRefused
from harmsweep.operations import act_time, ramps
from harmsweep.operations.audit import operations, record
from harmsweep.review import allow_list, appeals, orders, verdicts

DAY = timedelta(days=1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Make the machine's clock wrong by so much from here on."""

    def skew(by: timedelta) -> None:
        monkeypatch.setattr(act_time, "_now", lambda: datetime.now(UTC) + by)

    return skew


def in_lane(lake: Any, lane: str) -> dict[str, str]:
    return {row["subject_id"]: row["action"] for row in lake.visible() if row["lane"] == lane}


def exempt(lake: Any, kind: str) -> None:
    allow_list.exempt(lake.root, "post", "removed", kind=kind, until=None, reason="news")


def test_an_exemption_by_a_clock_ahead_counts_at_once_and_ends_by_a_clock_behind(fresh, clock):
    clock(DAY)
    exempt(fresh, "newsworthy")
    fresh.sweep()
    assert fresh.states()["removed"] == "review"
    clock(-DAY)
    exempt(fresh, "none")
    fresh.sweep()
    assert fresh.states()["removed"] == "remove"


def test_the_last_word_of_a_reviewer_is_the_last_that_was_said(fresh, clock):
    fresh.sweep()
    clock(DAY)
    verdicts.decide(fresh.root, "removed", "benign", rationale="a quote")
    fresh.sweep()
    assert "removed" not in fresh.states()
    clock(-DAY)
    verdicts.decide(fresh.root, "removed", "harmful", harm="hate", action="demote", rationale="no")
    fresh.sweep()
    assert in_lane(fresh, "review")["removed"] == "demote"


def test_an_order_is_not_answered_by_a_verdict_from_before_it(fresh, clock):
    clock(DAY)
    verdicts.decide(fresh.root, "clean", "harmful", harm="hate", rationale="seen")
    clock(-DAY)
    due = datetime.now(UTC) + 7 * DAY
    facts = {"authority": "office", "reference": "1", "due_at": due, "reason": "by post"}
    orders.receive(fresh.root, "clean", kind="referral", **facts)
    assert in_lane(fresh, "order")["clean"] == "review"


def test_who_judged_a_post_before_its_appeal_does_not_decide_it(fresh, clock):
    fresh.sweep()
    clock(DAY)
    verdicts.decide(fresh.root, "removed", "benign", rationale="a quote")
    clock(-DAY)
    filed = appeals.file_appeal(fresh.root, "removed", **MINE, clock=micros)
    with pytest.raises(DataRefused, match="another must decide"):
        policy = fresh.policy()
        appeals.decide_appeal(
            fresh.root, filed["appeal_id"], "overturned", policy=policy, rationale="hm"
        )


def micros() -> int:
    return int((datetime.now(UTC) - DAY).timestamp() * 1e6)


def test_the_newest_ramp_is_the_last_that_was_set(fresh, clock):
    clock(DAY)
    ramps.ramp(fresh.root, "m-1/p-1", 0.2, instead_of="", reason="try it")
    clock(-DAY)
    ramps.ramp(fresh.root, "m-1/p-1", 0.0, instead_of="", reason="it was wrong")
    assert ramps.share_of(fresh.root, "m-1/p-1") == (0.0, 0.0)


def test_the_audit_is_in_the_order_of_the_acts(fresh, clock):
    for n, by in enumerate((DAY, -DAY, timedelta(), 2 * DAY, -DAY)):
        clock(by)
        record(fresh.root, "resume" if n % 2 else "discard", "batch", reason=str(n))
    assert [row["reason"] for row in operations(fresh.root, "batch")] == ["0", "1", "2", "3", "4"]

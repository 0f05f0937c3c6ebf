"""What is approved without anybody has a small share, no label against it, and weeks of history."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from builders import DAY, NOON, post, row
from planning import planned

from harmsweep.enforcement.circuit_breaker import automatic_approval
from harmsweep.enforcement.circuit_breaker.automatic_approval import why_not_approved
from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.plans import apply, make
from harmsweep.enforcement.rules.ledger import Entry
from harmsweep.enforcement.state.day_ledger import micros
from harmsweep.errors import DataRefused
from harmsweep.lake import writes
from harmsweep.policy.file import Policy, load_policy
from harmsweep.tables.catalog import ACTIONS, LABELS, POSTS

AT = micros(NOON)
NO_HISTORY = load_bounds().forecast.model_copy(update={"least_weeks": 0})


RELEASED = {"action": "none", "previous_action": "remove", "direction": "release"}


def in_mode(policy: Policy, mode: str) -> Policy:
    return policy.model_copy(update={"mode": mode})


def as_in_production(asked: Any) -> Any:
    """The question as it is asked of a policy in production."""
    return lambda lake, by_day, p, at: asked(lake, by_day, in_mode(p, "production"), at)


@pytest.fixture
def policy(fresh) -> Policy:
    return in_mode(load_policy(fresh.policy()), "production")


@pytest.fixture
def quiet(fresh):
    """A day of a thousand posts whose weekday acted in each of the last weeks."""
    writes.write_rows([post(f"p{n}") for n in range(1000)], POSTS, fresh.root, where={"day": DAY})
    for week in (1, 2, 3):
        day = DAY - timedelta(weeks=week)
        past = {"day": day, "effect_key": f"w{week}", "cause_kind": "decision", "action": "remove"}
        writes.write_rows([row(ACTIONS, **past, harm="hate")], ACTIONS, fresh.root)
    return fresh.root


def effects(count: int = 1, **columns: str) -> dict:
    known = {
        "action": "remove",
        "previous_action": "none",
        "cause_kind": "decision",
        "harm": "hate",
    }
    keys = ({"subject_id": f"p{n}", "effect_key": f"k{n}"} for n in range(count))
    return {DAY: [Entry(**row(ACTIONS, **known | columns | key)) for key in keys]}


def labelled(lake, label: int, source: str = "hand", harm: str = "hate") -> None:
    known = {"post_id": "p0", "harm": harm, "label": label, "source": source, "weight": 1.0}
    writes.write_rows([row(LABELS, **known)], LABELS, lake)


def test_a_few_effects_of_a_day_with_history_need_nobody(quiet, policy):
    assert why_not_approved(quiet, effects(10), policy, AT) == []


def test_more_than_a_share_of_a_days_posts_waits(quiet, policy):
    assert why_not_approved(quiet, effects(11), policy, AT) == [
        "2026-10-01: 11 of 1000 posts are more than 1.0%"
    ]


def test_a_lake_without_weeks_of_history_waits(quiet, policy):
    later = {DAY + timedelta(weeks=2): [replace(effects()[DAY][0], day=DAY + timedelta(weeks=2))]}
    assert why_not_approved(quiet, later, policy, AT)[-1] == "2026-10-15: 2 of 3 weeks of history"


@pytest.mark.parametrize("source", ["hand", "reviews", "appeals"])
def test_a_removal_that_people_labelled_harmless_waits(quiet, policy, source: str):
    labelled(quiet, 0, source)
    told = ["2026-10-01: labels by people are against 1, such as p0"]
    assert why_not_approved(quiet, effects(), policy, AT) == told


def test_a_release_of_what_people_labelled_harmful_waits(quiet, policy):
    labelled(quiet, 1)
    told = ["2026-10-01: labels by people are against 1, such as p0"]
    assert why_not_approved(quiet, effects(**RELEASED), policy, AT) == told


@pytest.mark.parametrize(
    ("label", "columns"),
    [
        ({"label": 0, "source": "reports"}, {}),
        ({"label": 0, "harm": "spam"}, {}),
        ({"label": 1}, {}),
        ({"label": 0}, RELEASED),
    ],
    ids=["a report", "another harm", "harmful", "a release"],
)
def test_a_label_that_says_no_other_thing_holds_nothing_up(quiet, policy, label, columns):
    labelled(quiet, **label)
    assert why_not_approved(quiet, effects(**columns), policy, AT) == []


def test_reviews_alone_need_nobody(fresh, policy):
    assert why_not_approved(fresh.root, effects(5, action="review"), policy, AT) == []


def test_a_demonstration_is_asked_for_none_of_it(fresh, policy):
    labelled(fresh.root, 0)
    plain = in_mode(policy, "demonstration")
    assert why_not_approved(fresh.root, effects(5), plain, AT) == []
    assert len(why_not_approved(fresh.root, effects(5), policy, AT)) == 3


def test_a_plan_with_a_label_against_it_waits_and_one_that_gets_it_later_is_refused(
    fresh, monkeypatch
):
    monkeypatch.setattr(make, "why_not_approved", asked := as_in_production(why_not_approved))
    monkeypatch.setattr(apply, "why_not_approved", asked)
    few = load_bounds().model_copy(update={"approved_share": 1.0, "forecast": NO_HISTORY})
    monkeypatch.setattr(automatic_approval, "load_bounds", lambda: few)
    plan = planned(fresh)
    assert plan.approvers == 0
    known = {"post_id": "removed", "harm": "hate", "label": 0, "source": "hand", "weight": 1.0}
    writes.write_rows([row(LABELS, **known)], LABELS, fresh.root)
    with pytest.raises(DataRefused, match=r"by now .*labels by people are against 1.*plan again"):
        apply.apply_plan(fresh.root, plan.plan_id)
    again = planned(fresh)
    assert again.approvers == 2
    assert "labels by people are against 1, such as removed: waits for 2 approvals" in again.line()

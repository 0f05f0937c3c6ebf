"""Plans: written down, approved, and carried out exactly, once."""

import math
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from harmsweep import lake as lakes
from harmsweep import operations
from harmsweep.decisions import DECIDE, pair
from harmsweep.enforce.breaker import approvals
from harmsweep.enforce.plans import apply_plan, find_plan, make_plan
from harmsweep.enforce.reading import groups, mask, samples
from harmsweep.job import DataRefused
from harmsweep.policy import load_policy
from harmsweep.runs import run_step
from harmsweep.tables import POSTS

DAY = date(2026, 10, 1)
FIRST = {"removed": "remove", "demoted": "demote", "reviewed": "review", "spam": "remove"}


def planned(lake: Any, **policy: Any) -> Any:
    """A plan of the day."""
    lake.decide(**policy)
    return make_plan(lake.root, [DAY], policy=lake.policy(**policy), model_version="m-1")


def applied(lake: Any, plan: Any) -> dict[str, int]:
    return dict(apply_plan(lake.root, plan.plan_id).counts)


@pytest.fixture
def be(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Act as a user of the system from now on."""

    def switch(name: str) -> None:
        for module in (operations, approvals):
            monkeypatch.setattr(module, "operator", lambda: name)

    return switch


def test_a_plan_inside_every_bound_is_applied_without_anybody_and_once(fresh, swept):
    plan = planned(fresh)
    assert (plan.effects, plan.visible, plan.approvers, plan.posts) == (4, 3, 0, 5)
    assert "approved automatically" in plan.line()
    assert fresh.content() == ([], [])
    assert planned(fresh).plan_id == plan.plan_id
    assert applied(fresh, plan) == {"effects": 4, "done_before": 0}
    assert fresh.states() == FIRST
    keys = {r["effect_key"] for r in fresh.ledger()}
    assert keys == {r["effect_key"] for r in swept.ledger()}
    before = fresh.content()
    assert applied(fresh, plan) == {"effects": 0, "done_before": 4}
    assert fresh.content() == before


def test_a_plan_past_a_cap_waits_for_two_others(fresh, be):
    plan = planned(fresh, apply=0)
    assert plan.approvers == 2
    assert "waits for 2 approvals" in plan.line()
    with pytest.raises(DataRefused, match="needs 2 approvals"):
        applied(fresh, plan)
    for name in ("one", "two"):
        be(name)
        approvals.approve(fresh.root, plan.asked, "read it")
    assert applied(fresh, plan)["effects"] == 4
    assert fresh.states() == FIRST


@pytest.mark.parametrize("change", ["score", "edit", "deletion", "state"])
def test_a_plan_whose_subjects_changed_is_refused_whole(fresh, rows, change: str):
    post, scored = rows
    plan = planned(fresh)
    others = [post(name) for name in ("demoted", "reviewed", "clean", "spam")]
    rest = [scored("demoted", hate=0.9), scored("reviewed", hate=0.6), scored("spam", spam=0.97)]
    if change == "score":
        fresh.put_scores([*rest, scored("removed", hate=0.97)])
        fresh.decide()
    elif change == "edit":
        fresh.put_posts([*others, post("removed", 1, "superseded"), post("removed", 2)])
    elif change == "deletion":
        fresh.put_posts([*others, post("removed", 1, "superseded"), post("removed", 2, "deleted")])
    else:
        fresh.sweep(version=2, remove=0.995, demote=0.98)
        fresh.policy()
    before = fresh.content()
    with pytest.raises(DataRefused, match="of 4 subjects changed since, such as"):
        applied(fresh, plan)
    assert fresh.content() == before


def test_a_plan_that_nobody_approved_needs_room_in_the_caps_of_its_hour(fresh, rows):
    post, scored = rows
    plan = planned(fresh, apply=2)
    assert plan.approvers == 0
    more = [post(name) for name in ("removed", "demoted", "reviewed", "clean", "spam", "other")]
    fresh.put_posts(more)
    scores = [scored("removed", hate=0.99), scored("demoted", hate=0.9), scored("spam", spam=0.97)]
    fresh.put_scores([*scores, scored("reviewed", hate=0.6)])
    fresh.decide(apply=2)
    spent = {("hate", "apply"): 1}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harmsweep.enforce.plans.spent", lambda *_: spent)
        with pytest.raises(DataRefused, match=r"by now hate: 2 to apply and 1 .* plan again"):
            applied(fresh, plan)
    assert fresh.content() == ([], [])


def test_an_old_plan_is_refused(fresh):
    plan = planned(fresh)
    late = int(plan.expires_at.timestamp() * 1e6) + 1
    with pytest.raises(DataRefused, match="expired"):
        apply_plan(fresh.root, plan.plan_id, clock=lambda: late)


def test_a_plan_of_another_policy_than_its_files_is_refused(fresh):
    plan = planned(fresh)
    fresh.policy(version=2)
    with pytest.raises(DataRefused, match="the policy is trial-2"):
        applied(fresh, plan)


def test_a_plan_of_several_days_has_each_of_them_and_is_named_after_the_first(fresh, rows):
    fresh.decide()
    last = rows[0]("later") | {"day": DAY + timedelta(days=2)}
    lakes.put_rows([last], POSTS, fresh.root)
    days = [DAY + timedelta(days=n) for n in range(3)]
    versions = pair("m-1", load_policy(fresh.policy()).policy_version)
    for day in days[1:]:
        run_step(DECIDE, fresh.root, day, lambda: {"posts": 0}, versions=versions)
    made = make_plan(fresh.root, days, policy=fresh.policy(), model_version="m-1")
    assert (made.first, made.last, made.days, made.posts) == (days[0], days[-1], days, 6)
    assert re.fullmatch("plan-20261001-[0-9a-f]{12}", made.plan_id)
    assert applied(fresh, made) == {"effects": 4, "done_before": 0}


def test_a_plan_of_a_day_that_nobody_decided_about_is_refused(fresh):
    fresh.decide()
    days = [DAY, DAY + timedelta(days=1)]
    with pytest.raises(DataRefused, match="decisions of 2026-10-02 by m-1"):
        make_plan(fresh.root, days, policy=fresh.policy(), model_version="m-1")


def test_a_plan_counts_what_holds_and_stays(held):
    assert (planned(held).effects, planned(held).unchanged) == (0, 4)
    changed = planned(held, version=2, remove=0.995)
    assert (changed.effects, changed.unchanged) == (1, 3)


def test_a_plan_that_was_made_again_is_its_last_makers(fresh, be):
    for name in ("one", "two"):
        be(name)
        plan_id = planned(fresh).plan_id
    assert find_plan(fresh.root, plan_id).planner == "two"


def test_an_unknown_plan_is_refused(fresh):
    with pytest.raises(DataRefused, match="there is no plan"):
        find_plan(fresh.root, "plan-20261001-0123456789ab")


def test_a_plan_is_read_by_groups_and_masked_samples(fresh):
    plan = planned(fresh)
    found = groups(fresh.root, plan)
    assert sum(row["effects"] for row in found) == 4
    assert {(r["harm"], r["action"]) for r in found} == {
        ("hate", "remove"), ("hate", "demote"), ("hate", "review"), ("spam", "remove"),
    }  # fmt: skip
    read = samples(fresh.root, plan)
    assert {row["post"] for row in read} == set(FIRST)
    assert all(math.isfinite(row["score"]) for row in read)


@pytest.mark.parametrize(
    ("text", "masked"),
    [("", ""), ("a", "a"), ("Kill them all", "K··· t··· a··"), ("x\ny", "x y"), ("né", "n·")],
)
def test_a_masked_text_keeps_the_first_letter_of_each_word(text: str, masked: str):
    assert mask(text) == masked


def test_a_long_text_is_cut():
    assert len(mask("word " * 100)) == 81

"""Plans: approved, and carried out exactly, once."""

from datetime import timedelta

import pytest
from planning import DAY, FIRST, applied, other, planned

from harmsweep.enforcement.circuit_breaker import approvals
from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.plans.apply import apply_plan
from harmsweep.enforcement.plans.make import make_plan
from harmsweep.enforcement.plans.plan import find_plan
from harmsweep.enforcement.state.day_ledger import micros
from harmsweep.enforcement.state.decisions import DECIDE, version_pair
from harmsweep.errors import DataRefused, Held
from harmsweep.lake import delta, writes
from harmsweep.lake.runs import run_stage
from harmsweep.operations import audit
from harmsweep.policy.file import load_policy
from harmsweep.tables.catalog import ACTIONS, DECISIONS, PLANS, POSTS, SCORES


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


def test_a_plan_past_a_cap_waits_for_two_others(fresh, user):
    plan = planned(fresh, apply=0)
    assert plan.approvers == 2
    assert "waits for 2 approvals" in plan.line()
    with pytest.raises(Held, match="needs 2 approvals"):
        applied(fresh, plan)
    for name in ("one", "two"):
        user(name)
        approvals.approve(fresh.root, plan.approval_request, "read it")
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


@pytest.mark.parametrize(
    ("name", "found", "said"),
    [
        ("used_in_24h", {("hate", "apply"): 1}, "hate: 2 to apply and 1 .*"),
        ("already_held", {("hate", "apply"): 2}, "hate: 2 to apply wait .*"),
    ],
)
def test_a_plan_that_nobody_approved_needs_to_be_inside_every_bound_of_its_hour(
    fresh, monkeypatch, name, found, said
):
    plan = planned(fresh, apply=2)
    assert plan.approvers == 0
    monkeypatch.setattr(f"harmsweep.enforcement.circuit_breaker.forecast.{name}", lambda *_: found)
    with pytest.raises(DataRefused, match=f"by now {said} plan again"):
        applied(fresh, plan)
    assert fresh.content() == ([], [])


def test_a_plan_that_nobody_approved_does_nothing_that_waits_since(fresh, rows):
    post, scored = rows
    fresh.put_posts([post(name) for name in ("removed", "demoted")])
    fresh.put_scores([scored("removed", hate=0.99), scored("demoted", hate=0.9)])
    plan = planned(fresh, version=2)
    assert plan.approvers == 0
    with pytest.raises(Held):
        fresh.sweep(apply=0)
    fresh.policy(version=2)
    before = fresh.content()
    said = "2 of 2 effects wait for a person by now, such as on demoted, removed:"
    with pytest.raises(DataRefused, match=said):
        applied(fresh, plan)
    assert fresh.content() == before


def test_a_plan_is_good_until_its_very_end(fresh):
    plan = planned(fresh)
    end = micros(plan.expires_at)
    assert apply_plan(fresh.root, plan.plan_id, clock=lambda: end).items == 4


def test_one_approval_and_two_are_said_as_one_says_them(fresh):
    plan = planned(fresh, apply=0)
    said = {n: plan.model_copy(update={"approvers": n}).line() for n in (1, 2)}
    assert said[1].endswith("waits for 1 approval")
    assert said[2].endswith("waits for 2 approvals")


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


def test_a_plan_of_a_newer_policy_than_its_files_is_refused(fresh):
    plan = planned(fresh, version=2)
    fresh.policy(version=1)
    with pytest.raises(DataRefused, match="the policy is trial-1"):
        applied(fresh, plan)


def test_a_plan_with_effects_on_two_days_books_each_on_its_own(fresh, rows):
    post, scored = rows
    fresh.decide()
    policy, later = load_policy(fresh.policy()), DAY + timedelta(days=1)
    versions = version_pair("m-1", policy.policy_version)
    score = scored("later", hate=0.99) | {"day": later}
    writes.write_rows([post("later") | {"day": later}], POSTS, fresh.root)
    writes.write_rows([score], SCORES, fresh.root)

    decided = delta.rows(DECISIONS, fresh.root).to_pylist()
    removed = next(row for row in decided if row["post_id"] == "removed")
    decision = removed | {"day": later, "post_id": "later"}

    def work() -> dict[str, int]:
        where = {"day": later, **versions}
        writes.write_rows([decision], DECISIONS, fresh.root, where=where)
        return {"posts": 1}

    run_stage(DECIDE, fresh.root, later, work, versions=versions)
    days = [DAY, later]
    made = make_plan(fresh.root, days, **fresh.pair())
    assert (made.effects, made.visible) == (5, 4)
    assert applied(fresh, made) == {"effects": 5, "done_before": 0}
    assert {(e["subject_id"], e["day"]) for e in fresh.ledger() if e["day"] != DAY} == {
        ("later", later)
    }
    assert fresh.states() == FIRST | {"later": "remove"}


def test_what_a_sweep_did_of_a_plan_is_counted_as_done_before(fresh, swept):
    plan = planned(fresh)
    every = delta.rows(ACTIONS, swept.root).to_pylist()
    writes.write_rows([e for e in every if e["subject_id"] == "spam"], ACTIONS, fresh.root)
    assert applied(fresh, plan) == {"effects": 3, "done_before": 1}
    assert len(fresh.ledger()) == len(fresh.ledger("outcome")) == 4


def test_a_refused_plan_names_five_of_the_subjects_that_changed(fresh, rows):
    post, scored = rows
    names = [f"p{n}" for n in range(6)]
    fresh.put_posts([post(name) for name in names])
    fresh.put_scores([scored(name, hate=0.99) for name in names])
    plan = planned(fresh)
    fresh.put_posts([post(name, 1, "deleted") for name in names])
    with pytest.raises(DataRefused, match=r"6 of 6 .*such as p0, p1, p2, p3, p4: nothing was done"):
        applied(fresh, plan)


def test_nobody_who_made_a_plan_can_approve_it_even_if_another_made_it_again(fresh, user):
    plan_id = ""
    for name in ("one", "two"):
        user(name)
        plan_id = planned(fresh, apply=0).plan_id
    made = find_plan(fresh.root, plan_id)
    assert made.planners == ("one", "two")
    for name in made.planners:
        user(name)
        with pytest.raises(DataRefused, match="was planned by one and two: another"):
            approvals.approve(fresh.root, made.approval_request, "mine")
    with pytest.raises(Held, match="by others than one and two and has 0"):
        applied(fresh, made)


def test_an_approver_who_makes_the_plan_again_counts_no_more(fresh, user):
    plan = planned(fresh, apply=0)
    user("one")
    assert approvals.approve(fresh.root, plan.approval_request, "read it") == ["one"]
    again = planned(fresh, apply=0)
    assert again.plan_id == plan.plan_id
    assert approvals.approved_by(fresh.root, again.approval_request) == []


def test_a_dry_run_says_what_would_be_done_or_why_not(fresh):
    plan = planned(fresh)
    count = len(audit.operations(fresh.root, plan.plan_id))
    done = apply_plan(fresh.root, plan.plan_id, dry_run=True)
    assert done.counts == {"effects": 4, "done_before": 0}
    assert fresh.content() == ([], [])
    assert len(audit.operations(fresh.root, plan.plan_id)) == count
    fresh.policy(version=2)
    with pytest.raises(DataRefused, match="the policy is trial-2"):
        apply_plan(fresh.root, plan.plan_id, dry_run=True)


def test_a_comparison_is_not_applied(fresh):
    made = other(fresh)
    with pytest.raises(DataRefused, match=r"was compared with m-1/trial-2.*: plan without it"):
        applied(fresh, made)
    assert fresh.content() == ([], [])


def test_an_unknown_plan_is_refused(fresh):
    with pytest.raises(DataRefused, match="there is no plan"):
        find_plan(fresh.root, "plan-20261001-0123456789ab")


def _put_rows(lake, plan, rows):
    where = {"plan_id": plan.plan_id}
    writes.write_rows(rows, PLANS, lake.root, where=where)


CHANGES = {
    "one lost": lambda rows: rows[1:],
    "all lost": lambda _: [],
    "one added": lambda rows: [*rows, rows[0] | {"effect_key": "f" * 64, "subject_id": "clean"}],
    "another post": lambda rows: [rows[0] | {"subject_id": "clean"}, *rows[1:]],
    "another action": lambda rows: [rows[0] | {"action": "restrict"}, *rows[1:]],
    "another score": lambda rows: [rows[0] | {"score": 0.5}, *rows[1:]],
    "one that stays": lambda rows: [rows[0] | {"entry": "stays"}, *rows[1:]],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_plan_whose_rows_are_not_those_that_were_approved_is_refused(fresh, user, change: str):
    plan = planned(fresh, apply=0)
    for name in ("one", "two"):
        user(name)
        approvals.approve(fresh.root, plan.approval_request, "read it")
    rows = delta.rows(PLANS, fresh.root).to_pylist()
    _put_rows(fresh, plan, CHANGES[change](rows))
    with pytest.raises(DataRefused, match=r"rows are not the 4 effects .*: nothing was done"):
        applied(fresh, plan)
    assert fresh.content() == ([], [])
    _put_rows(fresh, plan, rows)
    assert applied(fresh, plan) == {"effects": 4, "done_before": 0}


def test_a_plan_that_was_cut_short_goes_on(fresh, crash_at):
    plan = planned(fresh)
    crash_at("post_visibility_v1:before-commit", 1)
    with pytest.raises(KeyboardInterrupt):
        applied(fresh, plan)
    assert applied(fresh, plan) == {"effects": 0, "done_before": 4}
    assert fresh.states() == FIRST


def test_what_a_person_refused_of_a_plan_is_not_counted_as_done(fresh):
    plan = planned(fresh)
    row = delta.rows(PLANS, fresh.root).to_pylist()[0]
    del row["plan_id"]
    writes.write_rows([row | {"entry": "discarded"}], ACTIONS, fresh.root)
    assert applied(fresh, plan) == {"effects": 3, "done_before": 0}


def test_who_asked_the_scheduler_for_a_plan_does_not_approve_it(fresh, user):
    fresh.decide(apply=0)
    made = [make_plan(fresh.root, [DAY], **fresh.pair(apply=0), by=by) for by in ("ana", "", "ben")]
    plan = find_plan(fresh.root, made[0].plan_id)
    assert set(plan.planners) == {"ana", "ben", audit.operator()}
    for name in ("ana", "ben"):
        user(name)
        with pytest.raises(DataRefused, match="another must approve it"):
            approvals.approve(fresh.root, plan.approval_request, "read it")


def test_a_plan_takes_no_approval_on_trust_where_its_policy_says_so(fresh, user):
    plan = planned(fresh, apply=0, approvals="established")
    user("one")
    with pytest.raises(DataRefused, match="takes no approval on trust"):
        approvals.approve(fresh.root, plan.approval_request, "read it")
    with pytest.raises(Held, match=r"takes no approval on trust|needs 2 approvals"):
        applied(fresh, plan)


def test_what_needs_nobody_is_applied_whatever_approvals_must_be(fresh):
    fresh.root.chmod(0o777)
    plan = planned(fresh, approvals="established")
    assert applied(fresh, plan)["effects"] == 4


def test_no_plan_takes_an_approval_on_trust_where_the_bounds_say_so(fresh, monkeypatch):
    plan = planned(fresh, apply=0)
    bounds = load_bounds().model_copy(update={"approvals": "established"})
    monkeypatch.setattr("harmsweep.enforcement.plans.plan.load_bounds", lambda: bounds)
    assert plan.approval_request.established

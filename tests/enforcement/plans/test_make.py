"""Plans: written down, alone or compared with another pair's."""

import re
from datetime import timedelta
from typing import Any

import pytest
from enforcement_lake import model_ref
from planning import DAY, FIRST, applied, other, planned

from harmsweep.digests import uniform_hash
from harmsweep.enforcement.plans.make import make_plan
from harmsweep.enforcement.plans.plan import planned_effects
from harmsweep.enforcement.state.decisions import DECIDE, version_pair
from harmsweep.errors import DataRefused, Held
from harmsweep.lake import delta, writes
from harmsweep.lake.runs import run_stage
from harmsweep.policy.file import load_policy
from harmsweep.tables.catalog import ACTIONS, POSTS


def test_the_base_is_the_pair_that_acted_last_not_one_whose_effects_wait(held):
    sweep_id = held.ledger()[0]["sweep_id"]
    with pytest.raises(Held):
        held.sweep(version=2, remove=0.995, demote=0.85, release=0)
    assert {e["entry"] for e in delta.rows(ACTIONS, held.root).to_pylist()} >= {"held"}
    (base,) = planned(held, version=3).base
    assert base.startswith("m-1/trial-1-")
    assert base.endswith(f"({sweep_id})")


def test_the_base_of_a_sweep_that_was_cut_short_is_its_pair(fresh, crash_at):
    crash_at("post_visibility_v1:before-commit", 1)
    with pytest.raises(KeyboardInterrupt):
        fresh.sweep()
    (base,) = planned(fresh, version=2).base
    assert base.startswith("m-1/trial-1-")


def test_what_finishes_a_sweep_that_was_cut_short_does_not_make_it_the_last(fresh, crash_at):
    crash_at("post_visibility_v1:before-commit", 1)
    with pytest.raises(KeyboardInterrupt):
        fresh.sweep()
    fresh.sweep(version=2, remove=0.995)  # finishes the first, then demotes one post
    done = {e["effect_key"] for e in fresh.ledger("outcome")}
    assert len(done) == 5
    (base,) = planned(fresh, version=3, remove=0.995).base
    assert base.startswith("m-1/trial-2-")


def test_what_is_held_out_is_no_effect_of_a_plan(fresh, rows):
    post, scored = rows
    names = (f"p{n}" for n in range(10_000))
    name = next(n for n in names if uniform_hash(f"holdout/{n}") < 0.05)
    fresh.put_posts([post(name), post("removed")])
    fresh.put_scores([scored(name, hate=0.99), scored("removed", hate=0.99)])
    plain = fresh.policy

    def with_holdout(**changes: Any) -> Any:
        path = plain(**changes)
        path.write_text(path.read_text() + "holdout: {share: 0.05}\n")
        return path

    fresh.policy = with_holdout
    assert planned(fresh).effects == 1


def test_a_plan_of_several_days_has_each_of_them_and_is_named_after_the_first(fresh, rows):
    fresh.decide()
    last = rows[0]("later") | {"day": DAY + timedelta(days=2)}
    writes.write_rows([last], POSTS, fresh.root)
    days = [DAY + timedelta(days=n) for n in range(3)]
    versions = version_pair("m-1", load_policy(fresh.policy()).policy_version)
    for day in days[1:]:
        run_stage(DECIDE, fresh.root, day, lambda: {"posts": 0}, versions=versions)
    made = make_plan(fresh.root, days, **fresh.pair())
    assert (made.first, made.last, made.days, made.posts) == (days[0], days[-1], days, 6)
    assert re.fullmatch("plan-20261001-[0-9a-f]{32}", made.plan_id)
    assert applied(fresh, made) == {"effects": 4, "done_before": 0}


def test_quiet_days_in_a_plan_make_no_fewer_approvers(fresh, rows):
    policy, quiet = load_policy(fresh.policy(apply=0)), DAY + timedelta(days=1)
    many = [rows[0](f"quiet-{n}") | {"day": quiet} for n in range(400)]
    writes.write_rows(many, POSTS, fresh.root, where={"day": quiet})
    fresh.decide(apply=0)
    run_stage(DECIDE, fresh.root, quiet, dict, versions=version_pair("m-1", policy.policy_version))
    path = fresh.policy(apply=0)
    made = make_plan(fresh.root, [DAY, quiet], policy=load_policy(path), model=model_ref("m-1"))
    assert (made.posts, made.visible, made.approvers) == (405, 3, 2)


def test_a_plan_of_what_goes_on_while_a_batch_waits_needs_approvals(fresh, rows):
    post, scored = rows
    with pytest.raises(Held):
        fresh.sweep(apply=1)
    fresh.put_posts([post(name) for name in ("removed", "demoted", "late")])
    fresh.put_scores([scored("late", hate=0.99)])
    plan = planned(fresh, apply=1)
    assert (plan.effects, plan.approvers) == (1, 2)
    assert "hate: 1 to apply wait with what was held of the day before" in plan.line()


def test_a_plan_of_a_day_that_nobody_decided_about_is_refused(fresh):
    fresh.decide()
    days = [DAY, DAY + timedelta(days=1)]
    with pytest.raises(DataRefused, match="decisions of 2026-10-02 by m-1"):
        make_plan(fresh.root, days, **fresh.pair())


def test_a_plan_counts_what_holds_and_stays(held):
    assert (planned(held).effects, planned(held).unchanged) == (0, 4)
    changed = planned(held, version=2, remove=0.995)
    assert (changed.effects, changed.unchanged) == (1, 3)


def test_a_plan_names_the_states_that_it_compares(fresh):
    first = planned(fresh)
    assert (first.base, first.against) == ((), None)
    assert first.tables["actions_v1"] == delta.version(ACTIONS, fresh.root)
    assert set(first.tables) == {
        *("posts_v1", "scores_v1", "decisions_v1", "actions_v1"),
        *("verdicts_v1", "orders_v1", "exemptions_v1"),
    }
    applied(fresh, first)
    sweep_id = fresh.ledger()[0]["sweep_id"]
    second = planned(fresh, version=2, remove=0.995)
    assert second.base == (f"m-1/{first.policy_version} ({sweep_id})",)
    assert second.tables["actions_v1"] > first.tables["actions_v1"]


def test_two_policies_are_compared_without_either_acting(fresh):
    made = other(fresh)
    assert (made.effects, made.unchanged, made.approvers) == (1, 3, 0)
    assert made.against and made.against.startswith("m-1/trial-2-")
    assert made.line().endswith(f"compared with {made.against}, for reading alone")
    (changed,) = planned_effects(fresh.root, made)
    assert (changed.subject_id, changed.previous_action, changed.action) == (
        "removed", "demote", "remove",
    )  # fmt: skip
    assert fresh.content() == ([], [])


def test_what_only_the_other_model_acts_on_is_released_in_comparison(fresh, rows):
    _, scored = rows
    fresh.put_scores([scored("clean", hate=0.99, model_version="m-2")])
    fresh.decide("m-2")
    fresh.decide()
    base = fresh.binding("m-2")
    made = make_plan(fresh.root, [DAY], **fresh.pair(), against=base)
    found = {e.subject_id: (e.previous_action, e.action) for e in planned_effects(fresh.root, made)}
    assert found == {
        "clean": ("remove", "none"), **{post: ("none", action) for post, action in FIRST.items()}
    }  # fmt: skip


def test_a_comparison_is_another_plan_than_the_same_effects_alone(fresh):
    made = other(fresh)
    alone = make_plan(fresh.root, [DAY], **fresh.pair())
    assert alone.plan_id != made.plan_id
    assert (alone.effects, alone.unchanged) == (4, 0)


def test_what_ran_out_of_time_does_not_stay(fresh):
    plain = fresh.policy

    def week(**changes: Any) -> Any:
        path = plain(**changes)
        path.write_text(path.read_text().replace("action: demote,", "action: demote, days: 7,"))
        return path

    fresh.policy = week
    fresh.sweep()
    at = int(fresh.ledger()[0]["recorded_at"].timestamp() * 1e6)
    for days, stays in ((6, 4), (8, 3)):
        later = at + days * 24 * 3600 * 1_000_000
        made = make_plan(fresh.root, [DAY], clock=lambda at=later: at, **fresh.pair())
        assert (made.effects, made.unchanged) == (0, stays)

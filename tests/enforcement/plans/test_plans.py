"""Plans: written down, approved, and carried out exactly, once."""

import math
import re
from datetime import date, timedelta
from typing import Any

import pytest
from enforcement_lake import model_ref

from harmsweep.enforcement.circuit_breaker import approvals
from harmsweep.enforcement.plans.apply import apply_plan
from harmsweep.enforcement.plans.make import make_plan
from harmsweep.enforcement.plans.plan import find_plan, planned_effects
from harmsweep.enforcement.plans.summary import mask, samples, tables
from harmsweep.enforcement.rules.guardrails import uniform_hash
from harmsweep.enforcement.state.day_ledger import micros
from harmsweep.enforcement.state.decisions import DECIDE, version_pair
from harmsweep.errors import DataRefused, Held
from harmsweep.lake import delta
from harmsweep.lake.runs import run_stage
from harmsweep.operations import audit
from harmsweep.policy.file import load_policy
from harmsweep.tables.catalog import ACTIONS, DECISIONS, POSTS, SCORES

DAY = date(2026, 10, 1)
FIRST = {"removed": "remove", "demoted": "demote", "reviewed": "review", "spam": "remove"}


def planned(lake: Any, **policy: Any) -> Any:
    """A plan of the day."""
    lake.decide(**policy)
    return make_plan(lake.root, [DAY], **lake.pair(**policy))


def applied(lake: Any, plan: Any) -> dict[str, int]:
    return dict(apply_plan(lake.root, plan.plan_id).counts)


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
    delta.write_rows([last], POSTS, fresh.root)
    days = [DAY + timedelta(days=n) for n in range(3)]
    versions = version_pair("m-1", load_policy(fresh.policy()).policy_version)
    for day in days[1:]:
        run_stage(DECIDE, fresh.root, day, lambda: {"posts": 0}, versions=versions)
    made = make_plan(fresh.root, days, **fresh.pair())
    assert (made.first, made.last, made.days, made.posts) == (days[0], days[-1], days, 6)
    assert re.fullmatch("plan-20261001-[0-9a-f]{12}", made.plan_id)
    assert applied(fresh, made) == {"effects": 4, "done_before": 0}


def test_quiet_days_in_a_plan_make_no_fewer_approvers(fresh, rows):
    policy, quiet = load_policy(fresh.policy(apply=0)), DAY + timedelta(days=1)
    many = [rows[0](f"quiet-{n}") | {"day": quiet} for n in range(400)]
    delta.write_rows(many, POSTS, fresh.root, where={"day": quiet})
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


def test_a_plan_with_effects_on_two_days_books_each_on_its_own(fresh, rows):
    post, scored = rows
    fresh.decide()
    policy, later = load_policy(fresh.policy()), DAY + timedelta(days=1)
    versions = version_pair("m-1", policy.policy_version)
    score = scored("later", hate=0.99) | {"day": later}
    delta.write_rows([post("later") | {"day": later}], POSTS, fresh.root)
    delta.write_rows([score], SCORES, fresh.root)

    decided = delta.rows(DECISIONS, fresh.root).to_pylist()
    removed = next(row for row in decided if row["post_id"] == "removed")
    decision = removed | {"day": later, "post_id": "later"}

    def work() -> dict[str, int]:
        where = {"day": later, **versions}
        delta.write_rows([decision], DECISIONS, fresh.root, where=where)
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
    delta.write_rows([e for e in every if e["subject_id"] == "spam"], ACTIONS, fresh.root)
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


def test_a_plan_of_a_day_that_nobody_decided_about_is_refused(fresh):
    fresh.decide()
    days = [DAY, DAY + timedelta(days=1)]
    with pytest.raises(DataRefused, match="decisions of 2026-10-02 by m-1"):
        make_plan(fresh.root, days, **fresh.pair())


def test_a_plan_counts_what_holds_and_stays(held):
    assert (planned(held).effects, planned(held).unchanged) == (0, 4)
    changed = planned(held, version=2, remove=0.995)
    assert (changed.effects, changed.unchanged) == (1, 3)


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


def other(lake: Any, **policy: Any) -> Any:
    """A plan of the day under one policy compared with another's sweep."""
    lake.decide(version=2, remove=0.995, demote=0.85)
    base = lake.binding(version=2, remove=0.995)
    lake.decide(**policy)
    return make_plan(
        lake.root,
        [DAY],
        **lake.pair(**policy),
        against=base,
    )


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


def test_a_comparison_is_not_applied(fresh):
    made = other(fresh)
    with pytest.raises(DataRefused, match=r"was compared with m-1/trial-2.*: plan without it"):
        applied(fresh, made)
    assert fresh.content() == ([], [])


def test_a_comparison_is_another_plan_than_the_same_effects_alone(fresh):
    made = other(fresh)
    alone = make_plan(fresh.root, [DAY], **fresh.pair())
    assert alone.plan_id != made.plan_id
    assert (alone.effects, alone.unchanged) == (4, 0)


def test_an_unknown_plan_is_refused(fresh):
    with pytest.raises(DataRefused, match="there is no plan"):
        find_plan(fresh.root, "plan-20261001-0123456789ab")


@pytest.fixture
def known(held, text_of):
    """A swept day with what is known of its posts' authors and audience."""
    told = {
        "removed": {"followers": 5.0, "account_age_days": 3.0, "views": 100.0},
        "demoted": {"followers": 20000.0, "account_age_days": 40.0, "views": 10.0},
        "spam": {"followers": 200000.0, "account_age_days": 900.0, "views": 1.0},
        "reviewed": {"followers": 1500.0, "views": 1000.0},
    }
    held.put_features(
        [text_of(post, f"{post} words", language="en", **f) for post, f in told.items()]
    )
    return held


def rows_of(lake: Any, plan: Any, name: str, *columns: str) -> set[tuple[Any, ...]]:
    return {tuple(row[c] for c in columns) for row in tables(lake.root, plan)[name]}


def test_a_plan_is_read_by_harm_and_action_with_what_stays(known):
    plan = planned(known, version=2, remove=0.995, demote=0.95)
    columns = ("harm", "held", "action", "hit", "released", "unchanged", "views")
    assert rows_of(known, plan, "by harm and action", *columns) == {
        ("hate", "remove", "demote", 0, 1, 0, 100),
        ("hate", "demote", "review", 0, 1, 0, 10),
        ("hate", "review", "review", 0, 0, 1, 0),
        ("spam", "remove", "remove", 0, 0, 1, 0),
    }


def test_a_plan_is_read_by_language_audience_and_age(known):
    plan = planned(known, version=2, remove=0.995, demote=0.95)
    counts = ("released", "unchanged", "views")
    assert rows_of(known, plan, "by language", "harm", "language", *counts) == {
        ("hate", "en", 2, 1, 110), ("spam", "en", 0, 1, 0),
    }  # fmt: skip
    assert rows_of(known, plan, "by audience", "harm", "followers", *counts) == {
        ("hate", "under 1,000", 1, 0, 100), ("hate", "10,000 and up", 1, 0, 10),
        ("hate", "1,000 and up", 0, 1, 0), ("spam", "100,000 and up", 0, 1, 0),
    }  # fmt: skip
    assert rows_of(known, plan, "by age of the account", "harm", "days", *counts) == {
        ("hate", "under 30", 1, 0, 100), ("hate", "30 and up", 1, 0, 10),
        ("hate", "unknown", 0, 1, 0), ("spam", "365 and up", 0, 1, 0),
    }  # fmt: skip


def test_a_post_without_features_is_counted_as_unknown(fresh):
    plan = planned(fresh)
    assert rows_of(fresh, plan, "by language", "language") == {("unknown",)}
    assert sum(row["hit"] for row in tables(fresh.root, plan)["by language"]) == 4


def test_samples_are_of_what_would_change_and_masked(known):
    plan = planned(known, version=2, remove=0.995, demote=0.95)
    read = samples(known.root, plan)
    assert {(row["post"], row["text"]) for row in read} == {
        ("removed", "r······ w····"), ("demoted", "d······ w····"),
    }  # fmt: skip
    assert all(math.isfinite(row["score"]) for row in read)


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


@pytest.mark.parametrize(
    ("text", "masked"),
    [("", ""), ("a", "a"), ("Kill them all", "K··· t··· a··"), ("x\ny", "x y"), ("né", "n·")],
)
def test_a_masked_text_keeps_the_first_letter_of_each_word(text: str, masked: str):
    assert mask(text) == masked


def test_a_long_text_is_cut():
    assert len(mask("word " * 100)) == 81

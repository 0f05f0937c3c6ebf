"""A plan that was applied is undone by its name, with the reason in the audit."""

import json
from datetime import timedelta

import pytest
from builders import post, scored
from planning import DAY, FIRST, applied, planned

from harmsweep.enforcement.plans.apply import applied_lines
from harmsweep.enforcement.plans.make import make_plan
from harmsweep.enforcement.plans.plan import sweeps_of
from harmsweep.enforcement.state.decisions import DECIDE, version_pair
from harmsweep.enforcement.undo import NoSuchEffects, Part, undo_each
from harmsweep.errors import DataRefused
from harmsweep.lake import writes
from harmsweep.lake.runs import run_stage
from harmsweep.operations.audit import operations
from harmsweep.tables.catalog import DECISIONS, POSTS, SCORES

NEXT = DAY + timedelta(days=1)
OF_POST = ("day", "post_id", "revision", "author_id", "language")


@pytest.fixture
def plan(fresh):
    """A plan of two days, applied: of the second day it removes one post."""
    fresh.decide()
    pair = fresh.pair()
    writes.write_rows([post("late", day=NEXT)], POSTS, fresh.root, where={"day": NEXT})
    score = scored("late", day=NEXT, hate=0.99)
    writes.write_rows([score], SCORES, fresh.root, where={"day": NEXT, "model_version": "m-1"})
    versions = version_pair("m-1", pair["policy"].policy_version)

    def decided() -> dict[str, int]:
        known = {"surface": "all", "jurisdiction": "all", "action": "remove", "harm": "hate"}
        known |= {"policy_action": "remove", "threshold": 0.95, "reason": "threshold_met"}
        known |= {name: score[name] for name in OF_POST}
        row = known | versions | {"score": 0.99, "evidence": "{}"}
        writes.write_rows([row], DECISIONS, fresh.root, where={"day": NEXT, **versions})
        return {"posts": 1}

    run_stage(DECIDE, fresh.root, NEXT, decided, versions=versions)
    made = make_plan(fresh.root, [DAY, NEXT], **pair)
    assert applied_lines(fresh.root, made.plan_id) == [f"days: {DAY}, {NEXT}"]
    assert applied(fresh, made)["effects"] == 5
    return made


def test_what_was_applied_names_its_sweeps_and_how_to_undo_them(fresh, plan):
    days, sweeps, undo = applied_lines(fresh.root, plan.plan_id)
    named = {entry["sweep_id"] for entry in fresh.ledger()}
    assert days == f"days: {DAY}, {NEXT}"
    assert sweeps == f"sweeps: {', '.join(sorted(named))}"
    assert undo == f'undo: harmsweep undo {plan.plan_id} --reason "…"'
    applied(fresh, plan)  # once more, which does nothing and forgets nothing
    assert sweeps_of(fresh.root, plan.plan_id) == sorted(named)


def test_a_plan_is_undone_and_redone_on_all_of_its_days(fresh, plan):
    first = [undo_each(fresh.root, plan.plan_id, reason="a wrong head")]
    assert [one.counts["effects"] for one in first[0]] == [4, 1]
    assert fresh.states() == {}
    for sweep_id in sweeps_of(fresh.root, plan.plan_id):
        (act,) = operations(fresh.root, sweep_id)
        assert (act["act"], act["reason"]) == ("undo", "a wrong head")
        assert json.loads(act["details"])["effects"] in (4, 1)
    undo_each(fresh.root, plan.plan_id, redo=True, reason="it was right")
    assert fresh.states() == FIRST | {"late": "remove"}


def test_a_part_of_a_plan_is_undone_on_the_days_that_have_it(fresh, plan):
    (one,) = undo_each(fresh.root, plan.plan_id, part=Part(posts=("late",)))
    assert one.counts["effects"] == 1
    assert fresh.states() == FIRST
    with pytest.raises(NoSuchEffects, match="did you mean hate"):
        undo_each(fresh.root, plan.plan_id, part=Part(harm="hat"))


def test_a_plan_that_was_not_applied_has_nothing_to_undo(fresh):
    made = planned(fresh)
    with pytest.raises(DataRefused, match="has no sweep to undo"):
        undo_each(fresh.root, made.plan_id)
    with pytest.raises(DataRefused, match="there is no plan"):
        undo_each(fresh.root, "plan-20261001-none")


@pytest.mark.parametrize(
    ("part", "near"),
    [
        (Part(harm="hte"), "did you mean hate"),
        (Part(action="remov"), "did you mean remove"),
        (Part(posts=("removd",)), "did you mean removed"),
        (Part(harm="hate", action="strike"), "there are demote, remove, review"),
    ],
)
def test_a_part_that_a_sweep_has_not_is_refused_with_the_nearest(held, part, near):
    sweep_id = held.ledger()[0]["sweep_id"]
    with pytest.raises(NoSuchEffects, match=f"no such effects of a sweep {sweep_id}; {near}"):
        undo_each(held.root, sweep_id, part=part)


def test_a_sweep_that_is_none_is_refused_with_the_nearest(held):
    sweep_id = held.ledger()[0]["sweep_id"]
    other = sweep_id[:-1] + ("0" if sweep_id[-1] != "0" else "1")
    with pytest.raises(NoSuchEffects, match=f"did you mean {sweep_id}"):
        undo_each(held.root, other)

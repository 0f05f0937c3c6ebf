"""Seeded schedules of everything that can happen to a post break no invariant.

HARMSWEEP_SCHEDULES=10000 runs more of them, HARMSWEEP_SEED=N only that one.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harmsweep.policy import Policy, load_policy

sys.path.insert(0, str(Path(__file__).parent))
from simulator import Violation, World, schedule, state

POLICY = """
name: trial
version: {version}
mode: demonstration
approved_models: {models}
languages: [en]
review_only: []
near_margin: 0.1
rules:
  hate:
    - surface: all
      jurisdiction: all
      ladder:
        - {{action: remove, threshold: {remove}}}
        - {{action: demote, threshold: 0.85, days: 7}}
        - {{action: review, threshold: 0.5}}
caps:
  default: {{apply: {cap}, release: {cap}}}
comments: {{review: 0.9}}
known_media: review
"""
SCHEDULES = int(os.environ.get("HARMSWEEP_SCHEDULES", "500"))
SEED = os.environ.get("HARMSWEEP_SEED")


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> list[Policy]:
    """A policy, a milder one with a smaller cap, and one that approves the other model too."""
    folder, made = tmp_path_factory.mktemp("policies"), []
    for version, remove, cap, models in [(1, 0.95, 5, "[m-1]"), (2, 0.98, 2, "[m-1]"),
                                         (3, 0.9, 100, "[m-1, m-2]")]:  # fmt: skip
        path = folder / f"{version}.yaml"
        text = POLICY.format(version=version, remove=remove, cap=cap, models=models)
        path.write_text(text, encoding="utf-8")
        made.append(load_policy(path))
    return made


def test_no_schedule_breaks_an_invariant(policies: list[Policy]) -> None:
    seeds = [int(SEED)] if SEED else range(SCHEDULES)
    for seed in seeds:
        try:
            World(policies).run(schedule(seed))
        except Violation as error:
            pytest.fail(f"HARMSWEEP_SEED={seed}: {error}")


def test_a_seed_gives_the_same_schedule_and_the_same_end(policies: list[Policy]) -> None:
    assert schedule(7) == schedule(7) != schedule(8)
    first, second = (World(policies).run(schedule(7)) for _ in range(2))
    assert first.ledger == second.ledger


def test_schedules_reach_every_kind_of_entry_and_cause(policies: list[Policy]) -> None:
    worlds = [World(policies).run(schedule(seed)) for seed in range(100)]
    entries = [entry for world in worlds for entry in world.ledger]
    assert {e.entry for e in entries} == {"intent", "outcome", "held", "discarded"}
    assert {e.cause_kind for e in entries} == {"decision", "withdrawn", "sample", "undo", "reapply"}
    assert {e.action for e in entries} == {"none", "review", "demote", "remove"}
    assert {action for world in worlds for action in state(world).values()} == {
        "review", "demote", "remove",
    }  # fmt: skip


def test_a_sweep_after_a_kill_ends_as_one_that_was_not_killed(policies: list[Policy]) -> None:
    scores = [("score", "p0", 0.99), ("score", "p1", 0.9), ("score", "p2", 0.6)]
    clean = World(policies).run([*scores, ("sweep", "m-1", 0, None)])
    for killed in (0, 1, 2):
        events = [*scores, ("sweep", "m-1", 0, killed), ("sweep", "m-1", 0, None)]
        again = World(policies).run(events)
        assert state(again) == state(clean) == {"p0": "remove", "p1": "demote", "p2": "review"}
        assert {e.effect_key for e in again.ledger} == {e.effect_key for e in clean.ledger}


def test_a_broken_invariant_is_found(policies: list[Policy]) -> None:
    world = World(policies).run([("score", "p0", 0.99), ("sweep", "m-1", 0, None)])
    twice = replace(world, ledger=[*world.ledger, world.ledger[0]])
    with pytest.raises(Violation, match="booked twice"):
        twice.check(("sweep",), [])
    hidden = replace(world)
    hidden.visible = {}
    with pytest.raises(Violation, match="reads something else"):
        hidden.check(("sweep",), [])

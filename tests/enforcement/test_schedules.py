"""Seeded schedules of everything that can happen to a post break no invariant.

HARMSWEEP_SEED=N runs only that one.
"""

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from simulator import Violation, World, schedule, state, write_policies

from harmsweep.policy.file import Policy

SCHEDULES, FEW = 10_000, 50
SEED = os.environ.get("HARMSWEEP_SEED")


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> list[Policy]:
    """What the sweeps of schedules choose from."""
    return write_policies(tmp_path_factory.mktemp("policies"))


@pytest.mark.parametrize(
    "seeds",
    [
        range(FEW),
        pytest.param(range(FEW, SCHEDULES), marks=[pytest.mark.slow, pytest.mark.nightly]),
    ],
    ids=["few", "all others"],
)
@pytest.mark.timeout(3600)
def test_no_schedule_breaks_an_invariant(
    policies: list[Policy], counts: Callable[[str], None], seeds: range
) -> None:
    ran, events, faults = 0, Counter[str](), list[str]()
    for ran, seed in enumerate([int(SEED)] if SEED else seeds, start=1):  # noqa: B007
        made = schedule(seed)
        events.update(event[0] for event in made)
        try:
            World(policies).run(made)
        except Violation as error:
            faults.append(f"HARMSWEEP_SEED={seed}: {error}")
    counts(f"{ran} schedules under {len(policies)} policies: {dict(events)}, {len(faults)} faults")
    assert not faults, "\n".join(faults)


# What keeps the breaker shut, what it says where it is broken, and what the schedules say then.
GUARDS: dict[str, tuple[str, object, str]] = {
    "no cap": ("simulator.cap_breaches", [], "effects pass the cap of"),
    "nothing waits": (
        "harmsweep.enforcement.rules.waiting._does_as_much",
        False,
        "an effect that waits was carried",
    ),
    "nothing waits at other places": (
        "harmsweep.enforcement.rules.ledger.Scope.meets", False, "an effect that waits was carried"
    ),
    "no batch goes on waiting": (
        "simulator.World._stuck", [], "more of a batch that waits"
    ),
    "no sample is read": (
        "harmsweep.enforcement.state.scope_states.under_review", (), "a sampled post was acted on"
    ),
}  # fmt: skip


@pytest.mark.parametrize("guard", GUARDS)
def test_schedules_find_out_where_the_breaker_is_broken(
    policies: list[Policy], monkeypatch: pytest.MonkeyPatch, guard: str
) -> None:
    name, gives, said = GUARDS[guard]
    monkeypatch.setattr(name, lambda *_: gives)
    with pytest.raises(Violation, match=said):
        for seed in range(200):
            World(policies).run(schedule(seed))


def test_a_seed_gives_the_same_schedule_and_the_same_end(policies: list[Policy]) -> None:
    assert schedule(7) == schedule(7) != schedule(8)
    first, second = (World(policies).run(schedule(7)) for _ in range(2))
    assert first.ledger == second.ledger


def test_schedules_reach_every_kind_of_entry_and_cause(policies: list[Policy]) -> None:
    worlds = [World(policies).run(schedule(seed)) for seed in range(100)]
    entries = [entry for world in worlds for entry in world.ledger]
    assert {e.entry for e in entries} == {"intent", "outcome", "held", "discarded"}
    assert {e.cause_kind for e in entries} == {
        "decision", "withdrawn", "sample", "undo", "reapply", "verdict", "order", "lifted",
    }  # fmt: skip
    assert {e.action for e in entries} == {"none", "review", "label", "demote", "remove"}
    assert {action for world in worlds for action in state(world).values()} == {
        "review", "label", "demote", "remove",
    }  # fmt: skip


def test_a_sweep_after_a_kill_ends_as_one_that_was_not_killed(policies: list[Policy]) -> None:
    scores = [("score", "p0", 0.99), ("score", "p1", 0.9), ("score", "p2", 0.6)]
    clean = World(policies).run([*scores, ("sweep", "m-1", 0, None)])
    for killed in (0, 1, 2):
        events = [*scores, ("sweep", "m-1", 0, killed), ("sweep", "m-1", 0, None)]
        again = World(policies).run(events)
        expected = {"p0": "remove", "p1": "demote", "p2": "review"}
        assert (
            state(again)
            == state(clean)
            == {(p, "policy", "all", "all"): a for p, a in expected.items()}
        )
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

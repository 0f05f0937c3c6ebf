"""Caps hold a harm's whole batch, once, and let the others go on."""

import time
from dataclasses import replace
from datetime import date

import pytest

from harmsweep.enforcement.circuit_breaker.caps import (
    CapBreach,
    cap_breaches,
    cap_of,
    used_in_24h,
    visible_counts,
)
from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.state.day_ledger import entries, micros
from harmsweep.enforcement.state.policy_binding import PolicyBinding
from harmsweep.enforcement.sweep import preview, sweep
from harmsweep.errors import Held
from harmsweep.lake import delta
from harmsweep.policy.file import Cap, load_policy
from harmsweep.tables.catalog import ACTIONS

DAY = date(2026, 10, 1)
HOUR = 3600 * 1_000_000


def test_a_flood_of_removals_is_held_whole_and_other_harms_go_on(fresh, rows):
    post, scored = rows
    flood = [f"p{n}" for n in range(2000)]
    fresh.put_posts([post(name) for name in [*flood, "spam"]])
    scores = [scored(name, hate=0.99) for name in flood]
    fresh.put_scores([*scores, scored("spam", spam=0.97)])
    with pytest.raises(Held, match="hate: 2000 to apply and 0 in the last 24 hours pass the cap"):
        fresh.sweep(apply=100)
    first = fresh.content()
    with pytest.raises(Held, match=r"^2026-10-01: Held until a person lets go or refuses: 2026"):
        fresh.sweep(apply=100)
    assert fresh.content() == first
    states = fresh.states()
    assert states.pop("spam") == "remove"
    assert set(states.values()) == {"review"}
    # 50 of 2,000 are drawn for review by their hashes.
    assert 25 < len(states) < 80
    assert len(fresh.ledger("held")) == 2000 - len(states)
    assert len(fresh.ledger("intent")) == len(fresh.ledger("outcome")) == 1 + len(states)


def test_all_sweeps_of_24_hours_share_a_cap_in_each_direction(fresh, rows):
    post, scored = rows
    day, names = post("x")["day"], ["removed", "demoted", "reviewed", "clean", "spam", "late"]
    start = 1_800_000_000_000_000

    def at(hours: int, **policy: float) -> dict[str, int]:
        fresh.decide(**policy)
        found = load_policy(fresh.policy(**policy))
        return sweep(
            fresh.root, day, PolicyBinding(found, "m-1"), clock=lambda: start + hours * HOUR
        )

    assert at(0, apply=2)["remove"] == 2
    fresh.put_posts([post(name) for name in names])
    old = [scored("removed", hate=0.99), scored("demoted", hate=0.9), scored("spam", spam=0.97)]
    fresh.put_scores([*old, scored("late", hate=0.99)])
    with pytest.raises(Held, match="hate: 1 to apply and 2 in the last 24 hours pass the cap of 2"):
        at(23, apply=2)
    with pytest.raises(Held, match="lets go or refuses"):
        at(25, apply=2)  # there is room by now, and only a person lets go
    assert "late" not in fresh.states()
    with pytest.raises(Held, match="hate: 2 to release and 0 in the last 24 hours pass"):
        at(26, remove=0.998, demote=0.997, release=1)
    assert fresh.states()["removed"] == "remove"
    assert used_in_24h(fresh.root, start + 23 * HOUR) == {
        ("hate", "apply"): 2,
        ("spam", "apply"): 1,
    }
    written = max(e["recorded_at"] for e in fresh.ledger() if e["action"] == "remove")
    ends = micros(written) + 24 * HOUR
    assert used_in_24h(fresh.root, ends - 1_000_000) != {}
    assert used_in_24h(fresh.root, ends + 1_000_000) == {}


def test_an_effect_is_spent_for_24_hours_to_the_microsecond(fresh):
    fresh.decide()
    at, binding = 1_800_000_000_123_457, PolicyBinding(load_policy(fresh.policy()), "m-1")
    sweep(fresh.root, DAY, binding, clock=lambda: at)
    written = micros(min(entry["recorded_at"] for entry in fresh.ledger()))
    assert written == at
    assert used_in_24h(fresh.root, at + 24 * HOUR - 1) == {
        ("hate", "apply"): 2,
        ("spam", "apply"): 1,
    }
    assert used_in_24h(fresh.root, at + 24 * HOUR) == {}


def test_what_only_waits_is_not_counted(held):
    made = [e for e in entries(held.root, DAY) if e.entry == "intent"]
    assert visible_counts(made) == {("hate", "apply"): 2, ("spam", "apply"): 1}
    for kind in ("held", "discarded", "outcome", "withheld"):
        assert visible_counts([replace(e, entry=kind) for e in made]) == {}
    assert visible_counts([replace(e, cause_kind="undo") for e in made]) == {}


def test_a_held_entry_changes_no_state_and_reviews_are_not_held(fresh):
    with pytest.raises(Held, match="spam: 1 to apply"):
        fresh.sweep(apply=0)
    assert fresh.states() == {"reviewed": "review"}
    assert len(fresh.ledger("held")) == 3
    versions = delta.version(ACTIONS, fresh.root)
    with pytest.raises(Held):
        fresh.sweep(apply=0)
    assert delta.version(ACTIONS, fresh.root) == versions


def test_a_preview_says_what_would_be_held(fresh):
    binding = PolicyBinding(load_policy(fresh.policy(apply=1)), "m-1")
    fresh.decide(apply=1)
    assert preview(fresh.root, DAY, binding) == {
        "decisions": 4, "finished": 0, "held": 2, "remove": 1, "review": 1,
    }  # fmt: skip
    assert fresh.content() == ([], [])


def test_a_batch_may_reach_its_cap_and_not_pass_it(fresh):
    policy = load_policy(fresh.policy(apply=10))
    assert cap_breaches({("hate", "apply"): 4}, {("hate", "apply"): 6}, policy) == []
    over = cap_breaches(
        {("hate", "apply"): 5, ("spam", "apply"): 1}, {("hate", "apply"): 6}, policy
    )
    assert over == [CapBreach("hate", "apply", 5, 6, 10)]


def test_no_policy_brings_a_cap_above_confs(fresh, monkeypatch):
    policy = load_policy(fresh.policy(apply=1000))
    lower = load_bounds().model_copy(update={"cap_at_most": Cap(apply=3, release=2)})
    monkeypatch.setattr("harmsweep.enforcement.circuit_breaker.caps.load_bounds", lambda: lower)
    for direction, most in (("apply", 3), ("release", 2)):
        batch = ("hate", direction)
        assert cap_breaches({batch: most}, {}, policy) == []
        assert cap_breaches({batch: most + 1}, {}, policy) == [CapBreach(*batch, most + 1, 0, most)]


def test_a_policys_own_cap_holds_where_it_is_below_confs(fresh):
    policy = load_policy(fresh.policy(apply=3, release=2))
    assert [cap_of(policy, ("hate", way)) for way in ("apply", "release")] == [3, 2]


def test_what_waits_is_not_done_by_the_same_policy_with_a_higher_cap(fresh):
    for version, cap in ((1, 0), (2, 1000), (3, 1000)):
        with pytest.raises(Held, match=":hate:apply"):
            fresh.sweep(version=version, apply=cap)
        assert fresh.states() == {"reviewed": "review"}


@pytest.mark.parametrize(("thresholds", "does"), [({"remove": 0.995}, True), ({}, False)])
def test_another_policy_may_do_less_than_what_waits(fresh, thresholds, does):
    with pytest.raises(Held):
        fresh.sweep(apply=0)
    with pytest.raises(Held):
        fresh.sweep(version=2, **thresholds)
    assert fresh.states().get("removed") == ("demote" if does else None)


def changing(lake, old, new):
    """From now on the lake's policies have `new` instead of `old`."""
    plain = lake.policy

    def path(**changes):
        made = plain(**changes)
        made.write_text(made.read_text().replace(old, new))
        return made

    lake.policy = path


def test_what_waits_is_not_done_by_a_policy_that_does_more(fresh):
    with pytest.raises(Held):
        fresh.sweep(apply=0)
    changing(fresh, "action: remove", "action: strike")
    with pytest.raises(Held):
        fresh.sweep(version=2)
    assert fresh.states() == {"reviewed": "review"}


def test_a_release_that_waits_is_not_done_by_a_policy_that_lifts_as_much(held):
    before = held.states()
    with pytest.raises(Held, match="hate: 2 to release"):  # into review
        held.sweep(version=2, release=0, remove=0.999, demote=0.998)
    changing(held, "    - {action: review, threshold: 0.5}\n", "")
    with pytest.raises(Held, match=":hate:release"):
        held.sweep(version=3, remove=0.999, demote=0.998)
    assert held.states() == {post: before[post] for post in ("removed", "demoted", "spam")}


def test_a_part_of_a_release_that_waits_may_be_done(held):
    with pytest.raises(Held):
        held.sweep(version=2, release=0, remove=0.999, demote=0.998)
    with pytest.raises(Held):
        held.sweep(version=3, remove=0.999, demote=0.98)
    states = held.states()
    assert (states["removed"], states["demoted"]) == ("demote", "demote")


def test_what_comes_after_a_held_batch_is_held_too(fresh, rows):
    post, scored = rows
    with pytest.raises(Held):
        fresh.sweep(apply=1)
    assert fresh.states() == {"reviewed": "review", "spam": "remove"}
    names = ("removed", "demoted", "reviewed", "clean", "spam", "late")
    fresh.put_posts([post(name) for name in names])
    fresh.put_scores([scored("late", hate=0.99)])
    policy = fresh.policy(apply=1)
    binding = PolicyBinding(load_policy(policy), "m-1")
    # With room for it again: what was spent is longer ago than a day.
    later = time.time_ns() // 1000 + 2 * 24 * 3600 * 1_000_000
    fresh.decide(apply=1)
    assert preview(fresh.root, DAY, binding)["held"] == 1
    with pytest.raises(Held):
        sweep(fresh.root, DAY, binding, clock=lambda: later)
    assert "late" not in fresh.states()
    assert {e["subject_id"] for e in fresh.ledger("held")} == {"removed", "demoted", "late"}

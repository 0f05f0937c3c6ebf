"""Shadow, ramps and the holdout: small lakes."""

import pytest

from harmsweep.digests import uniform_hash
from harmsweep.enforcement.state.policy_binding import PolicyBinding
from harmsweep.harms import SEVERE
from harmsweep.operations import ramps
from harmsweep.policy.file import PolicyError, load_policy
from harmsweep.review import verdicts

FIRST = {"removed": "remove", "demoted": "demote", "reviewed": "review", "spam": "remove"}


def test_in_shadow_everything_is_decided_and_nothing_applied(fresh):
    pair = f"m-1/{load_policy(fresh.policy()).policy_version}"
    ramps.ramp(fresh.root, pair, 0.0, instead_of="", reason="first look")
    assert fresh.sweep() == {"decisions": 4, "finished": 0}
    assert fresh.content() == ([], [])
    ramps.ramp(fresh.root, pair, uniform_hash("ramp/a1") + 0.001, instead_of="", reason="more")
    fresh.sweep()
    assert fresh.states() == FIRST


ALL_AT_ONCE = "\naccounts: {decay_days: 3650, ladder: [{strikes: 1, days: 3650}]}\n"


def test_a_pair_in_shadow_touches_no_account(fresh):
    real = fresh.policy

    def striking(**changes):
        path = real(**changes)
        text = path.read_text().replace("action: remove", "action: strike")
        path.write_text(text + (ALL_AT_ONCE if changes.get("version") == 2 else ""))
        return path

    fresh.policy = striking
    fresh.sweep()
    before, none = fresh.visible(), {"version": 2, "apply": 0, "release": 0}
    pair = f"m-1/{load_policy(fresh.policy(**none)).policy_version}"
    ramps.ramp(fresh.root, pair, 0.0, instead_of="", reason="first look")
    assert fresh.sweep(**none) == {"decisions": 4, "finished": 0, "accounts": 0}
    assert fresh.visible() == before
    ramps.ramp(fresh.root, pair, 1.0, instead_of="", reason="all")
    assert fresh.sweep(**none)["accounts"] == 1
    ramps.ramp(fresh.root, pair, 0.0, instead_of="", reason="it was wrong")
    verdicts.decide(fresh.root, "removed", "benign", rationale="a quote")
    assert fresh.sweep(**none)["accounts"] == 0
    assert fresh.states()["a1"] == "restrict"


def test_two_pairs_share_the_authors(fresh):
    old, new = (f"m-1/{load_policy(fresh.policy(version=n)).policy_version}" for n in (1, 2))
    ramps.ramp(fresh.root, new, 0.2, instead_of=old, reason="try it")
    assert ramps.share_of(fresh.root, new) == (0.0, 0.2)
    assert ramps.share_of(fresh.root, old) == (0.2, 1.0)
    assert ramps.share_of(fresh.root, "m-9/other") == (0.0, 1.0)


def test_a_ramp_of_another_pair_brings_none_out_of_shadow(fresh):
    ramps.ramp(fresh.root, "m-2/p", 0.0, instead_of="m-1/p", reason="a bad champion")
    ramps.ramp(fresh.root, "m-3/p", 0.1, instead_of="m-1/p", reason="the next")
    assert ramps.share_of(fresh.root, "m-2/p") == (0.0, 0.0)
    assert ramps.share_of(fresh.root, "m-1/p") == (0.1, 1.0)


HOLDOUT = "\nholdout: {{share: 0.05, spared: [{spared}]}}\n"


@pytest.mark.usefixtures("any_share")
def test_the_holdout_is_recorded_and_not_applied(fresh, rows):
    post, scored = rows
    names = [f"p{n}" for n in range(200)]
    out = {name for name in names if uniform_hash(f"holdout/{name}") < 0.05}
    fresh.put_posts([post(name) for name in names])
    fresh.put_scores([scored(name, hate=0.99) for name in names])
    real = fresh.policy

    def with_holdout(**changes):
        spared = changes.pop("spared", "")
        path = real(**changes)
        path.write_text(path.read_text() + HOLDOUT.format(spared=spared))
        return path

    fresh.policy = with_holdout
    counts = fresh.sweep()
    assert (counts["withheld"], counts["remove"]) == (len(out), 200 - len(out))
    assert {r["subject_id"] for r in fresh.ledger("withheld")} == out
    assert set(fresh.states()) == set(names) - out
    assert fresh.sweep(spared="hate")["remove"] == len(out)
    assert set(fresh.states()) == set(names)


def test_no_holdout_leaves_out_a_severe_harm(fresh):
    path = fresh.policy()
    path.write_text(path.read_text() + HOLDOUT.format(spared="spam"))
    guardrails = PolicyBinding(load_policy(path), "m-1").guardrails
    name = next(f"p{n}" for n in range(200) if uniform_hash(f"holdout/p{n}") < 0.05)
    held_out = {harm: guardrails.in_holdout(name, harm) for harm in ("hate", "spam", *SEVERE)}
    assert held_out == {"hate": True, "spam": False, "self_harm": False, "violence": False}


@pytest.mark.parametrize(
    "line", ["holdout: {share: 0.2}", "holdout: {share: 0.01, spared: [hat]}", "holdout: {part: 1}"]
)
def test_a_wrong_holdout_is_refused(fresh, line: str):
    path = fresh.policy()
    path.write_text(f"{path.read_text()}\n{line}\n")
    with pytest.raises(PolicyError, match="holdout"):
        load_policy(path)

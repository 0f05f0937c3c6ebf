"""What a broken model or policy could do to a day of 200 posts: not one effect past the cap.

Five posts are removed on a normal day, under a cap of ten removals and four releases. Then
something breaks.
"""

from typing import Any

import pytest

from harmsweep.enforcement.state.decisions import version_pair
from harmsweep.enforcement.state.policy_binding import PolicyBinding
from harmsweep.enforcement.sweep import sweep
from harmsweep.errors import Held
from harmsweep.lake import delta, writes
from harmsweep.policy.actions import VISIBLE
from harmsweep.policy.file import PolicyError, load_policy
from harmsweep.tables.catalog import DECISIONS

CAP = {"apply": 10, "release": 4}
NAMES = [f"p{n:03}" for n in range(200)]
HARMFUL = NAMES[:5]
NAN = float("nan")


def normal(name: str) -> float:
    return 0.99 if name in HARMFUL else 0.1 + int(name[1:]) / 1000


@pytest.fixture
def day(fresh, rows):
    """The normal day, swept; scores as a function of the post's name."""
    post, scored = rows
    fresh.put_posts([post(name) for name in NAMES])

    def put(score: Any, model: str = "m-1") -> list[dict[str, Any]]:
        made = [scored(name, hate=score(name), model_version=model) for name in NAMES]
        fresh.put_scores(made)
        return made

    ladder = fresh.policy

    def one_rung(**changes: Any):
        """Removal alone: a ladder whose rungs are out of order is refused as a whole."""
        path = ladder(**{"demote": 0.0} | changes)
        lines = path.read_text().splitlines()
        kept = [line for line in lines if "demote" not in line and "threshold: 0.5}" not in line]
        path.write_text("\n".join(kept))
        return path

    fresh.scores_by, fresh.policy = put, one_rung
    put(normal)
    fresh.sweep(**CAP)
    assert visible(fresh) == set(HARMFUL)
    return fresh


def visible(lake: Any) -> set[str]:
    return {post for post, action in lake.states().items() if action in VISIBLE}


BROKEN = {
    "all at 0.99": (lambda name: 0.99, {}),
    "a constant": (lambda name: 0.96, {}),
    "inverted": (lambda name: 0.01 if name in HARMFUL else 0.99, {}),
    "a typo in a threshold": (normal, {"remove": 0.095}),
    "a policy that matches all": (normal, {"remove": 0.0001}),
    "nothing is harmful any more": (lambda name: 0.0, {}),
}


@pytest.mark.parametrize("model", ["m-1", "m-2"])
@pytest.mark.parametrize("broken", BROKEN)
def test_nothing_happens_past_the_cap(day, broken: str, model: str):
    score, thresholds = BROKEN[broken]
    day.scores_by(score, model)
    for _ in range(3):
        with pytest.raises(Held):
            day.sweep(model, version=2, **CAP, **thresholds)
    assert visible(day) == set(HARMFUL)
    sampled = {e["subject_id"] for e in day.ledger() if e["cause_kind"] == "sample"}
    assert len(sampled) <= 50
    # Nothing is dropped: what is wanted and not done waits or is being read.
    wanted = {name for name in NAMES if (score(name) > 0.5) != (name in HARMFUL) or thresholds}
    waits = {e["subject_id"] for e in day.ledger("held")} | sampled
    assert waits == wanted - (set(HARMFUL) if thresholds else set())


@pytest.mark.parametrize("score", [NAN, float("inf"), -float("inf"), 1.5, -0.5, None], ids=str)
def test_what_is_no_probability_removes_nothing_even_if_it_was_decided(day, score: Any):
    policy = load_policy(day.policy(version=2, **CAP))
    made = day.scores_by(lambda name: 0.99)
    day.put_decisions(made, policy, "m-1")
    where = {"day": made[0]["day"], **version_pair("m-1", policy.policy_version)}
    rows = [r for r in delta.rows(DECISIONS, day.root).to_pylist() if where.items() <= r.items()]
    assert len(rows) == 200
    writes.write_rows([r | {"score": score} for r in rows], DECISIONS, day.root, where=where)
    # Five removals would be released into review: more than the cap, and all of them wait.
    with pytest.raises(Held, match="hate: 5 to release"):
        sweep(day.root, made[0]["day"], PolicyBinding(policy, "m-1"))
    assert visible(day) == set(HARMFUL)
    assert {e["action"] for e in day.ledger()} == {"remove", "review"}


def test_a_threshold_of_nothing_is_refused(fresh):
    with pytest.raises(PolicyError, match="threshold"):
        load_policy(fresh.policy(remove=0, demote=0))


PLACES = [
    {},
    {"surface": "feed"},
    {"jurisdiction": "DE"},
    {"surface": "feed", "jurisdiction": "DE"},
]


@pytest.mark.parametrize("place", PLACES[1:], ids=str)
@pytest.mark.parametrize("narrows", [True, False], ids=["narrower", "wider"])
def test_a_hold_is_not_walked_round_by_a_policy_for_another_place(fresh, rows, place, narrows):
    post, scored = rows
    fresh.put_posts([post(name) for name in NAMES])
    fresh.put_scores([scored(name, hate=0.99) for name in NAMES])
    first, second = ({}, place) if narrows else (place, {})
    with pytest.raises(Held):
        fresh.sweep(apply=100, **first)
    for version in (2, 3):
        with pytest.raises(Held):
            fresh.sweep(version=version, apply=1000, **second)
    assert visible(fresh) == set()


def test_what_a_sweep_holds_everywhere_it_does_nowhere_for_another_harm(fresh, rows):
    post, scored = rows
    fresh.put_posts([post(name) for name in NAMES])
    fresh.put_scores([scored(name, hate=0.99, spam=0.99) for name in NAMES[:20]])
    plain = fresh.policy

    def for_spam_in_the_feed(**changes: Any) -> Any:
        path = plain(**changes)
        text = path.read_text()
        head, spam = text.split("spam:", 1)
        spam = spam.replace("surface: all", "surface: feed", 1)
        path.write_text(
            f"{head}spam:{spam}".replace("caps:\n", "caps:\n  hate: {apply: 1, release: 1}\n")
        )
        return path

    fresh.policy = for_spam_in_the_feed
    with pytest.raises(Held, match="hate: 20 to apply"):
        fresh.sweep()
    assert visible(fresh) == set()

"""Strikes restrict their author, and go with what put them there: small lakes."""

from datetime import timedelta

import pytest

from harmsweep.enforcement.state.day_ledger import now_micros
from harmsweep.enforcement.undo import Part, undo
from harmsweep.review import verdicts
from harmsweep.review.apply_now import apply_now

STRIKES = """
accounts: {{decay_days: 3650, ladder: [{{strikes: 2, days: 7}}]}}
"""


def test_strikes_restrict_an_author_and_go_with_the_sweep(fresh):
    real = fresh.policy

    def with_strikes(**changes):
        path = real(**changes)
        text = path.read_text().replace("action: remove", "action: strike")
        path.write_text(text + STRIKES.format())
        return path

    fresh.policy = with_strikes
    counts = fresh.sweep()
    assert (counts["strike"], counts["accounts"]) == (2, 1)
    assert fresh.states() == {
        "removed": "strike", "spam": "strike", "demoted": "demote", "reviewed": "review",
        "a1": "restrict",
    }  # fmt: skip
    account = next(row for row in fresh.visible() if row["subject_id"] == "a1")
    since = max(r["since"] for r in fresh.visible() if r["action"] == "strike")
    assert account["expires_at"] == since + timedelta(days=7)
    shown = fresh.visible()
    assert fresh.sweep() == {}
    sweep_id = fresh.ledger()[0]["sweep_id"]
    assert undo(fresh.root, sweep_id=sweep_id).counts == {"effects": 5, "left": 0}
    assert fresh.states() == {}
    undo(fresh.root, sweep_id=sweep_id, redo=True)
    assert fresh.visible() == shown
    verdicts.decide(fresh.root, "spam", "benign", harm=None, rationale="a joke")
    assert fresh.sweep()["accounts"] == 1
    assert fresh.states() == {"removed": "strike", "demoted": "demote", "reviewed": "review"}


@pytest.fixture
def struck(fresh):
    """A lake in which two strikes restrict an author."""
    path = fresh.policy()
    path.write_text(path.read_text().replace("action: remove", "action: strike") + STRIKES.format())
    fresh.policy = lambda **_: path
    fresh.sweep()
    assert fresh.states()["a1"] == "restrict"
    return fresh


def test_an_author_without_a_strike_left_is_free_as_soon_as_a_part_is_undone(struck):
    sweep_id = struck.ledger()[0]["sweep_id"]
    assert undo(struck.root, sweep_id=sweep_id, part=Part(posts=("removed",))).counts == {
        "effects": 1, "left": 0,
    }  # fmt: skip
    assert struck.states()["a1"] == "restrict"
    undone = undo(struck.root, sweep_id=sweep_id, part=Part(posts=("spam",)))
    assert undone.counts == {"effects": 1, "left": 0, "freed": 1}
    assert "a1" not in struck.states()
    assert undo(struck.root, sweep_id=sweep_id, part=Part(posts=("spam",)), redo=True).items == 1
    assert struck.states() == {"spam": "strike", "demoted": "demote", "reviewed": "review"}


def test_an_author_who_was_freed_as_the_power_went_is_free_once_that_is_repeated(struck, crash_at):
    sweep_id = struck.ledger()[0]["sweep_id"]
    part = Part(posts=("removed", "spam"))
    crash_at("post_visibility_v1:before-commit", 2)
    with pytest.raises(KeyboardInterrupt):
        undo(struck.root, sweep_id=sweep_id, part=part)
    assert struck.states()["a1"] == "restrict"
    crash_at("none", 1)
    undo(struck.root, sweep_id=sweep_id, part=part)
    assert "a1" not in struck.states()


def test_an_author_without_a_strike_left_is_free_as_soon_as_a_reviewer_says_so(struck):
    for post, free in (("removed", False), ("spam", True)):
        said = verdicts.decide(struck.root, post, "benign", harm=None, rationale="a joke")
        options = {"kind": "verdict", "source_id": said["verdict_id"], "clock": now_micros}
        apply_now(struck.root, said["day"], **options)
        assert ("a1" not in struck.states()) == free
    assert struck.sweep() == {"decisions": 4, "finished": 0, "accounts": 0}


def test_a_lifted_restriction_is_undone_and_lifted_again_with_its_strikes(fresh, rows):
    post, scored = rows
    names, real = ("one", "two"), fresh.policy
    fresh.put_posts([post(name) for name in names])
    fresh.put_scores([scored(name, hate=0.99) for name in names])

    def with_strikes(**changes):
        path = real(**changes)
        text = path.read_text().replace("action: remove", "action: strike")
        path.write_text(text + STRIKES.format())
        return path

    fresh.policy = with_strikes
    fresh.sweep()
    struck = {"one": "strike", "two": "strike", "a1": "restrict"}
    assert fresh.states() == struck
    fresh.sweep(version=2, remove=0.999, demote=0.998)
    lifted, sweep_id = fresh.states(), fresh.ledger()[-1]["sweep_id"]
    assert set(lifted.values()) == {"review"}
    undo(fresh.root, sweep_id=sweep_id)
    assert fresh.states() == struck
    undo(fresh.root, sweep_id=sweep_id, redo=True)
    assert fresh.states() == lifted

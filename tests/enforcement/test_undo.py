"""An undo restores what held before a sweep, exactly, and a redo what held after it."""

from datetime import date

import pytest
from odd_ids import ODD_IDS

from harmsweep.enforcement.undo import Part, undo
from harmsweep.errors import DataRefused
from harmsweep.lake import writes
from harmsweep.review import allow_list, verdicts
from harmsweep.tables.catalog import ESCALATIONS

DAY = date(2026, 10, 1)


def back(lake, sweep_id, **options):
    return undo(lake.root, sweep_id=sweep_id, **options).counts


def test_undo_then_redo_leave_what_was_before_and_after(held):
    first, after_first = held.ledger()[-1]["sweep_id"], held.visible()
    held.sweep(version=2, remove=0.98, demote=0.95)  # the demotion becomes a review
    second, after_second = held.ledger()[-1]["sweep_id"], held.visible()
    assert back(held, second) == {"effects": 1, "left": 0}
    assert held.visible() == after_first
    assert back(held, second) == {"effects": 0, "left": 1}
    assert back(held, first) == {"effects": 4, "left": 0}
    assert held.visible() == []
    assert back(held, first, redo=True) == {"effects": 4, "left": 0}
    assert held.visible() == after_first
    assert back(held, second, redo=True) == {"effects": 1, "left": 0}
    assert held.visible() == after_second
    assert back(held, second, redo=True, dry_run=True) == {"effects": 0, "left": 1}


def test_what_was_undone_stays_so_until_the_post_or_the_policy_changes(held, rows):
    post, scored = rows
    back(held, held.ledger()[-1]["sweep_id"])
    assert held.sweep() == {"decisions": 4, "finished": 0}
    assert held.states() == {}
    names = ("demoted", "reviewed", "clean", "spam")
    edited = [post("removed", 1, "superseded"), post("removed", 2)]
    held.put_posts([post(name) for name in names] + edited)
    held.put_scores([scored("removed", 2, hate=0.99), scored("spam", spam=0.97)])
    # The ledger cites the day's decisions, so the two posts without a score now keep theirs.
    assert held.sweep() == {"decisions": 4, "remove": 1, "finished": 0}
    assert held.states() == {"removed": "remove"}
    assert held.sweep(version=2) == {"decisions": 2, "remove": 1, "finished": 0}
    assert held.states() == {"removed": "remove", "spam": "remove"}


def test_a_redo_leaves_out_what_was_edited_since(held, rows):
    post, _ = rows
    sweep_id = held.ledger()[-1]["sweep_id"]
    back(held, sweep_id)
    names = ("demoted", "reviewed", "clean", "spam")
    edited = [post("removed", 1, "superseded"), post("removed", 2)]
    held.put_posts([post(name) for name in names] + edited)
    assert back(held, sweep_id, redo=True) == {"effects": 3, "left": 1}
    assert "removed" not in held.states()


def test_an_undo_that_breaks_ends_as_a_clean_one(held, tmp_path, crash_at):
    sweep_id = held.ledger()[-1]["sweep_id"]
    clean = held.copy(tmp_path / "clean")
    back(clean, sweep_id)
    crash_at("post_visibility_v1:before-commit", 1)
    with pytest.raises(KeyboardInterrupt):
        back(held, sweep_id)
    back(held, sweep_id)
    assert held.content() == clean.content()


@pytest.mark.parametrize(
    "sweep_id", ["20261001-000000000000", "20269999-000000000000", "yesterday", "20261001'; --"]
)
def test_an_unknown_sweep_is_refused(held, sweep_id):
    with pytest.raises(DataRefused, match="sweep"):
        back(held, sweep_id)


def released(held):
    """The ids of two sweeps: the first removed a post, the second of another policy let it go."""
    first = held.ledger()[-1]["sweep_id"]
    held.sweep(version=2, remove=0.999, demote=0.998)
    assert held.states().get("removed") != "remove"
    return first, held.ledger()[-1]["sweep_id"]


def test_a_release_that_is_undone_takes_no_post_down_that_was_found_benign(held):
    _, second = released(held)
    verdicts.decide(held.root, "removed", "benign", rationale="a quote")
    back(held, second)
    assert held.states().get("removed") not in {"remove", "demote"}
    assert held.states()["spam"] == "remove"


def test_a_release_that_is_undone_takes_no_post_down_that_was_edited(held, rows):
    post, _ = rows
    _, second = released(held)
    names = ("demoted", "reviewed", "clean", "spam")
    edited = [post("removed", 1, "superseded"), post("removed", 2)]
    held.put_posts([post(name) for name in names] + edited)
    back(held, second)
    assert held.states().get("removed") != "remove"


def test_a_release_that_is_undone_takes_no_post_down_that_is_exempt(held):
    _, second = released(held)
    allow_list.exempt(held.root, "post", "removed", kind="newsworthy", until=None, reason="press")
    back(held, second)
    assert held.states().get("removed") != "remove"


def test_a_redo_takes_no_post_down_that_was_found_benign_or_is_exempt(held):
    sweep_id = held.ledger()[-1]["sweep_id"]
    back(held, sweep_id)
    verdicts.decide(held.root, "removed", "benign", rationale="a quote")
    allow_list.exempt(held.root, "post", "spam", kind="newsworthy", until=None, reason="press")
    assert back(held, sweep_id, redo=True) == {"effects": 2, "left": 2}
    assert held.states() == {"demoted": "demote", "reviewed": "review"}


@pytest.mark.parametrize("redo", [False, True])
def test_what_was_escalated_is_left_as_it_is(held, redo: bool):
    sweep_id = held.ledger()[-1]["sweep_id"]
    if redo:
        back(held, sweep_id)
    before = held.states().get("removed")
    field = {f.name: "x" for f in ESCALATIONS.schema if f.dataType.typeName() == "string"}
    now = held.ledger()[0]["recorded_at"]
    row = field | {"day": DAY, "post_id": "removed", "revision": 1, "position": 0, "distance": 0,
                   "quality": 90, "matched_at": now}  # fmt: skip
    writes.write_rows([row], ESCALATIONS, held.root)
    assert back(held, sweep_id, redo=redo)["left"] == 1
    assert held.states().get("removed") == before


def test_what_was_undone_hides_no_verdict_of_another_person(held):
    _, second = released(held)
    back(held, second)
    assert held.states()["removed"] == "remove"
    verdicts.decide(held.root, "removed", "benign", rationale="a quote")
    held.sweep(version=2, remove=0.999, demote=0.998)
    assert "removed" not in held.states()


@pytest.mark.usefixtures("any_share")
def test_a_sweep_of_many_odd_ids_is_undone_and_redone_whole_and_in_part(fresh, rows):
    post, scored = rows
    names = [*ODD_IDS, "plain"]
    fresh.put_posts([post(name, author_id=f"by-{name}") for name in names])
    fresh.put_scores([scored(name, hate=0.99) for name in names])
    fresh.sweep(version=3)
    every = dict.fromkeys(names, "remove")
    assert fresh.states() == every
    # What people asked of one, and found of another, binds the undo of them all.
    verdicts.decide(fresh.root, ODD_IDS[0], "harmful", rationale="", harm="hate", action="remove")
    verdicts.decide(fresh.root, ODD_IDS[1], "benign", rationale="")
    sweep_id = fresh.ledger()[-1]["sweep_id"]
    assert back(fresh, sweep_id, part=Part(posts=("plain",))) == {"effects": 1, "left": 0}
    assert back(fresh, sweep_id)["effects"] == len(ODD_IDS)
    assert fresh.states() == {}
    assert back(fresh, sweep_id, redo=True) == {"effects": len(names) - 1, "left": 1}
    del every[ODD_IDS[1]]
    assert fresh.states() == every

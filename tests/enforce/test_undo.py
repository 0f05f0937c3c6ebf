"""An undo restores what held before a sweep, exactly, and a redo what held after it."""

import pytest

from harmsweep.enforce import undo
from harmsweep.job import DataRefused


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


@pytest.mark.parametrize("sweep_id", ["20261001-000000000000", "yesterday", "20261001'; --"])
def test_an_unknown_sweep_is_refused(held, sweep_id):
    with pytest.raises(DataRefused, match="sweep"):
        back(held, sweep_id)

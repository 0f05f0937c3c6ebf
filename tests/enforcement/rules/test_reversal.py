"""What undoing and doing again adds to a history, on literal entries: plain Python."""

from dataclasses import replace

import pytest
from one_scope import A_WEEK, DEMOTE, EDITED, PAIR, POST, REMOVE, SCOPE, act, after, sweep

from harmsweep.enforcement.rules.guardrails import Post
from harmsweep.enforcement.rules.ledger import Entry
from harmsweep.enforcement.rules.reversal import redo_effect, undo_effect


def undo(history: list[Entry], n: int, of: int = 0, post: Post | None = POST) -> Entry | None:
    """What undoing the sweep of the history's `of`th effect adds."""
    return undo_effect(SCOPE, history, post, sweep=sweep(n, "undo", (history[of].sweep_id,)))


def redo(history: list[Entry], n: int, of: int = 0, post: Post | None = POST) -> Entry | None:
    """What doing it again adds."""
    return redo_effect(SCOPE, history, post, sweep=sweep(n, "redo", (history[of].sweep_id,)))


def test_undo_and_redo_keep_when_an_action_ends():
    history = [act([], REMOVE, guardrails=A_WEEK)]
    history.append(undo(history, 2))
    assert history[1].expires_at is None
    again = redo(history, 3)
    assert again is not None
    assert again.expires_at == history[0].expires_at


def test_an_undo_brings_back_what_held_before():
    history = after(DEMOTE, REMOVE)
    back = undo(history, 3, of=1)
    assert back is not None
    assert (back.action, back.previous_action, back.direction) == ("demote", "remove", "release")
    assert (back.cause_kind, back.state_key) == ("undo", history[0].effect_key)
    assert (back.score, back.threshold, back.harm) == (None, None, "hate")
    assert (back.model_version, back.policy_version) == PAIR
    assert back.previous_key == history[1].effect_key


def test_an_undo_of_the_first_effect_leaves_nothing():
    history = after(REMOVE)
    back = undo(history, 2)
    assert back is not None
    assert (back.action, back.state_key) == ("none", back.effect_key)
    assert undo([*history, back], 3) is None


def test_only_what_still_holds_is_undone():
    history = after(DEMOTE, REMOVE)
    assert undo(history, 3, of=0) is None
    back = undo(history, 3, of=1)
    assert back is not None
    assert undo([*history, back], 4, of=0) is not None


def test_a_sweep_that_did_nothing_here_undoes_nothing():
    history = after(REMOVE)
    assert undo_effect(SCOPE, history, POST, sweep=sweep(2, "undo", ("other",))) is None
    held_effect = [replace(history[0], entry="held")]
    assert undo(held_effect, 2) is None
    assert redo(held_effect, 2) is None


def test_what_a_person_undid_stays_so_for_the_same_pair_and_revision():
    history = after(REMOVE)
    history.append(undo(history, 2))
    assert act(history, REMOVE, 3) is None
    assert act(history, REMOVE, 3, sweep=sweep(3, subject=("m-2", "p-1"))) is not None
    assert act(history, REMOVE, 3, sweep=sweep(3, subject=("m-1", "p-2"))) is not None
    assert act(history, replace(REMOVE, revision=2), 3, EDITED) is not None


def test_a_redo_puts_back_what_was_undone():
    history = after(REMOVE)
    history.append(undo(history, 2))
    again = redo(history, 3)
    assert again is not None
    assert (again.action, again.cause_kind, again.state_key) == (
        "remove", "reapply", history[0].effect_key,
    )  # fmt: skip
    assert (again.score, again.threshold) == (0.99, 0.95)
    assert redo([*history, again], 4) is None


def test_a_redo_puts_back_what_undoing_others_led_away_from():
    history = after(DEMOTE, REMOVE)
    history.append(undo(history, 3, of=1))
    history.append(undo(history, 4, of=0))
    history.append(redo(history, 5, of=0))
    again = redo(history, 6, of=1)
    assert again is not None
    assert (again.action, again.state_key) == ("remove", history[1].effect_key)


def test_what_was_not_undone_is_not_redone():
    assert redo(after(REMOVE), 2) is None
    assert redo(after(DEMOTE, REMOVE), 3, of=0) is None
    assert redo(after(REMOVE, None), 3) is None


def test_a_redo_leaves_out_a_post_that_is_gone_or_edited():
    history = after(REMOVE)
    history.append(undo(history, 2))
    assert redo(history, 3, post=None) is None
    assert redo(history, 3, post=EDITED) is None


@pytest.mark.parametrize("pair", [("m-0", "p-1"), ("m-2", "p-1"), ("m-1", "p-0"), ("m-1", "p-2")])
def test_what_was_undone_of_a_pair_is_done_by_any_other(pair):
    first = act([], REMOVE, sweep=sweep(1, subject=pair))
    history = [first, undo([first], 2)]
    assert act(history, REMOVE, 3, sweep=sweep(3, subject=pair)) is None
    assert act(history, REMOVE, 3).action == "remove"

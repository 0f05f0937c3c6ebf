"""Acts in a copy of the lake: they come to what they would, and the lake stays as it is."""

import os
from datetime import UTC, date, datetime, timedelta

from harmsweep.enforcement.dry_run import effects_since, scratch_copy
from harmsweep.enforcement.state.day_ledger import now_micros
from harmsweep.lake import delta
from harmsweep.review import verdicts
from harmsweep.review.apply_now import apply_now
from harmsweep.review.orders import receive
from harmsweep.tables.catalog import VERDICTS

DAY = date(2026, 10, 1)
ORDER = {"kind": "order", "authority": "a court", "reference": "1", "action": "remove",
         "due_at": datetime.now(UTC) + timedelta(hours=1), "reason": ""}  # fmt: skip


def test_what_is_done_in_a_copy_is_seen_there_alone(held):
    states, ledger, began = held.states(), held.ledger(), datetime.now(UTC)
    with scratch_copy(held.root) as copy:
        row = verdicts.decide(copy, "removed", "benign", rationale="a quote")
        apply_now(copy, DAY, kind="verdict", source_id=row["verdict_id"], clock=now_micros)
        (effect,) = effects_since(copy, held.root, began)
        assert (effect["subject_id"], effect["previous_action"], effect["action"]) == (
            "removed", "remove", "none",
        )  # fmt: skip
        assert delta.rows(VERDICTS, copy).num_rows == 1
    assert not copy.exists()
    assert (held.states(), held.ledger()) == (states, ledger)
    assert delta.rows(VERDICTS, held.root).num_rows == 0


def test_the_lake_can_be_written_while_somebody_rehearses(held):
    began = datetime.now(UTC)
    with scratch_copy(held.root) as copy:
        receive(held.root, "clean", **ORDER)
        receive(copy, "demoted", **ORDER)
        (effect,) = effects_since(copy, held.root, began)
        assert effect["subject_id"] == "demoted"
    assert held.states()["clean"] == "remove"


def test_what_a_killed_rehearsal_left_goes_after_a_day(held):
    old, new = held.root / ".rehearsal-old", held.root / ".rehearsal-new"
    for folder in (old, new):
        folder.mkdir()
    then = (datetime.now(UTC) - timedelta(hours=25)).timestamp()
    os.utime(old, (then, then))
    with scratch_copy(held.root):
        assert new.exists()
        assert not old.exists()

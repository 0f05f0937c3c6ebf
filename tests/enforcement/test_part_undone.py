"""A part of a sweep, undone and done again."""

import pytest

from harmsweep.enforcement.undo import Part, undo
from harmsweep.errors import DataRefused

FIRST = {"removed": "remove", "demoted": "demote", "reviewed": "review", "spam": "remove"}


@pytest.mark.parametrize(
    ("part", "left"),
    [
        (Part(harm="spam"), {"removed", "demoted", "reviewed"}),
        (Part(action="demote"), {"removed", "reviewed", "spam"}),
        (Part(posts=("removed", "spam")), {"demoted", "reviewed"}),
        (Part(harm="hate", action="remove", posts=("removed", "spam")),
         {"demoted", "reviewed", "spam"}),
    ],
    ids=repr,
)  # fmt: skip
def test_a_part_of_a_sweep_is_undone_and_done_again(held, part: Part, left: set[str]):
    sweep_id, before = held.ledger()[-1]["sweep_id"], held.visible()
    gone = set(FIRST) - left
    done = undo(held.root, sweep_id=sweep_id, part=part)
    assert done.counts == {"effects": len(gone), "left": 0}
    assert set(held.states()) == left
    undo(held.root, sweep_id=sweep_id, part=part, redo=True)
    assert held.visible() == before


def test_a_part_that_a_sweep_has_not_is_refused(held):
    sweep_id = held.ledger()[-1]["sweep_id"]
    with pytest.raises(DataRefused, match="no such effects"):
        undo(held.root, sweep_id=sweep_id, part=Part(harm="sexual"))

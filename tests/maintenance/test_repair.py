"""A damaged table is made again from what has all that it held, or is refused with the way."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from killing import kill

from harmsweep.errors import Refused
from harmsweep.lake.seal_lines import Damaged
from harmsweep.maintenance.repair import ASIDE, FRESH, is_sound, repair
from harmsweep.operations.audit import operations
from harmsweep.tables.catalog import ACTIONS, DECISIONS, POST_VISIBILITY
from harmsweep.tables.spec import Table


def spoil(lake: Path, table: Table) -> None:
    """Lose a table's last commit."""
    max((lake / table.name / "_delta_log").glob("*.json")).unlink()


mend = partial(repair, name=POST_VISIBILITY.name)


@pytest.fixture
def spoiled(held: Any) -> Any:
    """A swept lake of the test's own without the last commit of what the platform reads."""
    held.before = held.visible()
    spoil(held.root, POST_VISIBILITY)
    return held


def test_what_the_platform_reads_is_made_again_from_the_ledger(spoiled: Any) -> None:
    said = repair(spoiled.root, "post_visibility")
    assert said == "post_visibility_v1: made again, 4 rows from the ledger"
    assert spoiled.visible() == spoiled.before and is_sound(spoiled.root, POST_VISIBILITY.name)
    (old,) = (spoiled.root / ASIDE).iterdir()
    assert len([*old.iterdir()]) == 2
    assert [o["act"] for o in operations(spoiled.root, POST_VISIBILITY.name)] == ["repair"]
    assert repair(spoiled.root, POST_VISIBILITY.name).endswith("nothing to mend")
    assert spoiled.sweep()["finished"] == 0


def test_a_dry_run_says_what_would_be_done(spoiled: Any) -> None:
    said = repair(spoiled.root, POST_VISIBILITY.name, dry_run=True)
    assert said == "post_visibility_v1: would be made again, 4 rows from the ledger"
    assert not is_sound(spoiled.root, POST_VISIBILITY.name)


def test_nothing_is_made_from_what_is_damaged_too(spoiled: Any) -> None:
    spoil(spoiled.root, ACTIONS)
    with pytest.raises(Damaged, match=ACTIONS.name):
        repair(spoiled.root, POST_VISIBILITY.name)


def test_no_day_is_swept_before_decide_has_made_its_decisions_again(held: Any) -> None:
    spoil(held.root, DECISIONS)
    assert repair(held.root, "decisions").endswith("now run jobs/decide.py for each day")
    decide, held.decide = held.decide, lambda *_, **__: None
    with pytest.raises(Refused, match="run decide first"):
        held.sweep()
    decide()
    states = held.states()
    held.sweep()
    assert held.states() == states


def test_what_nothing_else_has_is_refused_with_the_way(held: Any) -> None:
    spoil(held.root, ACTIONS)
    with pytest.raises(Refused, match="together from a backup"):
        repair(held.root, "actions")
    with pytest.raises(Refused, match="no table of which"):
        repair(held.root, "posts")


@pytest.mark.slow
@pytest.mark.parametrize(
    "point",
    ["operations_v1:after-commit#1", "post_visibility_v1:after-commit#1"],
)
def test_a_repair_that_was_killed_is_done_by_the_next(spoiled: Any, point: str) -> None:
    kill(mend, spoiled.root, point)
    mend(lake=spoiled.root)
    assert spoiled.visible() == spoiled.before
    assert not (spoiled.root / FRESH).exists()


@pytest.mark.parametrize("moved", ["post_visibility_v1", ".seals/post_visibility_v1.jsonl"])
def test_a_repair_that_was_cut_short_between_two_moves_is_done_by_the_next(
    spoiled: Any, moved: str
) -> None:
    (spoiled.root / POST_VISIBILITY.name).rename(spoiled.root / "away")
    if moved.startswith(".seals"):
        (spoiled.root / moved).unlink()
    mend(lake=spoiled.root)
    assert spoiled.visible() == spoiled.before

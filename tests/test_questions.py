"""The questions of the analysts' page have the answers that it says."""

import re
from pathlib import Path
from typing import Any

import pytest

from harmsweep.cli.query import ask

PAGE = Path(__file__).resolve().parents[1] / "docs" / "questions.md"
QUERIES = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
# Of the lake of five posts, with another policy tried: the rows of each answer, in order.
ROWS = (1, 4, 4, 4, 4, 5, 1, 1, 0, 0)


@pytest.fixture(scope="module")
def tried(swept: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The swept lake, on which another policy only decided."""
    lake = swept.copy(tmp_path_factory.mktemp("tried") / "lake")
    lake.decide(version=2, demote=0.55)
    return Path(lake.root)


def test_there_are_ten() -> None:
    assert len(QUERIES) == len(ROWS) == 10


@pytest.mark.parametrize("number", range(10))
def test_a_question_is_answered(tried: Path, number: int) -> None:
    assert ask(tried, QUERIES[number], as_of=[], limit=None).num_rows == ROWS[number]


def test_what_was_only_tried_is_told_apart(tried: Path) -> None:
    rows = ask(tried, QUERIES[5], as_of=[], limit=None).to_pylist()
    assert {row["is_in_force"] for row in rows} == {True, False}
    (now,) = ask(tried, "SELECT count(*) AS n FROM decisions_now", as_of=[], limit=None).to_pylist()
    (both,) = ask(tried, "SELECT count(*) AS n FROM decisions", as_of=[], limit=None).to_pylist()
    assert (now["n"], both["n"]) == (4, 8)

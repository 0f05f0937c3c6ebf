"""Small lakes of literal rows, and the console called as a person calls it."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from certify_site import Site

from harmsweep.cli.main import main
from harmsweep.tables.catalog import INGESTS, REJECTS

DAY = date(2026, 10, 1)


@pytest.fixture
def landed(lake: Path, add_rows: Callable[..., None]) -> Path:
    """A lake with three rows in ingests, written in two commits."""
    first = [{"day": DAY, "source": s, "landed": n} for s, n in (("posts", 4), ("users", 2))]
    add_rows(first, INGESTS, lake)
    add_rows([{"day": date(2026, 10, 2), "source": "posts", "landed": 5}], INGESTS, lake)
    return lake


@pytest.fixture
def hostile(lake: Path, add_rows: Callable[..., None]) -> Path:
    """A lake with a reject whose texts a terminal or a spreadsheet would obey."""
    row = {
        "stage": "ingest",
        "source": "\x1b[2J\x07wiped\u202e",
        "item_id": '=HYPERLINK("http://x")',
        "status": "rejected",
        "reason": "@SUM(A1)",
        "detail": "two\nlines, \x9b31m",
        "post_id": "-1+1",
    }
    add_rows([{"day": DAY, "recorded_day": DAY, **row}], REJECTS, lake)
    return lake


@pytest.fixture
def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """A function that runs the console: exit code, stdout and stderr."""

    def run(*arguments: Any) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["harmsweep", *map(str, arguments)])
        code: Any = 0
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code or 0
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def site(lake: Path, call: Callable[..., tuple[int, str, str]], tmp_path: Path) -> Site:
    return Site(lake, call, tmp_path / "site")

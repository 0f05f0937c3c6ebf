"""`harmsweep` with nothing behind it says what there is."""

import re
import runpy

import pytest

from harmsweep.cli import main


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_the_overview_says_what_each_command_is_for(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["harmsweep", *arguments])
    fresh = runpy.run_path(main.__file__)  # of which no other test has called a command
    fresh["main"]()
    out = capsys.readouterr().out
    names = [name for name in main.app if not name.startswith("-")]
    assert len(names) == len(main.COMMANDS)
    assert [name for name in names if not re.search(rf"^│ {name} +[A-Z]\w+", out, re.M)] == []

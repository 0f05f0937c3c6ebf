"""Where judging a model takes minutes it says what it is at."""

import json

import pytest

from harmsweep.release.steps import shown


def test_each_step_is_told_before_it_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    steps = shown({"leet": 1, "zalgo": 2}, "disguised cases")
    assert next(steps) == ("leet", 1)
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["event"], told["step"]) == ("disguised cases", "leet")
    assert (told["number"], told["of"]) == (1, 2)
    assert list(steps) == [("zalgo", 2)]

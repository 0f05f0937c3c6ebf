"""Gates that compare with no champion: ordinary posts are left alone."""

from typing import Any

import pytest

from harmsweep.evaluation.ordinary import ELSEWHERE, ORDINARY
from harmsweep.release.conf import load_release
from harmsweep.release.floors import ordinary_gates

CONFIG = load_release()


def record(value: float | None, **changes: Any) -> dict[str, Any]:
    found = {"harm": "hate", "posts": ORDINARY, "action": "review", "threshold": 0.5}
    ends = {"low": 0.0, "high": 0.1, "n": 0 if value is None else 1000, "groups": 900}
    return found | {"value": value} | ends | changes


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        (record(0.01), True),
        (record(0.011), False),
        (record(0.001, action="remove"), True),
        (record(0.002, action="remove"), False),
        (record(0.0, action="remove", threshold=None), True),
        (record(None, posts=ELSEWHERE), None),
    ],
)
def test_a_head_may_flag_few_ordinary_posts(given: dict[str, Any], passed: bool | None) -> None:
    (gate,) = ordinary_gates([given], [], CONFIG)
    assert gate.passed is passed


def test_other_collections_judge_where_there_are_no_ordinary_posts() -> None:
    elsewhere = record(0.5, posts=ELSEWHERE)
    (gate,) = ordinary_gates([record(None), elsewhere], [], CONFIG)
    assert gate.passed is False and "0.5000 (0.0000 to 0.1000) of 1000 other" in gate.figures
    (gate,) = ordinary_gates([record(0.0), elsewhere], [], CONFIG)
    assert gate.passed is True and "ordinary posts" in gate.figures


def test_what_all_heads_flag_together_is_told_and_decides_nothing() -> None:
    found = [*ordinary_gates([], [record(0.5), record(None, posts=ELSEWHERE)], CONFIG)]
    assert [(gate.passed, gate.item) for gate in found] == [(None, "all heads, ordinary posts")]
    assert "at most 0.02" in found[0].figures

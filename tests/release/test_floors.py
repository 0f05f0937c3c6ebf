"""Gates that compare with no champion: ordinary posts are left alone."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from harmsweep.evaluation.ordinary import ELSEWHERE, ORDINARY
from harmsweep.release.conf import load_release
from harmsweep.release.floors import function_floors, ordinary_gates
from harmsweep.release.hatecheck import Answers, Cases

CONFIG = load_release()


def hatecheck(found: float) -> tuple[Cases, Answers]:
    """A hateful function of 20 cases, of which a share is called hateful, and a harmless one."""
    functions = np.repeat(["derog_h", "ident_neutral_nh"], [20, 100])
    names = np.array([f"t{n}" for n in range(120)])
    cases = Cases(("x",) * 120, functions == "derog_h", functions, names, names)
    hateful = np.where(np.arange(20) < found * 20, 0.9, 0.3)
    return cases, Answers(np.concatenate([hateful, np.linspace(0.5, 0.8, 100)]), {})


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


@pytest.mark.parametrize(("found", "passed"), [(0.05, [False, True]), (0.0, [False, False])])
def test_each_hateful_function_is_found_at_few_false_alarms(
    found: float, passed: list[bool]
) -> None:
    gates = [*function_floors(*hatecheck(found), CONFIG)]
    assert [gate.item for gate in gates] == ["HateCheck", "derog_h"]
    assert [gate.passed for gate in gates] == passed
    assert f"{found:.3f} found at 0.05" in gates[1].figures


def test_a_function_that_no_model_finds_yet_is_told_of_and_decides_nothing() -> None:
    listed = CONFIG.model_copy(update={"not_found_yet": ("derog_h",)})
    (_, gate) = function_floors(*hatecheck(0.0), listed)
    assert gate.passed is None and "0.000 found" in gate.figures


def test_hateful_cases_must_be_told_from_harmless_ones() -> None:
    (whole, _) = function_floors(*hatecheck(1.0), CONFIG)
    assert whole.passed is True and whole.figures == "AUROC 1.000, at least 0.6"


def test_a_threshold_lets_no_more_than_a_share_of_harmless_cases_pass() -> None:
    cases, answers = hatecheck(0.0)
    passes = cases.threshold_at(answers.plain, 0.05)
    assert (answers.plain[~cases.hateful] >= passes).sum() == 5
    assert cases.threshold_at(np.full(120, 0.5), 0.05) > 0.5

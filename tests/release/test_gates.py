"""Each gate refuses what is worse, and says with which figures."""

import numpy as np
import pytest

pytest.importorskip("torch")

from harmsweep.evaluation.scored import ScoredRows
from harmsweep.release.conf import ReleaseConfig, load_release
from harmsweep.release.gates import (
    BEST,
    CANDIDATE,
    CHAMPION,
    Gate,
    baseline_gates,
    calibration_gates,
    confounder_gates,
    cost_gates,
    disguise_gates,
    equal_alarms,
    function_gates,
    harmless_gates,
    head_gates,
    refused_gates,
)
from harmsweep.release.hatecheck import Answers, Cases

CONFIG = load_release().model_copy(update={"resamples": 400})
RNG = np.random.default_rng(1)
TRUTH = np.arange(400) % 4 == 0
GOOD = np.clip(0.5 * TRUTH + RNG.random(400) * 0.5, 0, 1)
BAD = RNG.random(400)


def rows(scores: dict[str, np.ndarray], truth: np.ndarray = TRUTH) -> ScoredRows:
    names = np.array([f"g{n}" for n in range(len(truth))])
    same = np.full(len(truth), "davidson", dtype=object)
    return ScoredRows("hate", truth, scores, names, same, np.full(len(truth), "en", dtype=object))


def only(name: str, gates: object) -> list[bool | None]:
    return [gate.passed for gate in gates if gate.name == name]  # type: ignore[attr-defined]


def test_a_head_that_is_worse_is_refused_with_both_figures() -> None:
    gate, _ = head_gates([rows({CANDIDATE: BAD, CHAMPION: GOOD})], [], CONFIG)
    assert gate.passed is False and "against 1.000" in gate.figures


def test_a_head_that_is_better_or_the_same_passes() -> None:
    better = rows({CANDIDATE: GOOD, CHAMPION: BAD})
    same = rows({CANDIDATE: BAD, CHAMPION: BAD})
    assert only("heads", head_gates([better, same], [], CONFIG)) == [True, True]


def test_a_head_with_few_positive_groups_is_informational() -> None:
    few = np.arange(400) < 29
    found = head_gates([rows({CANDIDATE: BAD, CHAMPION: few * 1.0}, few)], [], CONFIG)
    assert only("heads", found) == [None]


def test_a_head_with_few_negative_groups_is_informational() -> None:
    most = np.arange(400) >= 19
    found = [*head_gates([rows({CANDIDATE: BAD, CHAMPION: most * 1.0}, most)], [], CONFIG)]
    assert [gate.passed for gate in found] == [None, None]
    assert all("only 19 negative groups" in gate.figures for gate in found)


def test_one_group_of_many_positives_counts_as_one() -> None:
    crowd = rows({CANDIDATE: BAD, CHAMPION: GOOD})
    crowd.groups[TRUTH] = "one event"
    gate, margin = head_gates([crowd], [], CONFIG)
    assert margin.passed is None and margin.gain is None
    assert gate.passed is None and "only 1 positive groups" in gate.figures


def test_a_head_that_the_champion_has_may_not_go() -> None:
    (gate,) = head_gates([], ["spam"], CONFIG)
    assert gate.passed is False and gate.item == "spam"


def test_a_head_that_may_be_far_below_the_best_champion_is_refused() -> None:
    def margin(scores: dict[str, np.ndarray]) -> Gate:
        (found,) = (g for g in head_gates([rows(scores)], [], CONFIG) if g.name == "margin")
        return found

    # As good as the champion, which is a little below the one before it.
    declined = GOOD - 0.3 * RNG.random(400) * TRUTH
    against_best = margin({CANDIDATE: declined, CHAMPION: declined, BEST: GOOD})
    assert against_best.passed is False and (against_best.gain or 0) < -0.02
    assert margin({CANDIDATE: declined, CHAMPION: declined}).passed is True
    better = margin({CANDIDATE: GOOD, CHAMPION: declined, BEST: declined})
    assert better.passed is True and (better.gain or 0) > 0


def test_a_slice_that_is_worse_is_refused_where_the_whole_is_not() -> None:
    mixed = rows({CANDIDATE: np.where(np.arange(400) < 200, BAD, 1.0 * TRUTH), CHAMPION: GOOD})
    mixed.languages[:200] = "de"
    found = list(head_gates([mixed], [], CONFIG))
    assert {gate.item for gate in refused_gates(found)} >= {"hate, language de"}
    assert [g.passed for g in found if g.item == "hate, language en"] == [True]


def test_a_head_that_flags_harmless_posts_more_often_is_refused() -> None:
    eager, calm = TRUTH * 0.5 + 0.5, TRUTH * 1.0
    (refused,) = harmless_gates([rows({CANDIDATE: eager, CHAMPION: calm})], CONFIG)
    (passed,) = harmless_gates([rows({CANDIDATE: calm, CHAMPION: eager})], CONFIG)
    assert (refused.passed, passed.passed) == (False, True)
    assert refused.figures.startswith("1.000 against 0.000")


def test_a_head_below_its_baseline_is_refused() -> None:
    record = {
        "harm": "hate", "dataset": "all", "positives": 90, "auroc": 0.7, "best_baseline": "text",
        "difference_low": -0.2, "difference_high": -0.1, "worse_than_baseline": True, "note": "",
    }  # fmt: skip
    few = record | {"positives": 29}
    no_interval = record | {"difference_low": None, "note": "groups < 20"}
    found = baseline_gates([record, few, no_interval, record | {"dataset": "sms"}], CONFIG)
    assert only("baseline", found) == [False, None, None]


def cases() -> Cases:
    """Two functions of 60 cases, each case of a template of its own."""
    functions = np.repeat(["derog_h", "ident_neutral_nh"], 60)
    names = np.array([f"t{n}" for n in range(120)])
    identities = np.tile(["a", "b"], 60)
    return Cases(("x",) * 120, functions == "derog_h", functions, names, identities)


def answers(hateful: float, harmless: float) -> Answers:
    plain = np.repeat([hateful, harmless], 60)
    return Answers(plain, {"leet": plain})


def test_a_function_that_is_right_less_often_is_refused_by_name() -> None:
    found = {CANDIDATE: answers(0.1, 0.1), CHAMPION: answers(0.9, 0.1)}
    gates = list(function_gates(cases(), found, CONFIG))
    assert [(g.item, g.passed) for g in gates] == [("derog_h", False), ("ident_neutral_nh", True)]


def test_functions_are_compared_at_as_many_false_alarms() -> None:
    champion = answers(0.9, 0.1)
    # One in three of the harmless cases is called hateful.
    champion.plain[60::3] = 0.9
    lower, noisy = Answers(champion.plain - 0.5, {}), answers(0.9, 0.9)
    assert equal_alarms(cases(), {CANDIDATE: lower, CHAMPION: champion})[CANDIDATE] < 0.4
    same = function_gates(cases(), {CANDIDATE: lower, CHAMPION: champion}, CONFIG)
    assert [gate.passed for gate in same] == [True, True]
    # As many harmful ones are found only where every harmless one is called hateful too.
    worse = function_gates(cases(), {CANDIDATE: noisy, CHAMPION: champion}, CONFIG)
    assert [gate.passed for gate in worse] == [False, True]
    assert equal_alarms(cases(), {CANDIDATE: noisy}) == {CANDIDATE: 0.5}


def test_harmless_cases_that_are_called_hateful_are_refused() -> None:
    found = {CANDIDATE: answers(0.9, 0.9), CHAMPION: answers(0.9, 0.1)}
    assert only("confounders", confounder_gates(cases(), found, CONFIG)) == [False]


def test_an_identity_that_is_called_hateful_more_than_another_is_refused() -> None:
    # Four of the 30 that name one, at the score that five of a hundred harmless ones reach.
    config = CONFIG.model_copy(update={"identity_gap": 0.05, "false_alarms": 0.07})
    uneven, even = answers(0.9, 0.1), answers(0.9, 0.1)
    uneven.plain[60:68:2] = 0.4
    even.plain[60:64] = 0.4
    found = [confounder_gates(cases(), {CANDIDATE: each}, config) for each in (uneven, even)]
    assert [only("identities", gates) for gates in found] == [[False], [True]]


def test_a_disguise_that_takes_too_much_is_refused_by_name() -> None:
    blind = Answers(answers(0.9, 0.1).plain, {"leet": np.full(120, 0.5), "zalgo": GOOD[:120]})
    blind.disguised["zalgo"][:] = blind.plain  # type: ignore[index]
    gates = list(disguise_gates(cases(), {CANDIDATE: blind}, CONFIG))
    assert [(g.item, g.passed) for g in gates] == [("leet", False), ("zalgo", True)]


def test_probabilities_that_are_surely_wrong_are_refused() -> None:
    right = rows({CANDIDATE: np.where(TRUTH, 0.9, 0.03)})
    wrong = rows({CANDIDATE: np.where(TRUTH, 0.9, 0.6)})
    assert only("calibration", calibration_gates([right, wrong], CONFIG)) == [True, False]


def test_size_and_speed_have_their_limits() -> None:
    def passed(size: int, rate: float) -> list[bool | None]:
        rates = {CANDIDATE: rate, CHAMPION: 100.0}
        return [gate.passed for gate in cost_gates(size, rates, CONFIG)]

    assert passed(4_000_000, 70.0) == [True, True]
    assert passed(4_000_001, 69.0) == [False, False]


def test_without_a_champion_nothing_is_compared() -> None:
    gates = [
        *head_gates([rows({CANDIDATE: BAD})], [], CONFIG),
        *function_gates(cases(), {CANDIDATE: answers(0.1, 0.9)}, CONFIG),
    ]
    assert {gate.passed for gate in gates} == {None}


def test_the_configuration_knows_no_other_keys() -> None:
    with pytest.raises(ValueError, match="colour"):
        ReleaseConfig.model_validate(CONFIG.model_dump() | {"colour": 1})

"""What a policy says that can never come to anything is refused with its line."""

from pathlib import Path

import pytest
from builders import rule, rung, trial_policy
from trial_file import GOOD, STATED, Fault, check_refused, ends, refused

from harmsweep.policy.file import load_policy

REVIEW = rung("review", 0.5)


def ladder(*thresholds: float) -> list[dict[str, object]]:
    return [rung(a, t) for a, t in zip(("remove", "demote", "review"), thresholds, strict=True)]


def stated(action: str, precision: float, confidence: float = 0.95) -> dict[str, object]:
    return rung(action, precision=precision, confidence=confidence)


WIDE = rule(*ladder(0.9, 0.8, 0.5))
# A rule of a narrower place beside WIDE, or in its stead, and whether it can do anything.
NARROW = {
    "the same": (rule(*ladder(0.9, 0.8, 0.5), surface="feed"), False),
    "later": (rule(*ladder(0.95, 0.85, 0.6), jurisdiction="DE"), False),
    "milder": (rule(rung("label", 0.85), surface="feed", jurisdiction="DE"), False),
    "shorter": (rule(rung("remove", 0.9, days=3), surface="feed"), False),
    "sooner": (rule(*ladder(0.85, 0.8, 0.5), surface="feed"), True),
    "more severe": (rule(rung("restrict", 0.99, days=7), surface="feed"), True),
    "a sooner review": (rule(rung("review", 0.4), jurisdiction="DE"), True),
}


@pytest.mark.parametrize("name", NARROW)
@pytest.mark.parametrize("order", [1, -1])
def test_a_rule_beneath_one_that_does_as_much_is_refused(file: Path, name: str, order: int):
    narrow, reachable = NARROW[name]
    rules = {"spam": [rule(REVIEW)], "hate": [WIDE, narrow][::order]}
    file.write_text(trial_policy(rules), encoding="utf-8")
    if reachable:
        assert load_policy(file)
    else:
        place = 1 if order == 1 else 0
        message = refused(file, file.read_text(encoding="utf-8"))
        assert f"rules.hate.{place}: can do nothing: rules.hate.{1 - place} (surface all" in message


def test_a_wider_rule_that_ends_sooner_covers_nothing(file: Path):
    wide, narrow = rung("remove", 0.9, days=3), rung("remove", 0.9, days=4)
    rules = {"hate": [rule(wide), rule(narrow, surface="feed")]}
    file.write_text(trial_policy(rules), encoding="utf-8")
    assert load_policy(file)


def test_a_rule_beneath_two_that_together_do_as_much_is_refused(file: Path):
    early, late = rule(rung("review", 0.4), surface="feed"), rule(rung("remove", 0.9))
    narrow = rule(rung("remove", 0.95), rung("review", 0.5), surface="feed", jurisdiction="DE")
    message = refused(file, trial_policy({"hate": [late, early, narrow]}))
    assert "rules.hate.2: can do nothing: rules.hate.0 (surface all" in message
    assert "and rules.hate.1 (surface feed, jurisdiction all) hold there too" in message


def test_places_that_only_overlap_cover_each_other_nowhere(file: Path):
    rules = {"hate": [rule(REVIEW, surface="feed"), rule(REVIEW, jurisdiction="DE")]}
    file.write_text(trial_policy(rules), encoding="utf-8")
    assert load_policy(file)


@pytest.mark.parametrize(("precision", "reachable"), [(0.95, False), (0.96, False), (0.9, True)])
def test_precisions_cover_each_other_as_thresholds_do(
    file: Path, precision: float, reachable: bool
):
    wide = rule(stated("remove", 0.95), REVIEW, prevalence=0.02)
    later = rung("review", 0.6)
    narrow = rule(stated("remove", precision), later, jurisdiction="DE", prevalence=0.02)
    file.write_text(trial_policy({"hate": [wide, narrow]}), encoding="utf-8")
    if reachable:
        assert load_policy(file)
    else:
        assert "rules.hate.1: can do nothing" in refused(file, file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "place", [{"surface": "feed", "prevalence": 0.02}, {"jurisdiction": "DE", "prevalence": 0.03}]
)
def test_a_precision_of_other_posts_may_be_certified_where_a_wider_one_is_not(
    file: Path, place: dict[str, object]
):
    wide = rule(stated("remove", 0.95), REVIEW, prevalence=0.02)
    narrow = rule(stated("remove", 0.95), rung("review", 0.6), **place)
    file.write_text(trial_policy({"hate": [wide, narrow]}), encoding="utf-8")
    assert load_policy(file)


def test_what_is_not_certified_yet_covers_no_threshold(file: Path):
    wide = rule(stated("remove", 0.95), REVIEW, prevalence=0.02)
    narrow = rule(rung("label", 0.99), surface="feed")
    file.write_text(trial_policy({"hate": [wide, narrow]}), encoding="utf-8")
    assert load_policy(file)


def test_a_milder_precision_of_more_confidence_may_never_be_taken(file: Path):
    ladder_ = (stated("remove", 0.95, 0.9), stated("demote", 0.9), REVIEW)
    rules = {"hate": [rule(*ladder_, prevalence=0.02)]}
    assert "demote at 0.95 must not be above remove at 0.9" in refused(file, trial_policy(rules))


FAULTS: dict[str, Fault] = {
    "a language twice": ("[en]", "[en, de, en]", 5, "'en' is given twice"),
    "a model twice": ("[m-1]", "[m-1, m-1]", 4, "'m-1' is given twice"),
    "a review-only harm twice": ("[violence]", "[violence, violence]", 6, "given twice"),
}


FAULTS |= {
    "a review-only harm without a rule": ("[violence]", "[violence, spam]", 6, "no rule"),
    "a holdout of nothing": (*ends("holdout: {share: 0}\n"), 24, "holds nothing out"),
    "a spared harm without a rule": (
        *ends("holdout: {share: 0.01, spared: [spam]}\n"), 24, "'spam' has no rule",
    ),
    "a spared harm twice": (
        *ends("holdout: {share: 0.01, spared: [hate, hate]}\n"), 24, "given twice",
    ),
    "strikes that lead to nothing": (
        *ends("accounts: {decay_days: 90, ladder: []}\n"), 24, "leads to nothing",
    ),
    "strikes without a ladder": (*ends("accounts: {decay_days: 90}\n"), 24, "leads to nothing"),
}  # fmt: skip


def test_a_misspelt_harm_is_cited_before_the_rule_that_it_leaves_out(file: Path):
    message = refused(file, GOOD.replace("  violence:", "  violance:"))
    assert ":15: rules.violance: 'violance' is no harm" in message


@pytest.mark.parametrize("fault", FAULTS)
def test_a_policy_that_acted_may_say_what_comes_to_nothing(file: Path, fault: str):
    old, new, _, _ = FAULTS[fault]
    file.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    assert load_policy(file, kept=True).name == "trial"


def test_where_a_rule_restricts_accounts_need_no_ladder(file: Path):
    restricts = {"hate": [rule(rung("restrict", 0.9, days=7), REVIEW)]}
    file.write_text(trial_policy(restricts, accounts={"decay_days": 90}), encoding="utf-8")
    assert load_policy(file).accounts


def test_a_cap_counts_also_for_a_harm_without_a_rule(file: Path):
    file.write_text(GOOD.replace("  hate: {apply: 7", "  spam: {apply: 7"), encoding="utf-8")
    assert load_policy(file).cap("spam", "apply") == 7


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_with_its_line(file: Path, fault: str):
    check_refused(file, FAULTS[fault])


def test_a_precision_needs_a_language_to_be_certified_in(file: Path):
    assert ":5: languages: is empty" in refused(file, STATED.replace("[en]", "[]"))
    file.write_text(GOOD.replace("[en]", "[]"), encoding="utf-8")
    assert load_policy(file).languages == ()


def test_a_rule_that_acts_by_certificate_states_the_prevalence_of_its_harm(file: Path):
    without = STATED.replace("      prevalence: 0.02\n", "")
    told = refused(file, without)
    assert told.startswith(f"{file}:10: rules.hate.0.prevalence: is required beside a precision: ")
    assert told.endswith("then certify again")
    idle = GOOD.replace("surface: feed\n", "surface: feed\n      prevalence: 0.02\n")
    assert ":17: rules.violence.0.prevalence: comes to nothing" in refused(file, idle)
    for wrong in ("0", "1.0", "5", ".nan", '"0.1"'):
        assert ":12: rules.hate.0.prevalence" in refused(file, STATED.replace("0.02", wrong))

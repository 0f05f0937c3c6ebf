"""A policy file is parsed whole or refused with its line; a refused one touches nothing."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harmsweep.harms import Harm
from harmsweep.paths import CONF
from harmsweep.policy.demonstration import approve_for_demonstration, check_lake, mark_demonstration
from harmsweep.policy.file import PolicyError, load_policy
from harmsweep.policy.ladders import PrecisionTarget
from harmsweep.tables.catalog import POSTS

GOOD = """\
name: trial
version: 1
mode: demonstration
approved_models: [m-1]
languages: [en]
review_only: [violence]
near_margin: 0.1
rules:
  hate:
    - surface: all
      jurisdiction: DE
      ladder:
        - {action: remove, threshold: 0.95}
        - {action: review, threshold: 0.5}
  violence:
    - surface: feed
      jurisdiction: all
      ladder: [{action: review, threshold: 0.6}]
caps:
  default: {apply: 100, release: 50}
  hate: {apply: 7, release: 8}
comments: {review: 0.8}
known_media: review
"""
REMOVE = "{action: remove, threshold: 0.95}"
DEFAULT_CAP = "default: {apply: 100, release: 50}"
VIOLENCE = """\
    - surface: feed
      jurisdiction: all
      ladder: [{action: review, threshold: 0.6}]
"""

BETWEEN = GOOD.partition("approved_models: [m-1]")[2].partition(REMOVE)[0]

# What is replaced in GOOD, by what, the line cited, and what the message must say.
LAST = "known_media: review\n"
ACCOUNTS = "accounts: {decay_days: 90, ladder: [{strikes: 3, days: 7}, {strikes: 5, days: 30}]}\n"


def ends(extra: str) -> tuple[str, str]:
    """GOOD with another line at its end."""
    return LAST, LAST + extra


BAD = {
    "a holdout of half": (*ends("holdout: {share: 0.5}\n"), 24, "holdout.share: 0.5"),
    "a typo in a holdout": (*ends("holdout: {shar: 0.01}\n"), 24, "known are share, spared"),
    "a spared harm that is none": (
        *ends("holdout: {share: 0.01, spared: [hat]}\n"),
        24,
        "'hat' is no harm",
    ),
    "a typo in accounts": (
        *ends(ACCOUNTS.replace("decay", "decai")),
        24,
        "known are decay_days, ladder",
    ),
    "a typo in an account's rung": (
        *ends(ACCOUNTS.replace("strikes: 3", "strike: 3")),
        24,
        "known are days, strikes",
    ),
    "no more strikes than before": (
        *ends(ACCOUNTS.replace("strikes: 5", "strikes: 3")),
        24,
        "needs more strikes",
    ),
    "fewer days than before": (*ends(ACCOUNTS.replace("days: 30", "days: 6")), 24, "no fewer days"),
    "a restriction without an end": (
        "action: remove",
        "action: restrict",
        13,
        "days: is required: a restriction",
    ),
    "a review that ends": (
        "{action: review, threshold: 0.5}",
        "{action: review, threshold: 0.5, days: 3}",
        14,
        "a review ends when a person decides",
    ),
    "a strike that ends": (
        REMOVE,
        "{action: strike, threshold: 0.95, days: 7}",
        13,
        "a strike's removal has no end",
    ),
    "an action for 0 days": (REMOVE, REMOVE.replace("}", ", days: 0}"), 13, "days: 0 is refused"),
    "a cap below 0": ("apply: 7", "apply: -1", 21, "apply: -1 is refused"),
    "a cap as text": ("apply: 7", 'apply: "7"', 21, "apply: '7' is refused"),
    "a margin as text": ("near_margin: 0.1", 'near_margin: "0.1"', 7, "'0.1' is refused"),
    "a holdout below 0": (
        *ends("holdout: {share: -0.01}\n"),
        24,
        "holdout.share: -0.01 is refused",
    ),
    "a holdout as text": (*ends('holdout: {share: "0.01"}\n'), 24, "'0.01' is refused"),
    "fewer strikes than before": (
        *ends(ACCOUNTS.replace("strikes: 5", "strikes: 2")),
        24,
        "needs more strikes",
    ),
    "a restriction for no strike": (
        *ends(ACCOUNTS.replace("strikes: 3", "strikes: 0")),
        24,
        "strikes: 0 is refused",
    ),
    "strikes as text": (
        *ends(ACCOUNTS.replace("strikes: 3", 'strikes: "3"')),
        24,
        "strikes: '3' is refused",
    ),
    "a restriction for 0 days": (*ends(ACCOUNTS.replace("days: 7", "days: 0")), 24, "0 is refused"),
    "a restriction for 3651 days": (
        *ends(ACCOUNTS.replace("days: 30", "days: 3651")),
        24,
        "3651 is refused",
    ),
    "a restriction's days as text": (
        *ends(ACCOUNTS.replace("days: 30", 'days: "30"')),
        24,
        "'30' is refused",
    ),
    "strikes that decay in 0 days": (
        *ends(ACCOUNTS.replace("decay_days: 90", "decay_days: 0")),
        24,
        "0 is refused",
    ),
    "strikes that decay in 3651 days": (
        *ends(ACCOUNTS.replace("decay_days: 90", "decay_days: 3651")),
        24,
        "3651 is refused",
    ),
    "decay as text": (
        *ends(ACCOUNTS.replace("decay_days: 90", 'decay_days: "90"')),
        24,
        "'90' is refused",
    ),
    "an action for 3651 days": (
        REMOVE,
        REMOVE.replace("}", ", days: 3651}"),
        13,
        "3651 is refused",
    ),
    "days as text": (REMOVE, REMOVE.replace("}", ', days: "7"}'), 13, "days: '7' is refused"),
    "a precision as text": (
        REMOVE,
        '{action: remove, precision: "0.95", confidence: 0.95}',
        13,
        "precision: '0.95' is refused",
    ),
    # Words after "review" in the alphabet are no less automatic than those before it.
    "a strike where only review": (
        "ladder: [{action: review, threshold: 0.6}]",
        "ladder: [{action: strike, threshold: 0.7}, {action: review, threshold: 0.6}]",
        18,
        "'strike': this harm is review_only",
    ),
    "a strike by a bare threshold in production": (
        f"mode: demonstration\napproved_models: [m-1]{BETWEEN}{REMOVE}",
        f"mode: production\napproved_models: [m-1]{BETWEEN}{REMOVE.replace('remove', 'strike')}",
        13,
        "'strike' in production needs precision",
    ),
    "a strike by precision without a review": (
        f"        - {REMOVE}\n        - {{action: review, threshold: 0.5}}\n",
        "        - {action: strike, precision: 0.95, confidence: 0.95}\n",
        12,
        "needs a review",
    ),
    "a strike by precision below a restriction by threshold": (
        REMOVE,
        "{action: restrict, threshold: 0.99, days: 7}\n"
        "        - {action: strike, precision: 0.95, confidence: 0.95}",
        14,
        "thresholds or precisions, not both",
    ),
    "typo in a key": ("near_margin", "near_margn", 7, "near_margn: unknown key; known are"),
    "typo in a rung": ("threshold: 0.95", "treshold: 0.95", 13, "treshold: unknown key"),
    "typo in a rule": ("    - surface: all", "    - surfaces: all", 10, "surfaces: unknown key"),
    "typo in a cap": ("apply: 7", "aply: 7", 21, "aply: unknown key"),
    "key left out": ("mode: demonstration\n", "", 1, "mode: is required"),
    "threshold left out": (", threshold: 0.95", "", 13, "threshold: is required"),
    "ladder left out": ("      ladder: [{action: review, threshold: 0.6}]\n", "", 16, "ladder"),
    "unknown harm": ("  hate:\n", "  hat:\n", 9, "'hat' is no harm; known are hate"),
    "harm of accounts": ("  hate:\n", "  phishing:\n", 9, "is a harm of accounts"),
    "unknown harm in caps": ("  hate: {", "  hat: {", 21, "'hat' is no harm"),
    "unknown harm in review_only": ("[violence]", "[violance]", 6, "'violance' is no harm"),
    "default as a harm": ("  violence:\n", "  default:\n", 15, "is no harm"),
    "unknown action": ("action: remove", "action: delete", 13, "'delete' is refused"),
    "action none": ("action: remove", "action: none", 13, "'none' is refused"),
    "threshold 0": ("threshold: 0.5}", "threshold: 0}", 14, "0 is refused"),
    "threshold 1": ("threshold: 0.95", "threshold: 1", 13, "1 is refused"),
    "threshold 1.0": ("threshold: 0.95", "threshold: 1.0", 13, "1.0 is refused"),
    "threshold below 0": ("threshold: 0.5}", "threshold: -0.5}", 14, "-0.5 is refused"),
    "threshold above 1": ("threshold: 0.95", "threshold: 95", 13, "95 is refused"),
    "threshold NaN": ("threshold: 0.95", "threshold: .nan", 13, "nan is refused"),
    "threshold infinite": ("threshold: 0.95", "threshold: .inf", 13, "inf is refused"),
    "threshold as text": ("threshold: 0.95", 'threshold: "0.95"', 13, "'0.95' is refused"),
    "threshold true": ("threshold: 0.95", "threshold: true", 13, "True is refused"),
    "threshold null": ("threshold: 0.95", "threshold:", 13, "is required, or precision"),
    "threshold with comma": ("threshold: 0.95", "threshold: [0,95]", 13, "is refused"),
    "bare threshold in production": (
        "mode: demonstration",
        "mode: production",
        13,
        "'remove' in production needs precision and confidence",
    ),
    "precision beside a threshold": (
        "threshold: 0.95",
        "threshold: 0.95, precision: 0.95, confidence: 0.95",
        13,
        "give one of the two",
    ),
    "precision without confidence": ("threshold: 0.95", "precision: 0.95", 13, "confidence: is"),
    "confidence without precision": ("threshold: 0.95", "confidence: 0.95", 13, "precision: is"),
    "precision 1": ("threshold: 0.95", "precision: 1.0, confidence: 0.9", 13, "1.0 is refused"),
    "precision below a half": ("threshold: 0.95", "precision: 0.4, confidence: 0.9", 13, "0.4 is"),
    "confidence as percent": ("threshold: 0.95", "precision: 0.9, confidence: 95", 13, "95 is"),
    "precision of a review": (
        "review, threshold: 0.5}",
        "review, precision: 0.9, confidence: 0.9}",
        14,
        "a review has a threshold",
    ),
    "precision without a review": (
        REMOVE + "\n        - {action: review, threshold: 0.5}",
        "{action: remove, precision: 0.95, confidence: 0.95}",
        12,
        "needs a review",
    ),
    "precision above one more severe": (
        REMOVE,
        "{action: remove, precision: 0.9, confidence: 0.95}\n"
        "        - {action: demote, precision: 0.9, confidence: 0.95}",
        14,
        "remove at 0.9 must be above demote at 0.9",
    ),
    "precision beside a rung with a threshold": (
        REMOVE,
        REMOVE + "\n        - {action: demote, precision: 0.9, confidence: 0.95}",
        14,
        "thresholds or precisions, not both",
    ),
    "removal below review": (
        "threshold: 0.95",
        "threshold: 0.4",
        14,
        "remove at 0.4 must be above",
    ),
    "removal as review": ("threshold: 0.95", "threshold: 0.5", 14, "remove at 0.5 must be above"),
    "action twice": (
        "action: review, threshold: 0.5}",
        "action: remove, threshold: 0.5}",
        14,
        "twice",
    ),
    "removal of a review-only harm": (
        "[{action: review, threshold: 0.6}]",
        "[{action: remove, threshold: 0.6}]",
        18,
        "this harm is review_only",
    ),
    "scope twice": (
        "  violence:\n",
        "    - {surface: all, jurisdiction: DE, ladder: [{action: label, threshold: 0.9}]}\n"
        "  violence:\n",
        15,
        "are given twice",
    ),
    "empty ladder": ("[{action: review, threshold: 0.6}]", "[]", 18, "is refused"),
    "ladder no list": ("[{action: review, threshold: 0.6}]", "0.6", 18, "is refused"),
    "rule no mapping": (
        VIOLENCE,
        "    - review\n",
        16,
        "mapping",
    ),
    "harm without rules": (
        VIOLENCE,
        "    []\n",
        15,
        "is refused",
    ),
    "surface with space": ("surface: feed", "surface: the feed", 16, "'the feed' is refused"),
    "Norway as a truth value": ("jurisdiction: DE", "jurisdiction: NO", 11, "False is refused"),
    "country in small letters": ("jurisdiction: DE", "jurisdiction: de", 11, "'de' is refused"),
    "unknown mode": ("mode: demonstration", "mode: prod", 3, "'prod' is refused"),
    "demonstration without a model": (
        "approved_models: [m-1]",
        "approved_models: []",
        4,
        "must name its model",
    ),
    "model with a quote": ("[m-1]", '["m\'1"]', 4, "is refused"),
    "models as text": ("[m-1]", "m-1", 4, "is refused"),
    "version with a point": ("version: 1", "version: 1.10", 2, "1.1 is refused: must be a whole"),
    "version true": ("version: 1", "version: yes", 2, "True is refused"),
    "name with a path": ("name: trial", "name: ../trial", 1, "'../trial' is refused"),
    "margin below 0": ("near_margin: 0.1", "near_margin: -0.1", 7, "-0.1 is refused"),
    "margin NaN": ("near_margin: 0.1", "near_margin: .nan", 7, "nan is refused"),
    "margin above a half": ("near_margin: 0.1", "near_margin: 0.6", 7, "0.6 is refused"),
    "a harm that comes before the default cap": ("  hate: {", "  abuse: {", 21, "'abuse' is no"),
    "a long value": ("name: trial", f"name: {'X' * 99}", 1, f": '{'X' * 59} is refused: "),
    "a mode that is none": (
        "demonstration",
        "prod",
        3,
        "should be 'production' or 'demonstration'",
    ),
    "a typo at the top": (
        "version: 1",
        "version: 1\nhold: 1",
        3,
        "caps, comments, holdout, known_",
    ),
    "a typo in a cap": (
        "release: 8}",
        "release: 8, relase: 9}",
        21,
        "unknown key; known are apply, release",
    ),
    "a typo in comments": (
        "review: 0.8}",
        "review: 0.8, a: 1}",
        22,
        "a: unknown key; known are review",
    ),
    "a typo in a rule": (
        "jurisdiction: DE",
        "jurisdiction: DE\n      a: 1",
        12,
        "known are jurisdiction, ladder, surface",
    ),
    "a typo in a rung": (
        REMOVE,
        REMOVE.replace("}", ", day: 1}"),
        13,
        "known are action, confidence, days, precision, threshold",
    ),
    "a typo deeper than any key": (
        "{action: review, threshold: 0.5}",
        "{action: {a: 1}, threshold: 0.5}",
        14,
        "is refused",
    ),
    "no default cap": ("  " + DEFAULT_CAP + "\n", "", 19, "'default' is required"),
    "cap below 0": ("apply: 7", "apply: -7", 21, "-7 is refused"),
    "cap not whole": ("apply: 7", "apply: 7.5", 21, "7.5 is refused"),
    "cap one way only": ("{apply: 7, release: 8}", "{apply: 7}", 21, "release: is required"),
    "removal for comments": (
        "{review: 0.8}",
        "{remove: 0.8}",
        22,
        "remove: unknown key; known are",
    ),
    "comments as a number": ("{review: 0.8}", "0.8", 22, "0.8 is refused"),
    "threshold of comments 1": ("review: 0.8", "review: 1", 22, "1 is refused"),
    "no threshold of comments": ("comments: {review: 0.8}\n", "", 1, "comments: is required"),
    "removal for known media": ("media: review", "media: remove", 23, "'remove' is refused"),
    "known media left out": ("known_media: review\n", "", 1, "known_media: is required"),
    "key twice": (
        "mode: demonstration",
        "mode: demonstration\nmode: demonstration",
        4,
        "'mode' is given twice",
    ),
    "harm twice": ("  violence:\n", "  hate:\n", 15, "'hate' is given twice"),
    "alias": (
        "  violence:\n",
        "  sexism: &a [{surface: all, jurisdiction: all, ladder: [" + REMOVE + "]}]\n"
        "  sexual: *a\n  violence:\n",
        15,
        "anchor",
    ),
    "merge": ("  hate: {", "  <<: {", 21, "plain name"),
    "tag": ("name: trial", "name: !!python/name:os.system trial", 1, "tag"),
    "tab": ("  violence:\n", "\tviolence:\n", 15, ""),
    "unclosed": ("[m-1]", "[m-1", 5, ""),
    "two documents": ("caps:\n", "---\ncaps:\n", 19, "document"),
    "control character": ("name: trial", "name: tr\x00ial", 1, "unprintable"),
}
WHOLE = {
    "empty": "",
    "comment": "# nothing\n",
    "a list": "- 1\n",
    "text": "policy\n",
    "a number": "7\n",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "trial.yaml"


def refused(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policy(file)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_file_is_refused_with_its_line(file: Path, fault: str):
    old, new, line, what = BAD[fault]
    assert GOOD.count(old) >= 1
    message = refused(file, GOOD.replace(old, new, 1))
    assert message.startswith(f"{file}:{line}: ")
    assert what in message


@pytest.mark.parametrize("fault", WHOLE)
def test_a_file_that_is_no_policy_is_refused(file: Path, fault: str):
    assert refused(file, WHOLE[fault]).startswith(f"{file}:1: file: ")


def test_rules_without_a_harm_are_refused(file: Path):
    text = re.sub(r"rules:\n.*(?=caps:)", "rules: {}\n", GOOD, flags=re.DOTALL)
    assert ":8: rules: " in refused(file, text)


def test_a_retired_harm_is_refused(file: Path):
    file.write_text(GOOD, encoding="utf-8")
    known = {"description": "d", "policy": "p", "examples": ("e",)}
    harms = {n: Harm(name=n, retired=n == "hate", **known) for n in ("hate", "violence")}
    with pytest.raises(
        PolicyError, match=r":9: rules\.hate: 'hate' is retired; known are violence"
    ):
        load_policy(file, harms)


def test_a_file_that_is_missing_or_not_utf8_is_refused(file: Path):
    with pytest.raises(PolicyError, match="No such file"):
        load_policy(file)
    file.write_bytes(b"name: \xff")
    with pytest.raises(PolicyError, match="not UTF-8"):
        load_policy(file)


def test_the_first_of_several_faults_is_cited_and_the_others_counted(file: Path):
    text = GOOD.replace("0.6", "6").replace("mode: demonstration", "mode: prod")
    assert re.search(r":3: mode: .*\(and 1 more\)$", refused(file, text))


def test_a_single_fault_counts_no_others_and_of_three_two_are_counted(file: Path):
    text = GOOD.replace("0.6", "6")
    assert refused(file, text).endswith("less than 1")
    text = text.replace("mode: demonstration", "mode: prod").replace("0.8", "8")
    assert refused(file, text).endswith("(and 2 more)")


def test_what_is_there_is_cited_before_what_is_not(file: Path):
    """A misspelt key also lacks the right one, which would be cited at the file's first line."""
    text = GOOD.replace("comments: {review: 0.8}\n", "").replace("0.6", "6")
    assert refused(file, text).startswith(f"{file}:18: rules.violence.0.ladder.0.threshold: 6")


def test_the_first_fault_is_that_of_the_file_and_not_of_the_types(file: Path):
    text = GOOD.replace("near_margin: 0.1\n", "").replace("0.6", "6") + "near_margin: 9\n"
    assert refused(file, text).startswith(f"{file}:17: rules.violence")


def test_a_fault_of_an_accounts_ladder_is_at_the_rung_that_is_too_low(file: Path):
    ladder = ["accounts:", "  decay_days: 9", "  ladder:"]
    ladder += [f"    - {{strikes: {n}, days: 7}}" for n in (3, 5, 4)]
    message = refused(file, GOOD + "\n".join(ladder) + "\n")
    assert message.startswith(f"{file}:29: accounts.ladder.2: needs more strikes")


def test_a_policy_of_one_harm_is_a_policy(file: Path):
    file.write_text(GOOD.replace("  violence:\n" + VIOLENCE, ""), encoding="utf-8")
    assert list(load_policy(file).rules) == ["hate"]


@pytest.mark.parametrize("days", [1, 3650])
def test_the_least_and_the_most_that_a_restriction_lasts(file: Path, days: int):
    rung = f"accounts: {{decay_days: 9, ladder: [{{strikes: 1, days: {days}}}]}}\n"
    file.write_text(GOOD + rung, encoding="utf-8")
    policy = load_policy(file)
    assert policy.accounts is not None
    assert policy.accounts.ladder[0].days == days


@pytest.mark.parametrize("margin", ["0.0", "0.5"])
def test_a_margin_may_be_nothing_or_a_half(file: Path, margin: str):
    text = GOOD.replace("near_margin: 0.1", f"near_margin: {margin}")
    file.write_text(text, encoding="utf-8")
    assert load_policy(file).near_margin == float(margin)


def test_a_good_file_becomes_a_frozen_policy(file: Path):
    file.write_text(GOOD, encoding="utf-8")
    policy = load_policy(file)
    assert re.fullmatch(r"trial-1-[0-9a-f]{8}", policy.policy_version)
    assert policy.scopes() == [("all", "DE"), ("all", "all"), ("feed", "all")]
    assert [policy.cap("hate", "apply"), policy.cap("violence", "release")] == [7, 50]
    with pytest.raises(ValueError, match="frozen"):
        policy.mode = "production"  # type: ignore[misc]


@pytest.mark.parametrize("decay", [1, 3650])
def test_the_least_and_the_most_that_accounts_and_caps_take(file: Path, decay: int):
    accounts = f"accounts: {{decay_days: {decay}, ladder: [{{strikes: 1, days: 1}}]}}\n"
    text = GOOD.replace("apply: 7, release: 8", "apply: 0, release: 0").replace(
        LAST, LAST + accounts
    )
    file.write_text(text, encoding="utf-8")
    policy = load_policy(file)
    assert policy.accounts is not None
    assert (policy.accounts.decay_days, policy.accounts.ladder[0].strikes) == (decay, 1)
    assert policy.cap("hate", "apply") == policy.cap("hate", "release") == 0


@pytest.mark.parametrize("action", ["demote", "remove", "restrict"])
@pytest.mark.parametrize("days", [1, 3650])
def test_an_automatic_action_may_end_by_itself(file: Path, action: str, days: int):
    rung = REMOVE.replace("remove", action).replace("}", f", days: {days}}}")
    file.write_text(GOOD.replace(REMOVE, rung), encoding="utf-8")
    assert load_policy(file).rules["hate"][0].ladder[0].days == days


def test_accounts_and_a_holdout_may_be_given(file: Path):
    file.write_text(GOOD + ACCOUNTS + "holdout: {share: 0.01, spared: [hate]}\n", encoding="utf-8")
    policy = load_policy(file)
    assert policy.accounts is not None
    assert [(rung.strikes, rung.days) for rung in policy.accounts.ladder] == [(3, 7), (5, 30)]
    assert policy.holdout is not None
    assert (policy.holdout.share, policy.holdout.spared) == (0.01, ("hate",))


@pytest.mark.parametrize("days", [7, 8])
def test_a_later_rung_of_accounts_may_be_as_long(file: Path, days: int):
    text = ACCOUNTS.replace("days: 30", f"days: {days}")
    file.write_text(GOOD + text, encoding="utf-8")
    assert load_policy(file).accounts


def test_the_version_follows_the_content_and_not_the_layout(file: Path):
    versions = []
    for text in (
        GOOD,
        "# a comment\n" + GOOD.replace("0.95", "0.950"),
        GOOD.replace("0.95", "0.96"),
    ):
        file.write_text(text, encoding="utf-8")
        versions.append(load_policy(file).policy_version)
    assert versions[0] == versions[1] != versions[2]


def test_the_default_policy_acts_by_precision_only_and_approves_no_model():
    policy = load_policy(CONF / "policy" / "default.yaml")
    assert (policy.mode, policy.approved_models) == ("production", ())
    automatic = {"hate", "harassment", "sexual", "spam", "sexism"}
    for harm, rules in policy.rules.items():
        (rule,) = rules
        *acts, review = rule.ladder
        assert (review.action, review.target) == ("review", None)
        assert [(r.action, r.target) for r in acts] == (
            [("remove", (0.95, 0.95)), ("demote", (0.9, 0.95))] if harm in automatic else []
        )
    assert {harm for harm, _ in policy.precision_targets()} == automatic


def test_a_production_policy_states_precisions(file: Path):
    text = GOOD.replace("threshold: 0.95", "precision: 0.95, confidence: 0.9")
    file.write_text(text.replace("demonstration", "production"), encoding="utf-8")
    assert load_policy(file).precision_targets() == [("hate", PrecisionTarget(0.95, 0.9))]


def test_the_demonstration_names_its_model_in_the_same_bytes_each_time(tmp_path: Path):
    template = CONF / "policy" / "demonstration.yaml"
    out = tmp_path / "lake" / "policy" / "policy.yaml"
    with pytest.raises(PolicyError, match="must name its model"):
        load_policy(template)
    first = approve_for_demonstration(template, "m-1", out).read_bytes()
    written = out.stat().st_mtime_ns
    policy = load_policy(approve_for_demonstration(template, "m-1", out))
    assert (out.read_bytes(), out.stat().st_mtime_ns) == (first, written)
    assert policy.approved_models == ("m-1",)
    automatic = {h for h, rules in policy.rules.items() if len(rules[0].ladder) > 1}
    assert automatic == {"hate", "harassment", "sexual", "spam", "sexism"}


def test_a_demonstration_policy_needs_a_lake_that_is_marked(tmp_path: Path):
    template = CONF / "policy" / "demonstration.yaml"
    policy = load_policy(approve_for_demonstration(template, "m-1", tmp_path / "p.yaml"))
    with pytest.raises(PolicyError, match="no demonstration lake"):
        check_lake(policy, tmp_path)
    mark_demonstration(tmp_path)
    mark_demonstration(tmp_path)
    check_lake(policy, tmp_path)


def test_a_production_policy_needs_no_mark(tmp_path: Path):
    policy = load_policy(CONF / "policy" / "default.yaml")
    assert policy.mode == "production"
    check_lake(policy, tmp_path)


def test_a_lake_that_is_nowhere_yet_is_made_and_marked(tmp_path: Path):
    mark_demonstration(tmp_path / "not" / "there")
    assert (tmp_path / "not" / "there" / "DEMONSTRATION").exists()


def test_a_lake_with_posts_is_not_marked(lake: Path, add_rows: Callable[..., None]):
    now = datetime(2026, 10, 1, tzinfo=UTC)
    row = dict.fromkeys(POSTS.schema.names, "x") | {
        "day": now.date(), "recorded_day": now.date(), "recorded_at": now, "created_at": now,
        "revision": 1, "sequence": 1, "media": [], "text_flags": [], "status": "accepted",
    }  # fmt: skip
    add_rows([row], POSTS, lake)
    with pytest.raises(PolicyError, match="holds posts and is not marked"):
        mark_demonstration(lake)


def test_a_template_must_leave_its_models_open(tmp_path: Path):
    template = tmp_path / "closed.yaml"
    template.write_text(GOOD, encoding="utf-8")
    with pytest.raises(PolicyError, match="needs one line"):
        approve_for_demonstration(template, "m-1", tmp_path / "out.yaml")
    assert not (tmp_path / "out.yaml").exists()


def test_a_template_with_its_models_open_twice_is_refused(tmp_path: Path):
    template = tmp_path / "twice.yaml"
    line = "approved_models: []\n"
    template.write_text(GOOD.replace("approved_models: [m-1]\n", line + line), encoding="utf-8")
    with pytest.raises(PolicyError, match=r"^.*twice\.yaml:1: needs one line"):
        approve_for_demonstration(template, "m-1", tmp_path / "out.yaml")


@pytest.mark.parametrize("old", ["", "# another\n", "~~~\n"])
def test_another_file_than_the_filled_template_is_written_anew(tmp_path: Path, old: str):
    out = tmp_path / "out.yaml"
    out.write_text(old, encoding="utf-8")
    approve_for_demonstration(CONF / "policy" / "demonstration.yaml", "m-1", out)
    assert load_policy(out).approved_models == ("m-1",)

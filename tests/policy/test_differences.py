"""What two policies say differently, in words that an approver reads."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from builders import rule, rung, trial_policy

from harmsweep.policy.differences import differences
from harmsweep.policy.file import Policy, load_policy

REVIEW = rung("review", 0.5)
HATE = {"hate": [rule(rung("remove", 0.9), REVIEW)]}
SPAM = {"spam": [rule(REVIEW)]}
BOTH = HATE | SPAM


def policy(file: Path, rules: Mapping[str, Sequence[Any]] = HATE, **settings: Any) -> Policy:
    file.write_text(trial_policy(rules, **settings), encoding="utf-8")
    return load_policy(file)


def test_policies_that_do_the_same_differ_in_nothing(file: Path):
    assert differences(policy(file), policy(file, version=2)) == []


@pytest.mark.parametrize(
    ("rules", "line"),
    [
        ({"hate": [rule(rung("remove", 0.95), REVIEW)]},
         "hate, remove: from 0.95 up (was from 0.9 up)"),
        ({"hate": [rule(rung("remove", 0.9, days=3), REVIEW)]},
         "hate, remove: from 0.9 up, for 3 days (was from 0.9 up)"),
        ({"hate": [rule(rung("remove", precision=0.9, confidence=0.95), REVIEW, prevalence=0.01)]},
         "hate, remove: at a precision of 0.9 with confidence 0.95 at a prevalence of 0.01 (was"
         " from 0.9 up)"),
        (HATE | SPAM, "spam, review: from 0.5 up, new"),
        ({"hate": [rule(REVIEW)]}, "hate, remove: no more (was from 0.9 up)"),
        ({"hate": [*HATE["hate"], rule(rung("label", 0.4), surface="feed", jurisdiction="DE")]},
         "hate (feed, DE), label: from 0.4 up, new"),
    ],
)  # fmt: skip
def test_a_rung_that_changes_is_said_with_what_it_was(
    file: Path, rules: Mapping[str, Sequence[Any]], line: str
):
    assert differences(policy(file), policy(file, rules)) == [line]


@pytest.mark.parametrize(
    ("settings", "lines"),
    [
        ({"languages": ["en", "de"]}, ["languages in which it acts: en, de (was en)"]),
        ({"languages": []}, ["languages in which it acts: none (was en)"]),
        ({"approved_models": ["m-1", "m-2"]}, ["models that may act: m-1, m-2 (was m-1)"]),
        ({"review_only": ["spam"]}, ["harms that only people judge: spam (was none)"]),
        ({"near_margin": 0.2}, ["damaged posts, review: from 0.2 below the lowest threshold up"
          " (was from 0.1 below the lowest threshold up)"]),
        ({"comments": {"review": 0.8}}, ["comments, review: from 0.8 up (was from 0.9 up)"]),
        ({"caps": {"default": {"apply": 9, "release": 9}, "hate": {"apply": 1, "release": 2000}}},
         ["cap of hate: 1 to apply and 2,000 to release in 24 hours, new"]),
        ({"caps": {"default": {"apply": 8, "release": 9}}},
         ["cap of other harms: 8 to apply and 9 to release in 24 hours"
          " (was 9 to apply and 9 to release in 24 hours)"]),
        ({"holdout": {"share": 0.01}}, ["holdout: 1.0%, new"]),
        ({"holdout": {"share": 0.01, "spared": ["hate"]}}, ["holdout: 1.0% but of hate, new"]),
        ({"accounts": {"decay_days": 90, "ladder": [{"strikes": 3, "days": 7}]}},
         ["a strike counts for: 90 days, new",
          "an account with 3 strikes: restricted for 7 days, new"]),
    ],
)  # fmt: skip
def test_a_setting_that_changes_is_said(
    file: Path, settings: Mapping[str, Any], lines: Sequence[str]
):
    assert differences(policy(file, BOTH), policy(file, BOTH, **settings)) == lines

"""A good policy file, and what becomes of it with a fault in it."""

from pathlib import Path

import pytest

from harmsweep.policy.file import PolicyError, load_policy

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
# GOOD whose removal states a precision.
STATED = GOOD.replace("threshold: 0.95", "precision: 0.95, confidence: 0.9").replace(
    "jurisdiction: DE\n", "jurisdiction: DE\n      prevalence: 0.02\n"
)
REMOVE = "{action: remove, threshold: 0.95}"
DEFAULT_CAP = "default: {apply: 100, release: 50}"
VIOLENCE = """\
    - surface: feed
      jurisdiction: all
      ladder: [{action: review, threshold: 0.6}]
"""

BETWEEN = GOOD.partition("approved_models: [m-1]")[2].partition(REMOVE)[0]
LAST = "known_media: review\n"
ACCOUNTS = "accounts: {decay_days: 90, ladder: [{strikes: 3, days: 7}, {strikes: 5, days: 30}]}\n"


def ends(extra: str) -> tuple[str, str]:
    """GOOD with another line at its end."""
    return LAST, LAST + extra


# What is replaced in GOOD, by what, the line cited, and what the message must say.
Fault = tuple[str, str, int, str]


def refused(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policy(file)
    message = str(caught.value)
    assert "\n" not in message
    return message


def check_refused(file: Path, fault: Fault) -> None:
    """GOOD with a fault is refused with the fault's line and words."""
    old, new, line, what = fault
    assert GOOD.count(old) >= 1
    message = refused(file, GOOD.replace(old, new, 1))
    assert message.startswith(f"{file}:{line}: ")
    assert what in message

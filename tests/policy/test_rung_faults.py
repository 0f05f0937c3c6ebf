"""Faults in a ladder and its rungs are refused with their line."""

from pathlib import Path

import pytest
from trial_file import BETWEEN, REMOVE, Fault, check_refused

FAULTS: dict[str, Fault] = {
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
    "threshold left out": (", threshold: 0.95", "", 13, "threshold: is required"),
    "ladder left out": ("      ladder: [{action: review, threshold: 0.6}]\n", "", 16, "ladder"),
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
    "empty ladder": ("[{action: review, threshold: 0.6}]", "[]", 18, "is refused"),
    "ladder no list": ("[{action: review, threshold: 0.6}]", "0.6", 18, "is refused"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_with_its_line(file: Path, fault: str):
    check_refused(file, FAULTS[fault])

"""Misspelt, missing and repeated keys, and YAML beyond a policy's, are refused with their line."""

from pathlib import Path

import pytest
from trial_file import REMOVE, VIOLENCE, Fault, check_refused

FAULTS: dict[str, Fault] = {
    "typo in a key": ("near_margin", "near_margn", 7, "near_margn: unknown key; known are"),
    "typo in a rung": ("threshold: 0.95", "treshold: 0.95", 13, "treshold: unknown key"),
    "typo in a rule": ("    - surface: all", "    - surfaces: all", 10, "surfaces: unknown key"),
    "typo in a cap": ("apply: 7", "aply: 7", 21, "aply: unknown key"),
    "key left out": ("mode: demonstration\n", "", 1, "mode: is required"),
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
        "known are jurisdiction, ladder, prevalence, surface",
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


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_with_its_line(file: Path, fault: str):
    check_refused(file, FAULTS[fault])

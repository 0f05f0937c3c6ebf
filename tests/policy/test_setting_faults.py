"""Faults in a policy's settings, harms, scopes and caps are refused with their line."""

from pathlib import Path

import pytest
from trial_file import DEFAULT_CAP, Fault, check_refused

FAULTS: dict[str, Fault] = {
    "a cap below 0": ("apply: 7", "apply: -1", 21, "apply: -1 is refused"),
    "a cap as text": ("apply: 7", 'apply: "7"', 21, "apply: '7' is refused"),
    "a margin as text": ("near_margin: 0.1", 'near_margin: "0.1"', 7, "'0.1' is refused"),
    "unknown harm": ("  hate:\n", "  hat:\n", 9, "'hat' is no harm; known are hate"),
    "harm of accounts": ("  hate:\n", "  phishing:\n", 9, "is a harm of accounts"),
    "unknown harm in caps": ("  hate: {", "  hat: {", 21, "'hat' is no harm"),
    "unknown harm in review_only": ("[violence]", "[violance]", 6, "'violance' is no harm"),
    "default as a harm": ("  violence:\n", "  default:\n", 15, "is no harm"),
    "scope twice": (
        "  violence:\n",
        "    - {surface: all, jurisdiction: DE, ladder: [{action: label, threshold: 0.9}]}\n"
        "  violence:\n",
        15,
        "are given twice",
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
    "approvals of another kind": (
        "near_margin: 0.1",
        "near_margin: 0.1\napprovals: sudo",
        8,
        "'sudo' is refused: Input should be 'on_trust' or 'established'",
    ),
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
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_with_its_line(file: Path, fault: str):
    check_refused(file, FAULTS[fault])

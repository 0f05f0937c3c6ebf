"""Faults in what a policy says of accounts and of its holdout are refused with their line."""

from pathlib import Path

import pytest
from trial_file import ACCOUNTS, Fault, check_refused, ends

FAULTS: dict[str, Fault] = {
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
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_with_its_line(file: Path, fault: str):
    check_refused(file, FAULTS[fault])

"""Each command finishes what its own kill left: a new one joins this list, with its test."""

import re
from pathlib import Path

import pytest
from console_commands import READS, commands

from harmsweep.cli.main import app

TESTS = Path(__file__).resolve().parents[1]
SWEEP = "enforcement/test_killed.py"
SAMPLE = "cli/test_certify_acts.py"
QUEUE = "cli/test_learn_acts.py"
WATCH = "cli/test_watch_acts.py"
REVIEW = "review/test_killed.py"
BANKS = "known_media/test_banks.py::test_a_killed_act_is_in_the_audit_and_can_be_done_again"
APPEAL = "test_an_appeal_is_{}_once_and_never_without_the_audit"
ORDER = "test_an_order_is_entered_and_ended_once_and_never_without_the_audit"
BATCH = "test_a_batch_is_let_go_or_refused_once_and_never_without_the_audit"
KILLED = {
    "bank add": BANKS,
    "bank import": BANKS,
    "bank confirm": BANKS,
    "bank remove": BANKS,
    "bank expire": BANKS,
    "plan": f"{SWEEP}::test_a_plan_that_was_killed_and_is_made_again_is_the_same",
    "approve": f"{SWEEP}::test_an_approval_that_was_killed_and_is_given_again_counts_once",
    "apply": f"{SWEEP}::test_a_plan_of_three_days_is_applied_once_wherever_it_was_killed",
    "undo": f"{SWEEP}::test_an_undo_and_a_redo_are_finished_by_another",
    "hold resume": f"{SWEEP}::{BATCH}",
    "hold discard": f"{SWEEP}::{BATCH}",
    "certify plan": f"{SAMPLE}::test_a_plan_that_was_killed_is_finished_by_the_same_again",
    "certify finish": f"{SAMPLE}::test_a_finish_that_was_killed_can_be_done_again",
    "certify suspend": f"{WATCH}::test_a_suspension_is_its_row_of_the_audit",
    "certify resume": f"{WATCH}::test_a_suspension_is_its_row_of_the_audit",
    "learn plan": f"{QUEUE}::test_a_plan_that_was_killed_is_finished_by_the_same_again",
    "ramp": f"{SWEEP}::test_a_ramp_is_its_row_of_the_audit",
    "stop": f"{SWEEP}::test_stop_stops_before_the_audit_has_it_and_a_repeat_adds_that",
    "start": f"{SWEEP}::test_nothing_starts_before_the_audit_has_it",
    "verdict": f"{REVIEW}::test_a_verdict_acts_once_and_never_without_the_audit",
    "order receive": f"{REVIEW}::{ORDER}",
    "order withdraw": f"{REVIEW}::{ORDER}",
    "exempt": f"{REVIEW}::test_an_exemption_is_never_without_the_audit",
    "appeal file": f"{REVIEW}::{APPEAL.format('filed')}",
    "doctor": "maintenance/test_repair.py::test_a_repair_that_was_killed_is_done_by_the_next",
    "appeal decide": f"{REVIEW}::{APPEAL.format('decided')}",
}


def test_every_command_only_reads_or_is_killed_by_a_test():
    assert {" ".join(path) for path, _ in commands(app)} == READS | set(KILLED)


@pytest.mark.parametrize("command", KILLED)
def test_the_test_that_kills_a_command_is_there(command: str):
    file, name = KILLED[command].split("::")
    assert re.search(rf"^def {name}\(", (TESTS / file).read_text(encoding="utf-8"), re.MULTILINE)

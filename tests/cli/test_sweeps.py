"""What operators say to the console: exit codes, help, and acts that need no Spark."""

import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from harmsweep.errors import REFUSED, USAGE
from harmsweep.lake import delta, writes
from harmsweep.operations import audit, switch
from harmsweep.paths import CONF, DEFAULT_MODEL
from harmsweep.tables.catalog import DECISIONS, OPERATIONS

Call = Callable[..., tuple[int, str, str]]
COMMANDS = (
    "plan",
    "show",
    "approve",
    "apply",
    "undo",
    "hold",
    "replay",
    "ramp",
    "stop",
    "start",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_act_has_help(call: Call, command: str) -> None:
    code, out, _ = call(command, "--help")
    assert code == 0
    assert f"harmsweep {command}" in out


def test_stop_and_start_turn_the_switch(call: Call, lake: Path) -> None:
    assert call("stop", "--reason", "a wrong model", "--lake", lake)[0] == 0
    with pytest.raises(switch.Stopped, match="a wrong model"):
        switch.check_running(lake)
    assert call("start", "--reason", "mended", "--lake", lake)[0] == 0
    switch.check_running(lake)


@pytest.mark.parametrize(
    "words",
    [
        ("replay", "--model", DEFAULT_MODEL),
        ("replay", "p1", "--from", "2026-10-01", "--model", DEFAULT_MODEL),
    ],
    ids=["nothing", "both"],
)
def test_a_replay_is_of_a_post_or_of_days(call: Call, lake: Path, words: tuple[str, ...]) -> None:
    code, out, err = call(*words, "--lake", lake)
    assert (code, out, err.count("\n")) == (USAGE, "", 1)


@pytest.mark.parametrize(
    "words",
    [
        ("approve", "plan-1", "--reason", "x"),
        ("approve", "20261001-0123456789ab:hate:apply", "--reason", "x"),
        ("hold", "discard", "20261001-0123456789ab:hate:apply", "--reason", "x"),
        ("hold", "discard", "x", "--reason", "x"),
        ("apply", "plan-1"),
        ("apply", "plan-1", "--dry-run"),
        ("show", "plan-1"),
        ("show", "plan-x'y"),
    ],
    ids=lambda words: " ".join(map(str, words[:2])),
)
def test_what_is_not_there_is_refused_in_one_line(
    call: Call, lake: Path, words: tuple[str, ...]
) -> None:
    code, out, err = call(*words, "--lake", lake)
    assert (code, out, err.count("\n")) == (REFUSED, "", 1)


RAMP = ("ramp", "--model", DEFAULT_MODEL, "--policy", CONF / "policy" / "default.yaml",
        "--reason", "first look")  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("--share", "1.01"),
        ("--share", "-0.01"),
        ("--share", "0.1", "--instead-of", "m-1"),
        ("--share", "0.1", "--instead-of", "m-1/p-2"),
    ],
)
def test_a_ramp_of_no_share_or_beside_no_pair_is_refused(
    call: Call, lake: Path, words: tuple[str, ...], decided: None
) -> None:
    code, out, err = call(*RAMP, *words, "--lake", lake)
    assert (code, out, err.count("\n")) == (USAGE, "", 1)
    assert delta.rows(OPERATIONS, lake).num_rows == 0


def test_a_ramp_beside_a_pair_that_decided_is_in_the_audit(
    call: Call, lake: Path, decided: None
) -> None:
    code, out, _ = call(*RAMP, "--share", "0.1", "--instead-of", "m-1/p-1", "--lake", lake)
    assert (code, out.rstrip().endswith("in force for 10.0% of the authors")) == (0, True)
    (row,) = delta.rows(OPERATIONS, lake).to_pylist()
    assert json.loads(row["details"]) == {"share": 0.1, "instead_of": "m-1/p-1"}


@pytest.fixture
def decided(lake: Path) -> None:
    """A decision of m-1 under p-1."""
    words = ("post_id", "author_id", "language", "harm", "reason", "evidence")
    row = dict.fromkeys(words, "x") | {"day": date(2026, 10, 1), "revision": 1}
    row |= {"model_version": "m-1", "policy_version": "p-1", "surface": "all"}
    row |= {"jurisdiction": "all", "action": "review", "policy_action": "review"}
    writes.write_rows([row], DECISIONS, lake)


def test_an_empty_list_of_batches_has_its_heading(call: Call, lake: Path) -> None:
    code, out, _ = call("hold", "list", "--lake", lake)
    assert code == 0
    assert "batch" in out


def test_a_reason_must_be_given(call: Call, lake: Path) -> None:
    assert call("stop", "--lake", lake)[0] == 2


def test_nobody_but_the_kernel_says_who_the_operator_is(monkeypatch: pytest.MonkeyPatch) -> None:
    real = audit.operator()
    for name in ("USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody_else")
    assert audit.operator() == real


def test_an_operator_without_a_name_is_known_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert audit.operator() == str(os.getuid())


def test_an_empty_registry_is_refused_as_an_option(call: Call, lake: Path, tmp_path: Path) -> None:
    code, out, err = call("replay", "p1", "--model", f"champion@{tmp_path}", "--lake", lake)
    assert (code, out, "champion" in err) == (USAGE, "", True)


def test_the_model_and_the_policy_come_from_the_environment(
    call: Call, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("ramp", "--share", "0", "--reason", "x", "--lake", lake)
    assert call(*words)[0] == USAGE
    monkeypatch.setenv("HARMSWEEP_MODEL", str(DEFAULT_MODEL))
    monkeypatch.setenv("HARMSWEEP_POLICY", str(CONF / "policy" / "default.yaml"))
    code, out, _ = call(*words)
    assert (code, out.endswith(": in force for 0.0% of the authors\n")) == (0, True)

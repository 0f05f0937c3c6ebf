"""A command that was killed anywhere and is given again ends as one that was not.

HARMSWEEP_SEED=N makes the one trial of that number again, but for the moment of a kill by time.
"""

import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
from campaign_lake import BusyLake, state
from console_commands import READS, commands
from killing import run, start

from harmsweep.cli.main import app
from harmsweep.errors import Held, Refused

SEED = os.environ.get("HARMSWEEP_SEED")
# So often a command is killed at a moment of its run, not at a point that it passes.
BY_TIME = 0.2


class Whole:
    """A command's run that nobody kills: the points that it passes, its seconds, what it leaves."""

    def __init__(self, busy: BusyLake, command: str, folder: Path) -> None:
        lake = busy.copy(folder, command).root
        started = time.monotonic()
        self.points = run(busy.commands[command], lake)
        self.seconds = time.monotonic() - started
        self.after = state(lake)
        shutil.rmtree(lake)


def killed(busy: BusyLake, command: str, lake: Path, whole: Whole, chance: Random) -> str:
    """Kill a command in a lake of its own; where, and whether it had not ended before."""
    by_time = not whole.points or chance.random() < BY_TIME
    point = "none" if by_time else chance.choice(whole.points)
    process, _ = start(busy.commands[command], lake, point=point)
    if by_time:
        process.join(chance.uniform(0, whole.seconds))
        process.kill()
    process.join()
    return "ended" if process.exitcode != -signal.SIGKILL else "a moment" if by_time else point


def trial(busy: BusyLake, seed: int, wholes: dict[str, Whole], folder: Path) -> tuple[str, str]:
    """Kill one command and give it again; where it was killed, and what is wrong then."""
    chance, names = Random(seed), sorted(busy.commands)
    command = names[seed % len(names)]
    if command not in wholes:
        wholes[command] = Whole(busy, command, folder / "whole")
    lake = busy.copy(folder / str(seed), command).root
    where, fault = killed(busy, command, lake, wholes[command], chance), ""
    try:
        with suppress(Refused, Held):  # what was done before may be refused the second time
            busy.commands[command](lake=lake)
    except Exception as error:
        fault = f"{type(error).__name__}: {error}"
    left: dict[str, Any] = state(lake)
    other = [k for k, fact in wholes[command].after.items() if left.get(k) != fact]
    shutil.rmtree(lake)
    fault = fault or (f"it left other {', '.join(other)}" if other else "")
    return where, fault and f"HARMSWEEP_SEED={seed}: {command} killed at {where}: {fault}"


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("trials", [4, pytest.param(500, marks=pytest.mark.nightly)])
def test_a_command_that_was_killed_and_is_given_again_ends_as_a_whole_one(
    busy: BusyLake, tmp_path: Path, counts: Callable[[str], None], trials: int
) -> None:
    wholes, ends, faults = dict[str, Whole](), Counter[str](), list[str]()
    for seed in [int(SEED)] if SEED else range(trials):
        where, fault = trial(busy, seed, wholes, tmp_path)
        ends[where if where in ("ended", "a moment") else "a point"] += 1
        faults += [fault] if fault else []
    counts(f"{trials} kills of {len(wholes)} commands: {dict(ends)}, {len(faults)} faults")
    assert not faults, "\n".join(faults)


@pytest.mark.slow
def test_every_command_that_writes_is_in_the_campaigns(busy: BusyLake) -> None:
    console = {" ".join(path) for path, _ in commands(app)}
    stages = {name for name in busy.commands if name.startswith(("stage ", "job "))}
    assert set(busy.commands) - stages == console - READS

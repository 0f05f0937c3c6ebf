"""The switch that stops all automatic effects."""

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from harmsweep.errors import Held
from harmsweep.files import write_whole
from harmsweep.logs import clean
from harmsweep.operations.actor import operator
from harmsweep.operations.audit import record
from harmsweep.paths import SWITCH


class Stopped(Held):
    """The switch is off: nothing automatic takes effect until a person starts it again."""


def stop(lake: Path, reason: str) -> None:
    """Turn the switch off: from now on no sweep or plan takes effect, not even one that runs.

    It does not wait for the audit: the switch says itself who, when and why.
    """
    now = datetime.now(UTC).isoformat()
    write_whole(lake / SWITCH, f"stopped by {operator()} at {now}: {clean(reason)}\n")
    record(lake, "stop", "lake", reason=reason)


def start(lake: Path, reason: str) -> None:
    """Turn the switch on again; what was cut short goes on at the next sweep.

    The audit has it first, with what the switch said: of a stop that was killed it has no other.
    The audit may take its time: a stop in the meantime is not ended by this.

    Raises:
        Stopped: somebody stopped it anew meanwhile.
    """
    switch, aside = lake / SWITCH, lake / f".{SWITCH}.ended.{os.getpid()}"
    said = switch.read_text(encoding="utf-8") if switch.exists() else ""
    record(lake, "start", "lake", reason=reason, details={"ends": said.strip()})
    with suppress(FileNotFoundError):
        switch.rename(aside)
        now = aside.read_text(encoding="utf-8")
        if now != said:
            aside.rename(switch)
            raise Stopped(now.strip())
        aside.unlink()


def is_stopped(lake: Path) -> bool:
    """Whether the switch is off."""
    return (lake / SWITCH).exists()


def check_running(lake: Path) -> None:
    """Refuse to go on where the switch is off.

    Raises:
        Stopped: with who turned it off, when and why.
    """
    if is_stopped(lake):
        raise Stopped((lake / SWITCH).read_text(encoding="utf-8").strip())

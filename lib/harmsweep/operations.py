"""The audit of what operators did, and the switch that stops all automatic effects."""

import json
import os
import pwd
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harmsweep.digests import as_json
from harmsweep.errors import Held
from harmsweep.lake import delta
from harmsweep.tables.catalog import OPERATIONS

SWITCH = "STOPPED"


class Stopped(Held):
    """The switch is off: nothing automatic takes effect until a person starts it again."""


def operator() -> str:
    """The user of the system, as the kernel knows them: no variable or typed name changes it."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def record(
    lake: Path, act: str, object: str, *, reason: str = "", details: Mapping[str, Any] | None = None
) -> None:
    """Keep what the operator did; see the table's columns."""
    now = datetime.now(UTC)
    row = {
        "day": now.date(),
        "operation_id": uuid.uuid4().hex,
        "at": now,
        "operator": operator(),
        "act": act,
        "object": object,
        "reason": reason,
        "details": as_json(details or {}),
    }
    delta.put_rows([row], OPERATIONS, lake)


def operations(lake: Path, object: str) -> list[dict[str, Any]]:
    """All acts on a plan, batch, sweep or post, the oldest first."""
    sql = f"""SELECT * FROM operations_v1 WHERE {delta.plain_predicate({"object": object})}
        ORDER BY at, operation_id"""
    found: list[dict[str, Any]] = delta.query(lake, sql).to_pylist()
    return found


def ramp(lake: Path, pair: str, share: float, *, instead_of: str, reason: str) -> None:
    """Put a pair of versions in force for a share of the authors; 0 is shadow, 1 is everybody.

    `instead_of` is the pair that stays in force for all others, or empty.
    """
    record(lake, "ramp", pair, reason=reason, details={"share": share, "instead_of": instead_of})


def share_of(lake: Path, pair: str) -> tuple[float, float]:
    """From which to which place in [0, 1) a pair's authors are, by the newest ramp that names it.

    A ramp of other pairs changes nothing for it: what is in shadow stays so.
    """
    sql = "SELECT object, details FROM operations_v1 WHERE act = 'ramp' ORDER BY at DESC"
    for one in delta.query(lake, sql).to_pylist():
        details = json.loads(one["details"])
        if one["object"] == pair:
            return 0.0, details["share"]
        if details["instead_of"] == pair:
            return details["share"], 1.0
    return 0.0, 1.0


def stop(lake: Path, reason: str) -> None:
    """Turn the switch off: from now on no sweep or plan takes effect, not even one that runs.

    It does not wait for the audit: the switch says itself who, when and why.
    """
    switch = lake / SWITCH
    fresh = lake / f".{SWITCH}.{os.getpid()}"
    now = datetime.now(UTC).isoformat()
    fresh.write_text(f"stopped by {operator()} at {now}: {reason}\n", encoding="utf-8")
    fresh.rename(switch)
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

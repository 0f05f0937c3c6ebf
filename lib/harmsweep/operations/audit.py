"""The audit of what operators did, and the switch that stops all automatic effects."""

import json
import uuid
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harmsweep.digests import as_json
from harmsweep.lake import delta, writes
from harmsweep.operations.act_time import time_after
from harmsweep.operations.actor import operator, why_on_trust
from harmsweep.tables.catalog import OPERATIONS

# A sweep that somebody asked a scheduler for: the account of the scheduler made it.
SWEEP = "sweep"


def record(
    lake: Path, act: str, object: str, *, reason: str = "", details: Mapping[str, Any] | None = None
) -> None:
    """Keep what the operator did; see the table's columns."""
    at = time_after(lake, [OPERATIONS])
    row = {
        "day": at.date(),
        "operation_id": uuid.uuid4().hex,
        "at": at,
        "operator": operator(),
        "established": not why_on_trust(lake),
        "act": act,
        "object": object,
        "reason": reason,
        "details": as_json(details or {}),
    }
    writes.write_rows([row], OPERATIONS, lake)


def operations(lake: Path, object: str) -> list[dict[str, Any]]:
    """All acts on a plan, batch, sweep or post, the oldest first."""
    sql = f"""SELECT * FROM operations_v1 WHERE {delta.datafusion_where({"object": object})}
        ORDER BY at, operation_id"""
    found: list[dict[str, Any]] = delta.query(lake, sql).to_pylist()
    return found


def asked_by(lake: Path) -> dict[str, set[str]]:
    """Who asked a scheduler for a sweep, by its id; of what nobody asked for, nobody."""
    names = defaultdict[str, set[str]](set)
    for row in delta.query(lake, f"SELECT * FROM operations_v1 WHERE act = '{SWEEP}'").to_pylist():
        names[row["object"]].add(json.loads(row["details"])["by"])
    return names

"""The audit of what operators did, and the switch that stops all automatic effects."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harmsweep.digests import as_json
from harmsweep.lake import delta, writes
from harmsweep.lake.locks import user
from harmsweep.operations.act_time import time_after
from harmsweep.tables.catalog import OPERATIONS


def operator() -> str:
    """The user of the system, as the kernel knows them: no variable or typed name changes it."""
    return user()


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

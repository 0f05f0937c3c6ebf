"""For which share of the authors a pair of model and policy is in force."""

import json
from pathlib import Path

from harmsweep.lake import delta
from harmsweep.operations.audit import record


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

"""Which claims of certificates are suspended: what they promise was found not to hold."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from harmsweep.lake import delta
from harmsweep.operations.audit import record

SUSPEND, RESUME = "suspend claim", "resume claim"


class Standing(NamedTuple):
    """Why a claim is suspended, None where it is not, and how often it was resumed."""

    suspended: str | None = None
    resumed: int = 0


def suspend(
    lake: Path, pair: str, claim: str, *, reason: str, details: Mapping[str, Any] | None = None
) -> None:
    """Suspend a claim of a pair of model and policy: from now on it leads to review alone."""
    record(lake, SUSPEND, f"{pair}/{claim}", reason=reason, details=details)


def resume(lake: Path, pair: str, claim: str, *, reason: str) -> None:
    """Let a suspended claim act again; its watch begins anew."""
    record(lake, RESUME, f"{pair}/{claim}", reason=reason)


def standings(lake: Path, pair: str) -> dict[str, Standing]:
    """The standing of each claim of a pair that was ever suspended, by its name."""
    sql = f"""SELECT act, object, reason FROM operations_v1
        WHERE act IN ('{SUSPEND}', '{RESUME}') ORDER BY at"""
    found = dict[str, Standing]()
    for row in delta.query(lake, sql).to_pylist():
        if row["object"].startswith(f"{pair}/"):
            name = row["object"].removeprefix(f"{pair}/")
            now = found.get(name, Standing())
            if row["act"] == SUSPEND:
                found[name] = now._replace(suspended=row["reason"])
            else:
                found[name] = Standing(resumed=now.resumed + 1)
    return found


def suspended(lake: Path, pair: str) -> set[str]:
    """The names of the claims of a pair that are suspended."""
    return {name for name, now in standings(lake, pair).items() if now.suspended is not None}

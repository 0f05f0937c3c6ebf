"""Who approved a plan or a held batch: never who planned it, and only what it was when they did."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from harmsweep.errors import DataRefused, Held
from harmsweep.lake import delta
from harmsweep.operations.audit import operations, operator, record


@dataclass(frozen=True)
class ApprovalRequest:
    """What waits for approval: its name, who planned it, its content, how many must approve."""

    name: str
    planners: tuple[str, ...]
    digest: str
    approvers: int

    @property
    def by(self) -> str:
        """Who planned it."""
        return " and ".join(self.planners)


def digest_of(effect_keys: Iterable[str]) -> str:
    """A hash of a set of effects."""
    return hashlib.sha256("\n".join(sorted(effect_keys)).encode()).hexdigest()


def approved_by(lake: Path, asked: ApprovalRequest) -> list[str]:
    """Who approved exactly this content, in order of their names; who planned it never counts."""
    said = [o for o in operations(lake, asked.name) if o["act"] == "approve"]
    of_this = (o for o in said if json.loads(o["details"])["digest"] == asked.digest)
    return sorted({o["operator"] for o in of_this} - {*asked.planners})


def approve(lake: Path, asked: ApprovalRequest, reason: str) -> list[str]:
    """Keep that the operator approves; give who has by now. Approving twice counts once.

    Raises:
        DataRefused: the operator planned it.
    """
    if operator() in asked.planners:
        raise DataRefused(f"{asked.name} was planned by {asked.by}: another must approve it")
    if operator() not in approved_by(lake, asked):
        record(lake, "approve", asked.name, reason=reason, details={"digest": asked.digest})
    return approved_by(lake, asked)


def check_approved(lake: Path, asked: ApprovalRequest) -> None:
    """Refuse what has too few approvals.

    Raises:
        Held: how many it has and needs, and who can't.
    """
    have = approved_by(lake, asked)
    if len(have) < asked.approvers:
        by = f" ({', '.join(have)})" if have else ""
        raise Held(
            f"{asked.name} needs {asked.approvers} approval{'s'[: asked.approvers - 1]}"
            f" by others than {asked.by}"
            f" and has {len(have)}{by}: `harmsweep approve {asked.name}`"
        )


def accepted_posts(lake: Path, first: date, last: date) -> int:
    """The accepted posts of the days from `first` to `last`."""
    sql = f"""SELECT count(*) AS n FROM posts_v1
        WHERE day >= '{first}' AND day <= '{last}' AND status = 'accepted'"""
    return int(delta.query(lake, sql).to_pylist()[0]["n"])

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


def approved_by(lake: Path, request: ApprovalRequest) -> list[str]:
    """Who approved exactly this content, in order of their names; who planned it never counts."""
    approvals = [o for o in operations(lake, request.name) if o["act"] == "approve"]
    of_this = (o for o in approvals if json.loads(o["details"])["digest"] == request.digest)
    return sorted({o["operator"] for o in of_this} - {*request.planners})


def approve(lake: Path, request: ApprovalRequest, reason: str) -> list[str]:
    """Keep that the operator approves; give who has by now. Approving twice counts once.

    Raises:
        DataRefused: the operator planned it.
    """
    if operator() in request.planners:
        raise DataRefused(f"{request.name} was planned by {request.by}: another must approve it")
    if operator() not in approved_by(lake, request):
        record(lake, "approve", request.name, reason=reason, details={"digest": request.digest})
    return approved_by(lake, request)


def check_approved(lake: Path, request: ApprovalRequest) -> None:
    """Refuse what has too few approvals.

    Raises:
        Held: how many it has and needs, and who can't.
    """
    names = approved_by(lake, request)
    if len(names) < request.approvers:
        by = f" ({', '.join(names)})" if names else ""
        raise Held(
            f"{request.name} needs {request.approvers} approval{'s'[: request.approvers - 1]}"
            f" by others than {request.by}"
            f" and has {len(names)}{by}: `harmsweep approve {request.name}`"
        )


def accepted_posts(lake: Path, first: date, last: date) -> int:
    """The accepted posts of the days from `first` to `last`."""
    sql = f"""SELECT count(*) AS n FROM posts_v1
        WHERE day >= '{first}' AND day <= '{last}' AND status = 'accepted'"""
    return int(delta.query(lake, sql).to_pylist()[0]["n"])

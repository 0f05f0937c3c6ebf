"""Who approved a plan or a held batch: never who planned it, and only what it was when they did."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from harmsweep.errors import DataRefused, Held
from harmsweep.lake import delta
from harmsweep.operations.actor import SET_UP, operator, why_on_trust, why_open
from harmsweep.operations.audit import operations, record


@dataclass(frozen=True)
class ApprovalRequest:
    """What waits for approval: its name, who planned it, its content, how many must approve."""

    name: str
    planners: tuple[str, ...]
    digest: str
    approvers: int
    # Only approvals of people of whom it is established who they are count.
    established: bool = False

    @property
    def by(self) -> str:
        """Who planned it."""
        return " and ".join(self.planners)

    def is_planner(self, name: str) -> bool:
        """Whether it was planned by that person; a scheduler may write their name otherwise."""
        return name.casefold() in map(str.casefold, self.planners)


def digest_of(effect_keys: Iterable[str]) -> str:
    """A hash of a set of effects."""
    return hashlib.sha256("\n".join(sorted(effect_keys)).encode()).hexdigest()


def approved_by(lake: Path, request: ApprovalRequest) -> list[str]:
    """Who approved exactly this content, in order of their names; who planned it never counts."""
    approvals = [o for o in operations(lake, request.name) if o["act"] == "approve"]
    of_this = [o for o in approvals if json.loads(o["details"])["digest"] == request.digest]
    counted = [o for o in of_this if o.get("established") or not request.established]
    return sorted({o["operator"] for o in counted if not request.is_planner(o["operator"])})


def approve(lake: Path, request: ApprovalRequest, reason: str) -> list[str]:
    """Keep that the operator approves; give who has by now. Approving twice counts once.

    Raises:
        DataRefused: the operator planned it, or who they are is on trust where that is not enough.
    """
    if request.is_planner(operator()):
        raise DataRefused(f"{request.name} was planned by {request.by}: another must approve it")
    if request.established and (why := why_on_trust(lake)):
        raise DataRefused(f"{request.name} takes no approval on trust: {why}; see {SET_UP}")
    if operator() not in approved_by(lake, request):
        record(lake, "approve", request.name, reason=reason, details={"digest": request.digest})
    return approved_by(lake, request)


def check_approved(lake: Path, request: ApprovalRequest) -> None:
    """Refuse what has too few approvals.

    Raises:
        Held: how many it has and needs, and who can't; or others than the owner may write the lake,
            and so any approval, where one on trust is not enough.
    """
    if request.approvers and request.established and (why := why_open(lake)):
        raise Held(f"{request.name} takes no approval on trust: {why}; see {SET_UP}")
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

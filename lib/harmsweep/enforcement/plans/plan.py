"""A plan as it was written down."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from harmsweep.conf import Frozen
from harmsweep.days import every_day
from harmsweep.digests import as_json
from harmsweep.enforcement.circuit_breaker.approvals import ApprovalRequest, digest_of
from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.rules.ledger import Entry
from harmsweep.enforcement.state.day_ledger import as_row
from harmsweep.enforcement.state.policy_binding import PolicyBinding, load_policy_binding
from harmsweep.errors import DataRefused
from harmsweep.lake import delta
from harmsweep.names import did_you_mean
from harmsweep.operations.audit import operations
from harmsweep.plurals import counted
from harmsweep.policy.file import load_policy

# The entry of a row that says what stays as it is; the others are intents.
STAYS = "stays"
# When and by whom a plan was made: no part of what it would do.
_OF_MAKING = {"recorded_at", "expires_at", "operator"}


class Plan(Frozen):
    """The head of a plan; its effects, and what stays, are the rows of `plans` with its id."""

    plan_id: str
    planners: tuple[str, ...]
    first: date
    last: date
    model_version: str
    policy_version: str
    policy: str
    certificates: str | None
    effects: int
    visible: int  # of them, those that caps count
    unchanged: int  # scopes where something holds and stays
    posts: int  # accepted, of the plan's days
    over: tuple[str, ...]  # which caps it would pass, in words
    approvers: int
    expires_at: datetime
    digest: str
    # Whose sweeps made what it is compared with: MODEL/POLICY and the sweep; none acted before.
    base: tuple[str, ...] = ()
    # MODEL/POLICY whose sweep is imagined first: such a plan is for reading alone.
    against: str | None = None
    # Whether its policy takes no approval on trust.
    established: bool = False
    # The version of each table that it was made from.
    tables: Mapping[str, int] = {}

    @property
    def days(self) -> list[date]:
        """Its days in order."""
        return every_day(self.first, self.last)

    @property
    def approval_request(self) -> ApprovalRequest:
        """What its approvers approve."""
        established = self.established or load_bounds().approvals == "established"
        names = (self.plan_id, self.planners, self.digest, self.approvers)
        return ApprovalRequest(*names, established)

    def line(self) -> str:
        """What it would do and who must approve, in a line."""
        inside = "inside every bound: approved automatically"
        waits = f"waits for {self.approvers} approval{'s'[: self.approvers - 1]}"
        why = f"{'; '.join(self.over)}: {waits}" if self.approvers else inside
        if self.against:
            why = f"compared with {self.against}, for reading alone"
        effects = counted(self.effects, "effect")
        counts = f"{effects}, {self.visible} visible, {self.unchanged} unchanged"
        return f"{self.plan_id}: {counts}; {why}"


def find_plan(lake: Path, plan_id: str) -> Plan:
    """The plan of that id, as it was last made.

    Raises:
        DataRefused: there is none.
    """
    if not re.fullmatch(r"plan-[\w-]+", plan_id, re.ASCII):
        raise DataRefused(f"there is no plan {plan_id!r}")
    makings = [o for o in operations(lake, plan_id) if o["act"] == "plan"]
    if not makings:
        sql = "SELECT DISTINCT object FROM operations_v1 WHERE act = 'plan'"
        known = delta.query(lake, sql).column("object").to_pylist()
        raise DataRefused(f"there is no plan {plan_id}{did_you_mean(plan_id, known)}")
    details = [json.loads(o["details"]) for o in makings]
    # Who made it again had it before them: none of its makers can approve it, nor who asked for it.
    planners = {o["operator"] for o in makings} | {asked.pop("by", "") for asked in details}
    known = {"plan_id": plan_id, "planners": sorted(planners - {""})}
    return Plan.model_validate(known | details[-1])


def sweeps_of(lake: Path, plan_id: str) -> list[str]:
    """The sweeps that carried a plan out, as the audit has them; none where it was not applied."""
    applied = [o for o in operations(lake, plan_id) if o["act"] == "apply"]
    return sorted({id for o in applied for id in json.loads(o["details"]).get("sweeps", ())})


def binding_of(lake: Path, plan: Plan) -> PolicyBinding:
    """What a plan was made under.

    Raises:
        DataRefused: the policy's file is another by now.
    """
    folder = Path(plan.certificates) if plan.certificates else None
    binding = load_policy_binding(lake, load_policy(Path(plan.policy)), plan.model_version, folder)
    if binding.policy.policy_version != plan.policy_version:
        raise DataRefused(f"{plan.plan_id}: the policy is {binding.policy.policy_version} by now")
    return binding


def plan_digest(
    subject: Sequence[str], against: str | None, days: Iterable[date], effects: Iterable[Entry]
) -> str:
    """A hash of what a plan would do: under what, on which days, and every effect whole."""
    head = [*subject, *(["against", against] if against else []), *map(str, days)]
    rows = ({k: v for k, v in as_row(e).items() if k not in _OF_MAKING} for e in effects)
    return digest_of([*head, *map(as_json, rows)])


def planned_effects(lake: Path, plan: Plan) -> list[Entry]:
    """The effects of a plan, as intents, as they are kept now."""
    where = delta.datafusion_where({"plan_id": plan.plan_id, "entry": "intent"})
    rows = delta.query(lake, f"SELECT * FROM plans_v1 WHERE {where}").to_pylist()
    return [Entry(**{n: v for n, v in row.items() if n != "plan_id"}) for row in rows]


def approved_effects(lake: Path, plan: Plan) -> list[Entry]:
    """The effects of a plan, exactly those that were written down when it was made.

    Raises:
        DataRefused: its rows are others by now.
    """
    effects = planned_effects(lake, plan)
    subject = (plan.model_version, plan.policy_version)
    if plan_digest(subject, plan.against, plan.days, effects) != plan.digest:
        raise DataRefused(
            f"{plan.plan_id}: its {counted(len(effects), 'row')} are not the"
            f" {counted(plan.effects, 'effect')} that were planned and approved: nothing was done;"
            " plan again"
        )
    return effects

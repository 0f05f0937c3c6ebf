"""Plans of backfills: asked for by a form, kept in the audit, started by their id."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from harmsweep.conf import Frozen
from harmsweep.days import every_day
from harmsweep.digests import name_of
from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.state.decisions import version_pair
from harmsweep.errors import DataRefused
from harmsweep.lake import delta, table_log
from harmsweep.lake.runs import Spark
from harmsweep.model.reference import load_model_ref
from harmsweep.operations.actor import operator
from harmsweep.operations.audit import operations, record
from harmsweep.pipeline.backfill.estimate import DayForecast, forecast_day, minutes
from harmsweep.pipeline.backfill.request import Request
from harmsweep.plurals import counted
from harmsweep.policy.file import load_policy
from harmsweep.stages.ingest.landing_files import fingerprint, landing_counts
from harmsweep.tables.catalog import ACTIONS, DECISIONS, POST_VISIBILITY, POSTS, SCORES

PLAN, START = "plan_backfill", "start_backfill"


class Backfill(Frozen):
    """A request with what carrying it out would do."""

    plan_id: str
    planner: str
    request: Request
    model_version: str
    policy_version: str
    days: tuple[DayForecast, ...]
    minutes: float | None
    planned_at: datetime
    expires_at: datetime
    state: str  # digest of all that the forecast rests on

    def line(self) -> str:
        """The plan as a person reads it: a line in all, then one for each day."""
        long = "unknown" if self.minutes is None else f"{self.minutes:g}"
        posts = sum(day.landed if day.posts is None else day.posts for day in self.days)
        size = f"{counted(len(self.days), 'day')}, {counted(posts, 'post')}"
        return "\n".join(
            [
                f"{self.plan_id}: {size}, at most {long} minutes;"
                f" {', '.join(self.request.stages)}; model {self.model_version}, policy"
                f" {self.policy_version}; until {self.expires_at:%Y-%m-%d %H:%M} UTC",
                *(day.line() for day in self.days),
            ]
        )


def plan_backfill(spark: Spark, lake: Path, request: Request, *, by: str = "") -> Backfill:
    """Write down what a backfill would do; the same state gives the same plan.

    `by` is who asked, as the scheduler knows them; the operator is the user of the system.

    Raises:
        DataRefused, PolicyError: the landing zone or the policy is refused; nothing was written.
    """
    landed = landing_counts(request.landing)
    model, policy = load_model_ref(request.model), load_policy(request.policy)
    forecast = partial(forecast_day, spark, lake, model=model, policy=policy)
    days = tuple(forecast(day, request.stages, landed=landed[day]) for day in request.days)
    sizes = [day.landed if day.posts is None else day.posts for day in days]
    versions = version_pair(model.model_version, policy.policy_version)
    state = _state(lake, request, versions)
    content = "\n".join([request.model_dump_json(), *versions.values(), state])
    now = datetime.now(UTC)
    plan = Backfill(
        plan_id=f"backfill-{request.first:%Y%m%d}-{name_of(content)}",
        planner=operator(),
        request=request,
        **versions,
        days=days,
        minutes=minutes(lake, request.stages, sizes),
        planned_at=now,
        expires_at=now + timedelta(hours=load_bounds().plan_expires_hours),
        state=state,
    )
    details = plan.model_dump(mode="json", exclude={"plan_id", "planner"}) | {"by": by}
    record(lake, PLAN, plan.plan_id, reason=request.reason, details=details)
    return plan


def _versions(request: Request) -> dict[str, str]:
    model, policy = load_model_ref(request.model), load_policy(request.policy)
    return version_pair(model.model_version, policy.policy_version)


def _state(lake: Path, request: Request, versions: dict[str, str]) -> str:
    """A hash of what the forecast rests on: what landed, the posts, scores, decisions, effects."""
    parts = [fingerprint(request.landing)]
    of_pair, of_all = (SCORES, DECISIONS), (POSTS, ACTIONS, POST_VISIBILITY)
    days: delta.Slice = {"day": every_day(request.first, request.last)}
    parts += [table_log.slice_digest(table, lake, {**days, **versions}) for table in of_pair]
    parts += [table_log.slice_digest(table, lake, days) for table in of_all]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def find_backfill(lake: Path, plan_id: str) -> Backfill:
    """The plan of that id, as it was last made.

    Raises:
        DataRefused: there is none.
    """
    rows = [o for o in operations(lake, plan_id) if o["act"] == PLAN]
    if not rows:
        raise DataRefused(f"there is no plan {plan_id}: a dry run makes one")
    return _read(rows[-1])


def newest_backfill(lake: Path, request: Request) -> Backfill:
    """The newest plan of exactly this request.

    Raises:
        DataRefused: there is none.
    """
    where = delta.datafusion_where({"act": PLAN})
    sql = f"SELECT * FROM operations_v1 WHERE {where} ORDER BY at DESC"
    plans = (_read(row) for row in delta.query(lake, sql).to_pylist())
    newest = next((plan for plan in plans if plan.request == request), None)
    if newest is None:
        raise DataRefused("nobody planned this: a dry run makes a plan")
    return newest


def _read(row: dict[str, Any]) -> Backfill:
    details = json.loads(row["details"])
    details.pop("by")
    return Backfill.model_validate(
        {"plan_id": row["object"], "planner": row["operator"]} | details, strict=False
    )


def start_backfill(lake: Path, plan_id: str, request: Request, *, by: str = "") -> Backfill:
    """Let a plan be carried out, or go on; what was started once may be started again.

    Raises:
        DataRefused: there is no such plan, it is another request's, it expired, or what it rests
            on changed before it was started. Then nothing was done.
    """
    plan = find_backfill(lake, plan_id)
    if plan.request != request:
        given, planned = request.model_dump(mode="json"), plan.request.model_dump(mode="json")
        other = [f"{n} {given[n]} for {planned[n]}" for n in given if given[n] != planned[n]]
        raise DataRefused(f"{plan_id} is another plan: {'; '.join(other)}")
    now = _versions(request)
    if now != version_pair(plan.model_version, plan.policy_version):
        raise DataRefused(f"{plan_id}: model or policy is another by now: plan again")
    started = any(o["act"] == START for o in operations(lake, plan_id))
    if not started and datetime.now(UTC) > plan.expires_at:
        raise DataRefused(f"{plan_id} expired at {plan.expires_at:%Y-%m-%d %H:%M} UTC: plan again")
    if not started and _state(lake, request, now) != plan.state:
        raise DataRefused(
            f"{plan_id}: posts, decisions or effects of its days changed since: plan again"
        )
    record(lake, START, plan_id, reason=request.reason, details={"by": by, "again": started})
    return plan

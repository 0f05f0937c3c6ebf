"""A plan to certify a threshold from a random sample of what it flags among live posts.

The posts that score the threshold or more, in a language and on a surface, are the frame; of each
the chance to be drawn is known. Their precision is that of the platform at its own prevalence, so
that some hundred labels show what takes thousands on labelled collections.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import Field

from harmsweep.conf import Frozen
from harmsweep.days import every_day
from harmsweep.digests import as_json, name_of
from harmsweep.errors import DataRefused
from harmsweep.harms import why_no_harm
from harmsweep.lake import delta, writes
from harmsweep.lake.locks import locked
from harmsweep.operations.act_time import time_after
from harmsweep.operations.actor import operator
from harmsweep.operations.audit import record
from harmsweep.policy.claims import LEAST_GROUPS, LEAST_THRESHOLD, Stratum
from harmsweep.policy.file import Policy
from harmsweep.policy.ladders import PrecisionTarget
from harmsweep.policy.places import ALL
from harmsweep.release.drawing import draw, flagged_posts
from harmsweep.release.task_answers import tasks_of
from harmsweep.tables.catalog import LABEL_TASKS, OPERATIONS

ACT = "certify plan"


class SamplePlan(Frozen):
    """What is sampled for one harm, language and surface of a policy, and from which frame."""

    plan_id: str
    model_version: str
    policy_version: str
    harm: str
    language: str
    surface: str
    threshold: float = Field(ge=LEAST_THRESHOLD, lt=1)
    first: date
    last: date
    labels: int = Field(ge=LEAST_GROUPS)
    # How many posts of the frame stand where.
    frame: tuple[Stratum, ...]
    # Harms, languages and surfaces of the policy, which share the error.
    tests: int = Field(ge=1)

    @property
    def posts(self) -> int:
        """How many posts the frame has."""
        return sum(stratum.groups for stratum in self.frame)

    @property
    def key(self) -> tuple[str, ...]:
        """What is planned once."""
        own = self.model_version, self.policy_version
        return (*own, self.harm, self.language, self.surface)

    def line(self) -> str:
        """The plan in a line."""
        where = "" if self.surface == ALL else f" on {self.surface}"
        return (
            f"{self.plan_id}: {self.labels} of {self.posts:,} posts in {self.language}{where} of"
            f" {self.first} to {self.last} that score {self.threshold:g} or more for {self.harm}"
        )


@dataclass(frozen=True)
class SampleRequest:
    """What is to be sampled: posts of some days that score a threshold or more, and how many."""

    harm: str
    language: str
    surface: str
    threshold: float
    first: date
    last: date
    labels: int


def targets_of(policy: Policy, harm: str, surface: str) -> list[PrecisionTarget]:
    """The precisions that a policy states of a harm on a surface.

    Raises:
        DataRefused: it states none.
    """
    found = [t for h, t in policy.precision_targets() if (h, t.surface) == (harm, surface)]
    if not found:
        why = why_no_harm(harm) or f"{policy.policy_version} states no precision of {harm}"
        raise DataRefused(f"{why}, surface {surface}")
    return found


def tests_of(policy: Policy) -> int:
    """How many harms, languages and surfaces the policy states a precision of."""
    places = {(harm, target.surface) for harm, target in policy.precision_targets()}
    return len(places) * len(policy.languages)


def plan_sample(
    lake: Path,
    policy: Policy,
    model_version: str,
    asked: SampleRequest,
    *,
    reason: str = "",
    dry_run: bool = False,
) -> SamplePlan:
    """Draw a sample and write its tasks, once; the same again finishes what was killed.

    Who is drawn follows from the names of the pair, harm and posts (permanent random numbers), so
    that no draw can be chosen.

    Raises:
        DataRefused: the policy asks for no such claim, the frame is too small, or it was planned.
    """
    frame = _frame(lake, policy, model_version, asked)
    plan = _plan_of(policy, model_version, asked, frame)
    if dry_run:
        return plan
    with locked(lake, [OPERATIONS.name, LABEL_TASKS.name]):
        known = _planned(lake, plan)
        if known and tasks_of(lake, plan.plan_id):
            return known
        record(lake, ACT, plan.plan_id, reason=reason, details=plan.model_dump(mode="json"))
        writes.write_rows(_tasks(lake, plan, frame), LABEL_TASKS, lake)
    return plan


def _frame(
    lake: Path, policy: Policy, model_version: str, asked: SampleRequest
) -> list[dict[str, Any]]:
    """The posts to draw from, of a claim that the policy asks for: at least those to label."""
    targets_of(policy, asked.harm, asked.surface)
    if asked.language not in policy.languages:
        raise DataRefused(f"{policy.policy_version} acts on nothing in {asked.language}")
    frame = flagged_posts(
        lake,
        model_version,
        harm=asked.harm,
        language=asked.language,
        surface=asked.surface,
        threshold=asked.threshold,
        days=every_day(asked.first, asked.last),
    )
    if len(frame) < asked.labels:
        raise DataRefused(
            f"{len(frame):,} posts score {asked.threshold:g} or more, and {asked.labels} are to be"
            " labelled: take more days, or a lower threshold"
        )
    return frame


def _plan_of(
    policy: Policy, model_version: str, asked: SampleRequest, frame: Sequence[Mapping[str, Any]]
) -> SamplePlan:
    """A plan, named by what was asked for."""
    versions = {"model_version": model_version, "policy_version": policy.policy_version}
    facts: dict[str, Any] = versions | asdict(asked)
    plan_id = f"certify-{name_of(as_json({n: str(v) for n, v in facts.items()}))[:12]}"
    strata = Counter((row["dataset"], row["surface"]) for row in frame)
    places = [Stratum(dataset=d, surface=s, groups=n) for (d, s), n in sorted(strata.items())]
    return SamplePlan(**facts, plan_id=plan_id, frame=tuple(places), tests=tests_of(policy))


def _tasks(lake: Path, plan: SamplePlan, frame: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the posts that are drawn."""
    shared = {
        "plan_id": plan.plan_id, "purpose": "certify", "harm": plan.harm, "language": plan.language,
        "model_version": plan.model_version, "policy_version": plan.policy_version,
        "threshold": plan.threshold, "drawn_at": time_after(lake, [OPERATIONS]),
        "operator": operator(),
    }  # fmt: skip
    return [shared | row for row in draw(frame, ("certify", *plan.key), plan.labels)]


def _planned(lake: Path, plan: SamplePlan) -> SamplePlan | None:
    """The plan as it was made before.

    Raises:
        DataRefused: another one was made for the same harm, language and surface of the pair.
    """
    same = None
    for other in plans(lake):
        if other.key == plan.key and other.plan_id != plan.plan_id:
            raise DataRefused(
                f"{other.plan_id} is planned for the same: finish it; trying until one comes out"
                " well is no guarantee, so another attempt needs another version of the policy"
            )
        same = other if other.plan_id == plan.plan_id else same
    return same


def plans(lake: Path) -> list[SamplePlan]:
    """Every plan as it was recorded last, the oldest first."""
    sql = f"SELECT object, details FROM operations_v1 WHERE act = '{ACT}' ORDER BY at"
    rows = delta.query(lake, sql).to_pylist()
    newest = {row["object"]: json.loads(row["details"]) for row in rows}
    return [SamplePlan.model_validate(details) for details in newest.values()]

"""From the verdicts on a sample's posts to the claims that they bear out."""

from collections import defaultdict
from pathlib import Path

from harmsweep.errors import DataRefused
from harmsweep.names import did_you_mean
from harmsweep.policy.certificates import (
    Certificate,
    SampleSource,
    build_certificate,
    find_certificate,
)
from harmsweep.policy.claims import Claim, Counts, Population, bounds_from
from harmsweep.policy.file import Policy
from harmsweep.policy.ladders import PrecisionTarget
from harmsweep.release.sample_plan import SamplePlan, plans, targets_of
from harmsweep.release.task_answers import Answers, answers_to, tasks_of


def find_sample_plan(lake: Path, plan_id: str) -> SamplePlan:
    """A plan by its id.

    Raises:
        DataRefused: there is none; with the nearest.
    """
    known = {plan.plan_id: plan for plan in plans(lake)}
    if plan_id not in known:
        raise DataRefused(f"there is no plan {plan_id}{did_you_mean(plan_id, set(known))}")
    return known[plan_id]


def answers(lake: Path, plan: SamplePlan) -> Answers:
    """What people found of a plan's posts; a post that is gone counts as wrong."""
    tasks = tasks_of(lake, plan.plan_id)
    if len(tasks) != plan.labels:
        raise DataRefused(
            f"{plan.plan_id} has {len(tasks)} of its {plan.labels} tasks: plan it again as it was"
        )
    return answers_to(lake, tasks)


def finished(lake: Path, plan: SamplePlan, policy: Policy, folder: Path) -> Certificate:
    """The certificate of the plan's pair with the claims that its answers bear out; not written.

    Raises:
        DataRefused: a task is open, the policy is another, or the pair was certified otherwise.
        CertificateRefused: the pair's certificate is no valid one.
    """
    if policy.policy_version != plan.policy_version:
        raise DataRefused(
            f"{plan.plan_id} is of {plan.policy_version}, and the file is {policy.policy_version}"
        )
    given = answers(lake, plan)
    if given.open:
        raise DataRefused(
            f"{plan.plan_id}: {len(given.open)} of {plan.labels} tasks wait for a verdict with its"
            f" harm, or reviewers differ: {', '.join(given.open[:5])}"
        )
    targets = targets_of(policy, plan.harm, plan.surface)
    claims = [_claim(plan, target, len(given.right)) for target in targets]
    before = find_certificate(folder, plan.model_version, plan.policy_version)
    source = SampleSource(first=plan.first, last=plan.last, tests=plan.tests)
    others: list[Claim] = []
    if before is not None:
        if not isinstance(before.source, SampleSource):
            raise DataRefused(f"{plan.policy_version} is certified from a snapshot: a pair has one")
        others = [claim for claim in before.claims if claim.plan != plan.plan_id]
        days = {"first": min(before.source.first, plan.first)}
        days |= {"last": max(before.source.last, plan.last)}
        source = source.model_copy(update=days)
    in_order = sorted([*others, *claims], key=lambda c: (c.harm, c.language, c.target))
    return build_certificate(plan.model_version, plan.policy_version, source, in_order)


def _claim(plan: SamplePlan, target: PrecisionTarget, right: int) -> Claim:
    level = (1 - target.confidence) / plan.tests
    counts = Counts(
        threshold=plan.threshold,
        flagged_groups=plan.labels,
        right_groups=right,
        flagged_posts=plan.labels,
        right_posts=right,
        lower_bound=0.0,
    )
    bounds = bounds_from(counts, error=level, prevalence=target.prevalence, is_sample=True)
    counts = counts.model_copy(update={"lower_bound": bounds.lower_bound})
    datasets = defaultdict[str, int](int)
    for stratum in plan.frame:
        datasets[stratum.dataset] += stratum.groups
    falls_short = f"{right} of {plan.labels} sampled posts are right: {bounds.lower_bound:.2f}"
    return Claim(
        harm=plan.harm,
        language=plan.language,
        **target._asdict(),
        reason="" if bounds.lower_bound >= target.precision else f"{falls_short} or more",
        level=level,
        bound=bounds.bound,
        plan=plan.plan_id,
        counts=counts,
        population=Population(
            posts=plan.posts, groups=dict(datasets), prevalence=None, strata=plan.frame
        ),
    )

"""`harmsweep certify`: promises from a random sample of what a threshold flags among live posts."""

import sys
from datetime import date
from typing import Annotated, Any

from cyclopts import App, Parameter

from harmsweep.cli.for_another import say_on_trust
from harmsweep.cli.options import DEFAULT_LAKE, DryRun, Lake, Model, Policy, Reason, check_reason
from harmsweep.cli.output import print_grid
from harmsweep.errors import WrongUse
from harmsweep.plurals import counted

Harm = Annotated[str, Parameter(help="The harm whose threshold is to be certified.")]
certify = App(
    name="certify", help="Certify a threshold from a sample, and watch what is certified."
)
Claim = Annotated[str, Parameter(help="The claim's name, as `harmsweep certify watch` prints it.")]
COLUMNS = ("precision", "confidence", "level", "labels", "wrong at most", "power")


@certify.command
def plan(
    *,
    model: Model,
    policy: Policy,
    harm: Harm,
    first: Annotated[date, Parameter(name="--from", help="First UTC day of posts.")],
    last: Annotated[date | None, Parameter(name="--to", help="Last UTC day.")] = None,
    threshold: Annotated[float, Parameter(help="Posts that score so much are sampled.")] = 0.5,
    language: Annotated[str, Parameter(help="Their language.")] = "en",
    surface: Annotated[str, Parameter(help="The surface of the policy's rule.")] = "all",
    expected: Annotated[float, Parameter(help="The precision that the model may have.")] = 0.99,
    power: Annotated[float, Parameter(help="The chance that such a model passes.")] = 0.8,
    labels: Annotated[
        int | None, Parameter(help="Labels to ask for instead of those of the power.")
    ] = None,
    reason: Reason = "",
    dry_run: DryRun = False,
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Say how many labels show which promise, draw the posts, and write the tasks.

    People answer with `harmsweep verdict`; then `harmsweep certify finish` makes the claims.
    """
    from harmsweep.model.reference import check_evaluated, load_model_ref
    from harmsweep.policy.file import check_approves, load_policy
    from harmsweep.release.sample_plan import SampleRequest, plan_sample

    check_reason(reason, dry_run)
    parsed, ref = load_policy(policy), load_model_ref(model)
    version = ref.model_version
    check_approves(parsed, version)
    needed = _needed(parsed, harm, surface, expected=expected, power=power, labels=labels)
    check_evaluated(ref, harm, language)
    asked = SampleRequest(harm, language, surface, threshold, first, last or first, needed)
    made = plan_sample(lake, parsed, version, asked, reason=reason, dry_run=dry_run)
    print(made.line())
    if not dry_run:
        say_on_trust(lake)


def _needed(
    policy: Any, harm: str, surface: str, *, expected: float, power: float, labels: int | None
) -> int:
    """How many labels the policy's precisions of a harm take; prints what each number shows."""
    from harmsweep.release.sample_plan import targets_of, tests_of
    from harmsweep.release.sample_size import fewest_labels, size_of

    rows, needed = list[tuple[str, ...]](), list[int]()
    for target in targets_of(policy, harm, surface):
        level = (1 - target.confidence) / tests_of(policy)
        of = {"precision": target.precision, "level": level, "expected": expected}
        size = size_of(labels, **of) if labels else fewest_labels(**of, power=power)
        if size is None:
            told = "as many labels as people can give" if not labels else counted(labels, "label")
            raise WrongUse(f"{told} show no precision of {target.precision:g}")
        needed.append(size.labels)
        stated = f"{target.precision:g}", f"{target.confidence:g}", f"{level:.4f}"
        rows.append((*stated, str(size.labels), str(size.wrong), f"{size.power:.2f}"))
    print_grid(COLUMNS, rows, right=set(COLUMNS))
    return max(needed)


@certify.command
def status(plan_id: str | None = None, *, lake: Lake = DEFAULT_LAKE) -> None:
    """Show what became of the tasks of each plan, or list those of one that wait."""
    from harmsweep.release.sample_claims import answers, find_sample_plan
    from harmsweep.release.sample_plan import plans

    chosen = [find_sample_plan(lake, plan_id)] if plan_id else plans(lake)
    for one in chosen:
        given = answers(lake, one)
        why = "; a post that is gone counts as wrong" if given.gone else ""
        print(f"{one.line()}: {given.line()}{why}")
        if plan_id and given.open:
            print("\n".join(given.open))
    if not chosen:
        print("no plan was made", file=sys.stderr)


@certify.command
def finish(
    plan_id: str,
    *,
    model: Model,
    policy: Policy,
    dry_run: DryRun = False,
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Make the claims of a plan whose tasks are all answered, beside the model."""
    from harmsweep.model.reference import load_model_ref
    from harmsweep.operations.audit import record
    from harmsweep.policy.certificates import check_extension, extend_certificate
    from harmsweep.policy.file import load_policy
    from harmsweep.release.claims_table import claim_line
    from harmsweep.release.sample_claims import find_sample_plan, finished

    found, ref = find_sample_plan(lake, plan_id), load_model_ref(model)
    if ref.model_version != found.model_version:
        raise WrongUse(f"--model: is {ref.model_version}; the plan is of {found.model_version}")
    certificate = finished(lake, found, load_policy(policy), ref.certificates)
    print("\n".join(claim_line(one) for one in certificate.claims if one.plan == plan_id))
    check_extension(certificate, ref.certificates)
    if not dry_run:
        details = {"digest": certificate.digest}
        record(lake, "certify finish", plan_id, details=details)
        print(extend_certificate(certificate, ref.certificates))


@certify.command
def watch(*, model: Model, policy: Policy, lake: Lake = DEFAULT_LAKE) -> None:
    """Show the claims in force and those that are suspended, and what people found of each."""
    from harmsweep.release.conf import load_release
    from harmsweep.release.watch import watched

    found = watched(lake, *_pair(model, policy), load_release().watch)
    print("\n".join(one.line() for one in found) or "no claim is in force")


@certify.command
def suspend(
    claim: Claim,
    *,
    model: Model,
    policy: Policy,
    reason: Reason = "",
    dry_run: DryRun = False,
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Suspend a claim: from the next decide on it leads to review alone, until it is resumed."""
    from harmsweep.operations.suspensions import suspend as act

    check_reason(reason, dry_run)
    found = _find(lake, claim, model, policy)
    if not found.is_suspended and not dry_run:
        act(lake, found.pair, claim, reason=reason)
    _say(lake, claim, "leads to review alone", dry_run)


@certify.command
def resume(
    claim: Claim,
    *,
    model: Model,
    policy: Policy,
    reason: Reason = "",
    dry_run: DryRun = False,
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Let a suspended claim act again from the next decide on; its watch begins anew."""
    from harmsweep.operations.suspensions import resume as act

    check_reason(reason, dry_run)
    found = _find(lake, claim, model, policy)
    if found.is_suspended and not dry_run:
        act(lake, found.pair, claim, reason=reason)
    _say(lake, claim, "may act", dry_run)


def _find(lake: Any, claim: str, model: Any, policy: Any) -> Any:
    from harmsweep.release.watch import find_claim

    return find_claim(lake, claim, *_pair(model, policy))


def _pair(model: Any, policy: Any) -> tuple[Any, Any]:
    from harmsweep.model.reference import load_model_ref
    from harmsweep.policy.file import load_policy

    return load_model_ref(model), load_policy(policy)


def _say(lake: Any, claim: str, does: str, dry_run: bool) -> None:
    from harmsweep.lake.runs import DRY_RUN

    print(f"{claim}: {does} from the next decide on" + (f"; {DRY_RUN}" if dry_run else ""))
    if not dry_run:
        say_on_trust(lake)

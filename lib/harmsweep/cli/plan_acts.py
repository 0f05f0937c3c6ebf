"""What operators do with plans: plan, show, approve and apply."""

import sys
from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from harmsweep.cli.for_another import no_file, of_conf, say_on_trust
from harmsweep.cli.options import DEFAULT_LAKE, DryRun, Lake, Model, Policy, Reason, as_manifest
from harmsweep.cli.output import print_rows
from harmsweep.cli.sweeps import binding_of
from harmsweep.days import every_day
from harmsweep.errors import DataRefused, WrongUse

Page = Annotated[
    Path | None, Parameter(help="Write it as an HTML page to this file too.", validator=no_file)
]

Decide = Annotated[
    bool, Parameter(help="Decide first, here, about days without decisions.", negative=())
]


def plan(
    *,
    model: Model,
    policy: Policy,
    first: Annotated[date, Parameter(name="--from", help="First UTC day.")],
    last: Annotated[date | None, Parameter(name="--to", help="Last UTC day.")] = None,
    against_model: Annotated[
        Path | None, Parameter(help="Compare with this model instead.", converter=as_manifest)
    ] = None,
    against_policy: Annotated[
        Path | None, Parameter(help="Compare with this policy instead.", validator=of_conf)
    ] = None,
    decide: Decide = False,
    page: Page = None,
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Write down what sweeps of some days would do now, and who must approve it.

    It is compared with what holds, by the last sweep. With `--against-model` or `--against-policy`
    it is compared with what a sweep of that pair would leave, and is for reading alone. A policy
    that is only tried needs decisions too: with `--decide` they are made here, in a Spark of this
    machine, which takes half a minute and a day that fits it.
    """
    from harmsweep.enforcement.plans.make import make_plan
    from harmsweep.model.reference import load_model_ref
    from harmsweep.policy.file import load_policy

    days = every_day(first, last or first)
    if not days:
        raise WrongUse(f"--to {last} is before --from {first}")
    compared = bool(against_model or against_policy)
    pairs = [(model, policy), (against_model or model, against_policy or policy)]
    for of_model, of_policy in pairs[: 1 + compared] if decide else []:
        _decide(lake, days, of_model, of_policy)
    other = binding_of(lake, *pairs[1]) if compared else None
    new_plan = make_plan(
        lake, days, policy=load_policy(policy), model=load_model_ref(model), against=other
    )
    _show(lake, new_plan, page)
    say_on_trust(lake)


def _decide(lake: Path, days: Sequence[date], model: Path, policy: Path) -> None:
    """Decide about the days, those about which nothing is new excepted, and say so on stderr."""
    from harmsweep.lake.session import session
    from harmsweep.model.reference import load_model_ref
    from harmsweep.policy.file import load_policy
    from harmsweep.stages.decide.stage import decide_day

    parsed, ref = load_policy(policy), load_model_ref(model)
    for day in days:
        done = decide_day(partial(session, "decide"), lake, day, policy=parsed, model=ref)
        print(done.line(), file=sys.stderr)


def show(name: str, *, page: Page = None, lake: Lake = DEFAULT_LAKE) -> None:
    """Read a plan or a held batch before approving it: whom it touches, and masked samples.

    Parameters
    ----------
    name
        A plan's id or a batch's name; `harmsweep hold list` shows the batches.
    """
    from harmsweep.enforcement.plans.plan import find_plan
    from harmsweep.reports.plan import write_batch

    if name.startswith("plan-"):
        _show(lake, find_plan(lake, name), page)
        return
    batch = _find_batch(lake, name)
    _print_summary(lake, batch, {})
    if page:
        print(f"page: {write_batch(lake, batch, page)}", file=sys.stderr)
    print(f"{batch.line()}: of {batch.model_version} under {batch.policy_version}")


def _show(lake: Path, new_plan: Any, page: Path | None) -> None:
    from harmsweep.reports.plan import batch_headroom, write_plan

    _print_summary(lake, new_plan, {"beside its bounds": batch_headroom(lake, new_plan)})
    if page:
        print(f"page: {write_plan(lake, new_plan, page)}", file=sys.stderr)
    print(new_plan.line())


def _print_summary(lake: Path, shown: Any, more: dict[str, Any]) -> None:
    from harmsweep.enforcement.plans.summary import changing, samples, tables

    parts = {name: changing(rows) for name, rows in tables(lake, shown).items()}
    for name, rows in (parts | more | {"samples": samples(lake, shown)}).items():
        if rows:
            print(f"{name}:")
            print_rows(rows)


def approve(name: str, *, reason: Reason, lake: Lake = DEFAULT_LAKE) -> None:
    """Approve a plan or a held batch, as the user of the system; never one's own.

    Parameters
    ----------
    name
        A plan's id or a batch's name; `harmsweep hold list` shows the batches.
    """
    from harmsweep.enforcement.circuit_breaker.approvals import approve as keep

    request = _request_for(lake, name)
    names = keep(lake, request, reason)
    print(f"{name}: {len(names)} of {request.approvers} approvals ({', '.join(names)})")
    say_on_trust(lake)


def apply(plan_id: str, *, dry_run: DryRun = False, lake: Lake = DEFAULT_LAKE) -> None:
    """Carry out exactly a plan, once; refused where a subject of it changed since."""
    from harmsweep.enforcement.plans.apply import applied_lines, apply_plan

    print(apply_plan(lake, plan_id, dry_run=dry_run).line())
    print("\n".join(applied_lines(lake, plan_id)))


def _find_batch(lake: Path, name: str) -> Any:
    """A batch by its name; refuses what is, by its look, neither that nor a plan's id."""
    from harmsweep.enforcement.circuit_breaker.batches import find

    if ":" not in name:
        raise DataRefused(
            f"{name!r} is neither a plan's id, such as plan-20261001-0123456789ab, nor a batch's"
            " name, such as 20261001-0123456789ab:hate:apply; `harmsweep hold list` shows those"
        )
    return find(lake, name)


def _request_for(lake: Path, name: str) -> Any:
    from harmsweep.enforcement.circuit_breaker.batches import approval_request
    from harmsweep.enforcement.plans.plan import find_plan

    if name.startswith("plan-"):
        return find_plan(lake, name).approval_request
    return approval_request(lake, _find_batch(lake, name))

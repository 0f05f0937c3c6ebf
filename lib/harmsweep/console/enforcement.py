"""What operators do: plan, show, approve, apply, undo, replay, hold, ramp, stop and start."""

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter, Token

from harmsweep.console.bank import DEFAULT_LAKE, Lake
from harmsweep.console.show import cell, print_grid
from harmsweep.days import every_day
from harmsweep.job import FAILED, DataRefused
from harmsweep.registry import model_path

Reason = Annotated[str, Parameter(help="Why; it is kept in the audit.")]


def _manifest(_: Any, tokens: Sequence[Token]) -> Path:
    return model_path(tokens[0].value)


Model = Annotated[
    Path, Parameter(help="The model's manifest.json, or champion@FOLDER.", converter=_manifest)
]
Policy = Annotated[Path, Parameter(help="The policy's file.")]
DryRun = Annotated[bool, Parameter(help="Count, or say why not, and write nothing.", negative=())]
hold = App(name="hold", help="Batches that a cap holds: list, resume, discard.")


Page = Annotated[Path | None, Parameter(help="Write it as an HTML page to this file too.")]


def plan(
    *,
    model: Model,
    policy: Policy,
    first: Annotated[date, Parameter(name="--from", help="First UTC day.")],
    last: Annotated[date | None, Parameter(name="--to", help="Last UTC day.")] = None,
    against_model: Annotated[
        Path | None, Parameter(help="Compare with this model instead.", converter=_manifest)
    ] = None,
    against_policy: Annotated[
        Path | None, Parameter(help="Compare with this policy instead.")
    ] = None,
    page: Page = None,
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Write down what sweeps of some days would do now, and who must approve it.

    It is compared with what holds, by the last sweep. With `--against-model` or `--against-policy`
    it is compared with what a sweep of that pair would leave, and is for reading alone.
    """
    from harmsweep.certificates import folder_beside
    from harmsweep.enforce.plans import make_plan
    from harmsweep.manifest import load_manifest

    days = every_day(first, last or first)
    if not days:
        raise DataRefused(f"--to {last} is before --from {first}")
    version = load_manifest(model).model_version
    folder = folder_beside(model)
    compared = bool(against_model or against_policy)
    other = _mandate(lake, against_model or model, against_policy or policy) if compared else None
    made = make_plan(
        lake, days, policy=policy, model_version=version, certificates=folder, against=other
    )
    _show(lake, made, page)


def show(plan_id: str, *, page: Page = None, lake: Lake = DEFAULT_LAKE) -> None:
    """Read a plan before approving it: whom it touches, its bounds now, and masked samples."""
    from harmsweep.enforce.plans import find_plan

    _show(lake, find_plan(lake, plan_id), page)


def _show(lake: Path, made: Any, page: Path | None) -> None:
    from harmsweep.enforce.plans.reading import samples, tables
    from harmsweep.report.plan import bounded, write_plan

    for rows in (*tables(lake, made).values(), bounded(lake, made), samples(lake, made)):
        _print_rows(rows)
    if page:
        print(f"page: {write_plan(lake, made, page)}", file=sys.stderr)
    print(made.line())


def approve(name: str, *, reason: Reason, lake: Lake = DEFAULT_LAKE) -> None:
    """Approve a plan or a held batch, as the user of the system; never one's own.

    Parameters
    ----------
    name
        A plan's id or a batch's name; `harmsweep hold list` shows the batches.
    """
    from harmsweep.enforce.breaker.approvals import approve as keep

    asked = _asked(lake, name)
    have = keep(lake, asked, reason)
    print(f"{name}: {len(have)} of {asked.approvers} approvals ({', '.join(have)})")


def apply(plan_id: str, *, dry_run: DryRun = False, lake: Lake = DEFAULT_LAKE) -> None:
    """Carry out exactly a plan, once; refused where a subject of it changed since."""
    from harmsweep.enforce.plans import apply_plan

    print(apply_plan(lake, plan_id, dry_run=dry_run).line())


def undo(
    sweep_id: str,
    *,
    harm: str | None = None,
    action: str | None = None,
    post: list[str] | None = None,
    redo: bool = False,
    dry_run: bool = False,
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Restore what held before a sweep, or a part of it, wherever its effect still holds.

    Parameters
    ----------
    sweep_id
        The sweep, as in actions.
    harm
        Only effects of this harm.
    action
        Only effects of this action, such as remove.
    post
        Only effects on this post; may be given more than once.
    redo
        Put back what was undone.
    dry_run
        Count, and write nothing.
    """
    from harmsweep.enforce import Part
    from harmsweep.enforce import undo as restore

    part = Part(harm, action, tuple(post or ()))
    done = restore(lake, sweep_id=sweep_id, part=part, redo=redo, dry_run=dry_run)
    print(done.line())


def replay(post: str, *, model: Model, lake: Lake = DEFAULT_LAKE) -> None:
    """Compute past decisions on a post anew from what was kept of them; exit code 1 if one differs.

    Parameters
    ----------
    post
        The post; each visible effect of a model's decision on it is a row.
    """
    from harmsweep.enforce.replay import replay as anew

    found = anew(lake, post, model)
    rows = [
        (
            f"{r.entry.recorded_at:%Y-%m-%d %H:%M}",
            r.entry.action,
            r.entry.harm or "",
            f"{r.entry.score:.6f}",
            "" if r.score is None else f"{r.score:.6f}",
            f"{r.entry.threshold or 0:.6f}",
            f"{r.outcome}{': ' if r.why else ''}{r.why}",
        )
        for r in found
    ]
    heads = ("at", "action", "harm", "score", "now", "threshold", "comes out")
    print_grid(heads, rows, right={"score", "now", "threshold"})
    if any(r.outcome == "differs" for r in found):
        sys.exit(FAILED)


@hold.command(name="list")
def list_(*, lake: Lake = DEFAULT_LAKE) -> None:
    """List the batches that wait, with the approvals that each has and needs."""
    from harmsweep.enforce.breaker.approvals import approved_by
    from harmsweep.enforce.breaker.batches import asked, waiting

    rows = []
    for batch in waiting(lake):
        wanted = asked(lake, batch)
        have = f"{len(approved_by(lake, wanted))} of {wanted.approvers}"
        rows.append((batch.batch.name, str(batch.effects), batch.planner, have))
    print_grid(("batch", "effects", "held by", "approvals"), rows, right={"effects"})


@hold.command
def resume(name: str, *, model: Model, policy: Policy, lake: Lake = DEFAULT_LAKE) -> None:
    """Let an approved batch take effect; what changed since it was held is refused."""
    from harmsweep.enforce.breaker import batches

    print(batches.resume(lake, name, _mandate(lake, model, policy)).line())


@hold.command
def discard(name: str, *, reason: Reason, lake: Lake = DEFAULT_LAKE) -> None:
    """Refuse a batch: none of its effects happens while its decisions stay as they are."""
    from harmsweep.enforce.breaker import batches

    print(batches.discard(lake, name, reason=reason).line())


def stop(*, reason: Reason, lake: Lake = DEFAULT_LAKE) -> None:
    """Stop all automatic effects at once, also of a sweep that runs; undo still works."""
    from harmsweep import operations

    operations.stop(lake, reason)
    print(f"{lake}: stopped")


def start(*, reason: Reason, lake: Lake = DEFAULT_LAKE) -> None:
    """Let automatic effects go on; what was cut short is finished by the day's next sweep."""
    from harmsweep import operations

    operations.start(lake, reason)
    print(f"{lake}: started")


def _asked(lake: Path, name: str) -> Any:
    from harmsweep.enforce.breaker.batches import asked, find
    from harmsweep.enforce.plans import find_plan

    return (
        find_plan(lake, name).asked if name.startswith("plan-") else asked(lake, find(lake, name))
    )


def _mandate(lake: Path, model: Path, policy: Path) -> Any:
    from harmsweep.certificates import folder_beside
    from harmsweep.enforce.rules import load_mandate
    from harmsweep.manifest import load_manifest

    version = load_manifest(model).model_version
    return load_mandate(lake, policy, version, folder_beside(model))


def _print_rows(rows: list[dict[str, Any]]) -> None:
    if rows:
        numbers = {name for name, value in rows[0].items() if isinstance(value, int | float)}
        print_grid(tuple(rows[0]), [tuple(map(cell, r.values())) for r in rows], right=numbers)


def ramp(
    *,
    model: Model,
    policy: Policy,
    share: Annotated[float, Parameter(help="Of the authors: 0 is shadow, 1 is everybody.")],
    reason: Reason,
    instead_of: Annotated[
        str, Parameter(help="MODEL/POLICY, the versions in force for all other authors.")
    ] = "",
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Put a model and a policy in force for a share of the authors, who stay in as it grows."""
    from harmsweep import operations
    from harmsweep.manifest import load_manifest
    from harmsweep.policy import load_policy

    if not 0 <= share <= 1:
        raise DataRefused(f"--share {share} is not between 0 and 1")
    pair = f"{load_manifest(model).model_version}/{load_policy(policy).policy_version}"
    operations.ramp(lake, pair, share, instead_of=instead_of, reason=reason)
    print(f"{pair}: in force for {share:.1%} of the authors")

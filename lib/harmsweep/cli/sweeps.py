"""What operators do to sweeps: undo, replay, hold, ramp, stop and start."""

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from harmsweep.cli.for_another import of_conf, say_on_trust
from harmsweep.cli.options import DEFAULT_LAKE, DryRun, Lake, Model, Policy, Reason, check_reason
from harmsweep.cli.output import print_grid, track
from harmsweep.days import every_day
from harmsweep.errors import FAILED, WrongUse
from harmsweep.names import did_you_mean
from harmsweep.operations import ramps, switch

hold = App(name="hold", help="Batches that a cap holds: list, resume, discard.")


def undo(
    name: str,
    *,
    reason: Reason = "",
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
    name
        A sweep, as in actions, or a plan that was applied: all of its sweeps.
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
    from harmsweep.enforcement.undo import Part, undo_each

    check_reason(reason, dry_run)
    part = Part(harm, action, tuple(post or ()))
    for done in undo_each(lake, name, part=part, redo=redo, reason=reason, dry_run=dry_run):
        print(done.line())


def replay(
    post: str | None = None,
    *,
    model: Model,
    first: Annotated[
        date | None, Parameter(name="--from", help="Without a post: first day.")
    ] = None,
    last: Annotated[date | None, Parameter(name="--to", help="Last UTC day.")] = None,
    policy: Annotated[
        Path | None,
        Parameter(help="A policy's file, beside those in LAKE/policy.", validator=of_conf),
    ] = None,
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Make past decisions anew from what was kept; exit code 1 if one differs or has lost it.

    Parameters
    ----------
    post
        Every visible effect of a model's decision on this post is a row. Without it: those of all
        posts from --from to --to, of which only the ones that do not come out the same are rows.
    """
    from harmsweep.enforcement.replay import UNCHECKED, replay_day
    from harmsweep.enforcement.replay import replay as anew

    if (post is None) == (first is None):
        raise WrongUse("give a post, or --from")
    days = every_day(first, last or first) if first else []
    by_day = (replay_day(lake, day, model, policy=policy) for day in track(days, "days"))
    of_post = anew(lake, post, model, policy=policy) if post else []
    replayed = of_post or [one for some in by_day for one in some]
    shown = replayed if post else [one for one in replayed if one.outcome != "same"]
    _print_replayed(shown)
    outcomes = Counter(one.outcome for one in replayed)
    print(", ".join(f"{n} {outcome}" for outcome, n in sorted(outcomes.items())))
    unchecked = sum(one.why == UNCHECKED for one in replayed)
    if unchecked:
        print(f"{unchecked} of them by score and threshold alone: {UNCHECKED}")
    if any(one.is_fault for one in replayed):
        sys.exit(FAILED)


def _print_replayed(replayed: Sequence[Any]) -> None:
    rows = [
        (
            r.entry.subject_id,
            f"{r.entry.recorded_at:%Y-%m-%d %H:%M}",
            r.entry.action,
            r.entry.harm or "",
            f"{r.entry.score:.6f}",
            "" if r.score is None else f"{r.score:.6f}",
            f"{r.entry.threshold or 0:.6f}",
            f"{r.outcome}{': ' if r.why else ''}{r.why}",
        )
        for r in replayed
    ]
    heads = ("post", "at", "action", "harm", "score", "now", "threshold", "comes out")
    if rows:
        print_grid(heads, rows, right={"score", "now", "threshold"})


@hold.command(name="list")
def list_(*, lake: Lake = DEFAULT_LAKE) -> None:
    """List the batches that wait, with the approvals that each has and needs."""
    from harmsweep.enforcement.circuit_breaker.approvals import approved_by
    from harmsweep.enforcement.circuit_breaker.batches import approval_request, waiting

    rows = []
    for batch in waiting(lake):
        request = approval_request(lake, batch)
        approvals = f"{len(approved_by(lake, request))} of {request.approvers}"
        rows.append((batch.batch.name, str(batch.effects), " and ".join(batch.planners), approvals))
    print_grid(("batch", "effects", "held by", "approvals"), rows, right={"effects"})


@hold.command
def resume(
    name: str,
    *,
    model: Model,
    policy: Policy,
    reason: Reason = "",
    dry_run: DryRun = False,
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Let an approved batch take effect; what changed since it was held is refused."""
    from harmsweep.enforcement.circuit_breaker import batches

    check_reason(reason, dry_run)
    binding = binding_of(lake, model, policy)
    print(batches.resume(lake, name, binding, reason=reason, dry_run=dry_run).line())
    say_on_trust(lake)


@hold.command
def discard(name: str, *, reason: Reason, lake: Lake = DEFAULT_LAKE) -> None:
    """Refuse a batch: none of its effects happens while its decisions stay as they are."""
    from harmsweep.enforcement.circuit_breaker import batches

    print(batches.discard(lake, name, reason=reason).line())
    say_on_trust(lake)


def stop(*, reason: Reason, lake: Lake = DEFAULT_LAKE) -> None:
    """Stop all automatic effects at once, also of a sweep that runs; undo still works."""

    switch.stop(lake, reason)
    print(f"{lake}: stopped")


def start(*, reason: Reason, lake: Lake = DEFAULT_LAKE) -> None:
    """Let automatic effects go on; what was cut short is finished by the day's next sweep."""

    switch.start(lake, reason)
    print(f"{lake}: started")


def binding_of(lake: Path, model: Path, policy: Path) -> Any:
    from harmsweep.enforcement.state.policy_binding import load_policy_binding
    from harmsweep.model.reference import load_model_ref
    from harmsweep.policy.file import load_policy

    ref = load_model_ref(model)
    return load_policy_binding(lake, load_policy(policy), ref.model_version, ref.certificates)


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
    from harmsweep.enforcement.state.decisions import decided_pairs
    from harmsweep.model.reference import load_model_ref
    from harmsweep.policy.file import load_policy

    if not 0 <= share <= 1:
        raise WrongUse(f"--share {share} is not between 0 and 1")
    if instead_of and instead_of not in (pairs := decided_pairs(lake)):
        told = f"--instead-of {instead_of!r} decided about no post of {lake}"
        raise WrongUse(told + did_you_mean(instead_of, pairs))
    pair = f"{load_model_ref(model).model_version}/{load_policy(policy).policy_version}"
    ramps.ramp(lake, pair, share, instead_of=instead_of, reason=reason)
    print(f"{pair}: in force for {share:.1%} of the authors")

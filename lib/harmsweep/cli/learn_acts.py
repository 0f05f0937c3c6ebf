"""`harmsweep learn`: posts that people label, so that the next model learns most."""

from datetime import date
from typing import Annotated, Any

from cyclopts import App, Parameter

from harmsweep.cli.for_another import say_on_trust
from harmsweep.cli.options import DEFAULT_LAKE, DryRun, Lake, Model, Policy, Reason, check_reason
from harmsweep.cli.output import print_grid

learn = App(name="learn", help="Queue posts for people to label, and say what their answers show.")
DRAWN = ("day", "harm", "posts", "threshold", "audit", "uncertain", "above", "tasks")
FOUND = ("harm", "right", "wrong", "gone", "open", "prevalence", "precision", "recall")


@learn.command
def plan(
    *,
    model: Model,
    policy: Policy,
    first: Annotated[date, Parameter(name="--from", help="First UTC day of posts.")],
    last: Annotated[date | None, Parameter(name="--to", help="Last UTC day.")] = None,
    reason: Reason = "",
    dry_run: DryRun = False,
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Draw each head's posts of each day, once, and write the tasks.

    How many is in conf/release.yaml. People answer with `harmsweep verdict`; the label stage makes
    labels of what they say.
    """
    from harmsweep.days import every_day
    from harmsweep.lake.runs import DRY_RUN
    from harmsweep.model.reference import load_model_ref
    from harmsweep.plurals import counted
    from harmsweep.policy.file import load_policy
    from harmsweep.release.conf import load_release
    from harmsweep.release.label_queue import fill_queue

    check_reason(reason, dry_run)
    pair = load_model_ref(model), load_policy(policy)
    days, config = every_day(first, last or first), load_release().queue
    drawn = fill_queue(lake, days, *pair, config, reason=reason, dry_run=dry_run)
    print_grid(DRAWN, [_drawn(one) for one in drawn], right={*DRAWN[2:]})
    posts = {(task["day"], task["post_id"]) for one in drawn for task in one.tasks}
    print(f"{counted(len(posts), 'post')} to look at{f'; {DRY_RUN}' if dry_run else ''}")
    if not dry_run:
        say_on_trust(lake)


def _drawn(one: Any) -> tuple[str, ...]:
    kinds = (f"{len(frame.drawn)} of {len(frame.places):,}" for frame in one.frames)
    counts = f"{one.posts:,}", f"{one.threshold:g}", *kinds, str(len(one.tasks))
    return (str(one.day), one.harm, *counts)


@learn.command
def status(harm: str | None = None, *, lake: Lake = DEFAULT_LAKE) -> None:
    """Show what people answered for each head and what it says of all posts; of one, what waits."""
    from harmsweep.release.queue_estimates import head_estimates

    found = head_estimates(lake, harm)
    rows = [
        (
            one.harm,
            *(str(len(getattr(one.answers, name))) for name in FOUND[1:5]),
            *map(_share, (one.prevalence, one.precision, one.recall)),
        )
        for one in found
    ]
    print_grid(FOUND, rows, right={*FOUND[1:]})
    if harm:
        print("\n".join(post for one in found for post in one.answers.open))


def _share(share: Any) -> str:
    return f"{share.value:.3f} ({share.low:.3f} to {share.high:.3f})" if share.n else "-"

"""`harmsweep verdict`, `appeal`, `order`, `exempt`: reviewers, authors and authorities."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from harmsweep.cli.for_another import say_on_trust
from harmsweep.cli.options import DEFAULT_LAKE, Lake, Policy, Reason
from harmsweep.cli.output import print_grid, print_rows
from harmsweep.logs import clean
from harmsweep.plurals import counted
from harmsweep.review import allow_list

DryRun = Annotated[
    bool,
    Parameter(help="Act in a copy of the lake, list the effects, and write nothing.", negative=()),
]
# The columns of an effect that a dry run lists.
EFFECT = {
    "day": "day", "subject": "subject_kind", "id": "subject_id", "surface": "surface",
    "in": "jurisdiction", "lane": "lane", "from": "previous_action", "to": "action", "harm": "harm",
}  # fmt: skip
Rationale = Annotated[str, Parameter(help="Why, in the reviewer's words.")]
appeal = App(name="appeal", help="Appeals of authors: file, list, decide, outcomes.")
order = App(name="order", help="Orders, referrals and trusted flags: receive, list, withdraw.")


def verdict(
    post: str,
    outcome: Literal["benign", "harmful"],
    *,
    rationale: Rationale,
    harm: Annotated[str | None, Parameter(help="The harm that was found.")] = None,
    action: Annotated[str | None, Parameter(help="What is to be done, such as remove.")] = None,
    dry_run: DryRun = False,
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Keep what a reviewer found of a post's current revision, and carry it out.

    Benign lifts what holds, and blocks automation until the post is edited. Harmful takes the
    action, if one is given. Copies of the post follow under guard: see docs/enforcement.md.
    """
    from harmsweep.enforcement.state.day_ledger import now_micros
    from harmsweep.review import verdicts
    from harmsweep.review.apply_now import apply_verdict

    with _acting(lake, dry_run) as target:
        row = verdicts.decide(target, post, outcome, harm=harm, action=action, rationale=rationale)
        new_entries = apply_verdict(target, row, clock=now_micros)
        print(
            f"{clean(post)} revision {row['revision']} of {row['day']}: {outcome},"
            f" {counted(len(new_entries), 'effect')}"
        )


@appeal.command(name="file")
def file_(
    post: str,
    *,
    author: Annotated[str, Parameter(help="The author's id: nobody else may appeal.")],
    statement: Annotated[str, Parameter(help="What the author says.")] = "",
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Enter an author's appeal against what holds for a post."""
    from harmsweep.review.appeals import file_appeal

    row = file_appeal(lake, post, author_id=author, statement=statement)
    print(f"{row['appeal_id']}: {row['action']} for {row['harm']}, due {_day(row['due_at'])}")


@appeal.command(name="list")
def queue(*, lake: Lake = DEFAULT_LAKE) -> None:
    """List the appeals that wait, the first due first.

    What a verdict, an undo, an edit, a deletion or its end has lifted since waits for nobody:
    `appeal outcomes` says by what such an appeal was closed.
    """
    from harmsweep.review.appeals import queue as waiting

    rows = [
        (r["appeal_id"], r["post_id"], r["action"], r["harm"], _due(r), f"{r['views'] or 0:,.0f}")
        for r in waiting(lake)
    ]
    print_grid(("appeal", "post", "action", "harm", "due", "views"), rows, right={"views"})


@appeal.command
def decide(
    appeal_id: str,
    outcome: Literal["overturned", "upheld"],
    *,
    policy: Policy,
    rationale: Rationale,
    dry_run: DryRun = False,
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Decide an appeal: overturned restores the post, its copies and the strike at once.

    Who judged the post before the appeal can't.
    """
    from harmsweep.review.appeals import decide_appeal

    with _acting(lake, dry_run) as target:
        row = decide_appeal(target, appeal_id, outcome, policy=policy, rationale=rationale)
        lost = row["views_lost"]
        about = "" if lost is None else f", about {lost:,} views lost"
        print(f"{appeal_id}: {outcome}, {counted(row['effects'], 'effect')}{about}")


@appeal.command
def outcomes(
    *,
    first: Annotated[date, Parameter(name="--from", help="First day of posts (UTC).")],
    last: Annotated[date | None, Parameter(name="--to", help="Last day.")] = None,
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Show what came of the appeals about posts of some days, by harm and action.

    The share overturned has its 95 % interval; it is of those who appealed, not of all actions.
    """
    from harmsweep.review.appeal_outcomes import outcomes as read_outcomes

    rows = read_outcomes(lake, first, last or first)
    print_rows(rows)
    names = ("filed", "decided", "closed", "waiting", "views_lost")
    sums = {n: sum(row[n] or 0 for row in rows) for n in names}
    counts = ", ".join(f"{sums[n]} {n}" for n in names[:-1])
    print(f"{counts}, {sums['views_lost']:,} views lost")


@order.command
def receive(
    post: str,
    *,
    kind: Annotated[Literal["order", "referral", "flag"], Parameter(help="An order acts at once.")],
    authority: Annotated[str, Parameter(help="Who sent it.")],
    reference: Annotated[str, Parameter(help="Their number for it.")],
    reason: Reason,
    due_hours: Annotated[float, Parameter(help="In how many hours it is to be answered.")] = 24,
    action: Annotated[str, Parameter(help="What an order asks for, such as remove.")] = "review",
    jurisdiction: Annotated[str, Parameter(help="Country where it holds, such as DE.")] = "all",
    harm: Annotated[str | None, Parameter(help="The harm that it names.")] = None,
    until: Annotated[datetime | None, Parameter(help="When it ends by itself (UTC).")] = None,
    dry_run: DryRun = False,
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Enter an authority's order or referral, or a trusted flagger's notice."""
    from harmsweep.review import orders

    with _acting(lake, dry_run) as target:
        row = orders.receive(
            target,
            post,
            kind=kind,
            authority=authority,
            reference=reference,
            due_at=datetime.now(UTC) + timedelta(hours=due_hours),
            reason=reason,
            action=action,
            jurisdiction=jurisdiction,
            harm=harm,
            until=until.replace(tzinfo=UTC) if until and until.tzinfo is None else until,
        )
        effects = counted(row["effects"], "effect")
        print(f"{row['order_id']}: {_asked(row)}, due {_due(row)}, {effects}")


@order.command(name="list")
def listed(*, lake: Lake = DEFAULT_LAKE) -> None:
    """List what was received and not withdrawn, the first due first."""
    from harmsweep.review.orders import listed as standing

    rows = [
        (r["order_id"], r["post_id"], r["action"], r["jurisdiction"], r["authority"], _due(r))
        for r in standing(lake)
    ]
    print_grid(("order", "post", "action", "in", "from", "due"), rows, right=set())


@order.command
def withdraw(
    order_id: str, *, reason: Reason, dry_run: DryRun = False, lake: Lake = DEFAULT_LAKE
) -> None:
    """End an order, and lift what it alone put in force."""
    from harmsweep.review import orders

    with _acting(lake, dry_run) as target:
        row = orders.withdraw(target, order_id, reason=reason)
        print(f"{order_id}: withdrawn, {counted(row['effects'], 'effect')}")


def exempt(
    subject: str,
    *,
    kind: Annotated[allow_list.Kind, Parameter(help="Why; none ends an exemption.")],
    reason: Reason,
    account: Annotated[bool, Parameter(help="The subject is an account, not a post.")] = False,
    until: Annotated[datetime | None, Parameter(help="When it ends by itself (UTC).")] = None,
    lake: Lake = DEFAULT_LAKE,
) -> None:
    """Put a post or an account on the allow-list: nothing but review is automatic there."""

    name = "account" if account else "post"
    allow_list.exempt(lake, name, subject, kind=kind, until=until, reason=reason)
    print(f"{name} {clean(subject)}: {kind}")


@contextmanager
def _acting(lake: Path, dry_run: bool) -> Iterator[Path]:
    """The lake to act in: for a dry run a copy, whose effects are listed at the end."""
    from harmsweep.enforcement.dry_run import effects_since, scratch_copy
    from harmsweep.lake.runs import DRY_RUN

    if not dry_run:
        yield lake
        say_on_trust(lake)
        return
    began = datetime.now(UTC)
    with scratch_copy(lake) as copy:
        yield copy
        effects = effects_since(copy, lake, began)
    print_rows([{head: row[name] for head, name in EFFECT.items()} for row in effects])
    print(DRY_RUN)


def _asked(row: dict[str, Any]) -> str:
    about = f" for {row['harm']}" if row["harm"] else ""
    end = f" until {_day(row['until'])}" if row["until"] else ""
    return f"{row['action']} in {row['jurisdiction']}{about}{end}"


def _due(row: dict[str, Any]) -> str:
    late = " (late)" if row["due_at"] < datetime.now(UTC) else ""
    return f"{_day(row['due_at'])}{late}"


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"

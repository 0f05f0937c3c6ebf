"""What people ask for on a day's posts: reviewers' verdicts, with their copies, and orders."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.rules.effects import from_micros
from harmsweep.enforcement.rules.lanes import Instruction, severest
from harmsweep.enforcement.rules.ledger import ORDER, REVIEW, Scope, holding
from harmsweep.enforcement.state.copies import (
    InheritedVerdict,
    Verdict,
    find_copies,
    inherit,
    known_good,
    verdicts,
)
from harmsweep.enforcement.state.day_ledger import DayLedger, Histories
from harmsweep.lake import delta
from harmsweep.lake.flow import VERDICT_DAYS
from harmsweep.policy.actions import VISIBLE
from harmsweep.tables.catalog import ORDERS


@dataclass(frozen=True)
class HumanInput:
    """What people found of the day's posts, and what they ask for, by scope."""

    verdicts: Mapping[tuple[str, int], str]  # benign or harmful, by post and revision
    copies: Mapping[str, InheritedVerdict]  # what copies have from the posts that they copy
    instructions: dict[Scope, Instruction]

    def verdict(self, post_id: str, revision: int) -> str | None:
        """What was found of a post's revision, or of what it copies."""
        own = self.verdicts.get((post_id, revision))
        copied = self.copies.get(post_id)
        return own or (copied.outcome if copied and copied.outcome == "benign" else None)


def read_human_input(ledger: DayLedger, escalated: Collection[str]) -> HumanInput:
    """Read what people said that binds the day's posts as of the ledger's time."""
    lake, day, window = ledger.lake, ledger.day, timedelta(days=VERDICT_DAYS)
    judged = verdicts(lake, day - window, day + window)
    copies, conf = find_copies(lake, day, judged, load_bounds().copies), load_bounds().copies
    visible = in_force(ledger.histories)
    inherited = inherit(copies, known_good(lake, day), conf, in_force=visible) if copies else {}
    own = [verdict for verdict in judged if verdict.day == day]
    orders = _of_orders(standing_orders(lake, day), own, escalated, from_micros(ledger.at))
    outcomes = {(v.post_id, v.revision): v.outcome for v in own}
    return HumanInput(outcomes, inherited, _of_reviewers(own, inherited) | orders)


def in_force(histories: Histories) -> set[str]:
    """The posts on which something that others can see holds because reviewers asked for it.

    By the ledger, which has it also where a sweep was killed before the platform could read it.
    """
    states = (holding(history) for scope, history in histories.items() if scope.lane == REVIEW)
    return {state.subject_id for state in states if state and state.action in VISIBLE}


def _of_reviewers(
    own: Sequence[Verdict], inherited: Mapping[str, InheritedVerdict]
) -> dict[Scope, Instruction]:
    """What verdicts ask for, on the posts themselves and on copies.

    An edit lifts nothing that a reviewer decided: the verdict on the newest revision stands, also
    where the post was edited into a copy of another that asks for less.
    """
    newest = {v.post_id: v for v in sorted(own, key=lambda v: v.revision)}
    instructions: dict[str, list[Instruction]] = defaultdict(list)
    for v in newest.values():
        if v.outcome == "harmful" and v.action:
            instructions[v.post_id].append(Instruction(v.action, v.harm, "verdict", v.verdict_id))
    for name, copied in inherited.items():
        if copied.instruction:
            instructions[name].append(copied.instruction)
    return {
        Scope("post", name, "all", "all", REVIEW): instruction
        for name, some in instructions.items()
        if (instruction := severest(some))
    }


def _of_orders(
    orders: Sequence[Mapping[str, Any]],
    own: Sequence[Verdict],
    escalated: Collection[str],
    at: datetime,
) -> dict[Scope, Instruction]:
    """What standing orders ask for; referrals and flags ask for a look until a reviewer has had it.

    An order that has ended hides none that has not, however severe it was.
    """
    instructions: dict[Scope, list[Instruction]] = defaultdict(list)
    for order in orders:
        # Nobody but its contact looks at what was escalated, also where that was asked for before.
        seen = order["post_id"] in escalated or _is_answered(order, own)
        if order["kind"] != "order" and seen:
            continue
        scope = Scope("post", order["post_id"], "all", order["jurisdiction"], ORDER)
        wanted = (order["action"], order["harm"], "order", order["order_id"], order["until"])
        instruction = Instruction(*wanted)
        if not instruction.has_expired(at):
            instructions[scope].append(instruction)
    return {scope: severe for scope, some in instructions.items() if (severe := severest(some))}


def standing_orders(lake: Path, day: date | None = None) -> list[dict[str, Any]]:
    """The orders, referrals and flags that were not withdrawn, of a day's posts or of all."""
    rows = delta.rows(ORDERS, lake, day=day).to_pylist()
    withdrawn = {row["order_id"] for row in rows if row["status"] == "withdrawn"}
    received = [row for row in rows if row["status"] == "received"]
    return [row for row in received if row["order_id"] not in withdrawn]


def _is_answered(order: Mapping[str, Any], own: Sequence[Verdict]) -> bool:
    since: datetime = order["at"]
    return any(v.post_id == order["post_id"] and v.decided_at > since for v in own)

"""The lanes of authorities and trusted flaggers, apart from policy.

An order acts at once, in its own jurisdiction and under no cap, ramp or allow-list; a referral or a
trusted flagger's notice asks for a person's look by a deadline, and takes nothing down by itself.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from harmsweep.digests import as_json
from harmsweep.enforcement.rules.effects import from_micros
from harmsweep.enforcement.state.day_ledger import Clock, now_micros
from harmsweep.enforcement.state.human_input import standing_orders
from harmsweep.enforcement.state.posts import find_post, find_reviewable
from harmsweep.errors import DataRefused
from harmsweep.harms import why_no_harm
from harmsweep.lake import delta, writes
from harmsweep.lake.locks import locked
from harmsweep.operations.act_time import time_after
from harmsweep.operations.actor import operator
from harmsweep.operations.audit import record
from harmsweep.policy import places
from harmsweep.policy.actions import LADDER
from harmsweep.review.apply_now import apply_now
from harmsweep.tables.catalog import OPERATIONS, ORDERS, VERDICTS

Row = dict[str, Any]
# What ended longer ago was settled by a sweep since: there is one a day.
ENDED_DAYS = 30


def receive(
    lake: Path,
    post_id: str,
    *,
    kind: str,
    authority: str,
    reference: str,
    due_at: datetime,
    reason: str,
    action: str = "review",
    jurisdiction: str = "all",
    harm: str | None = None,
    until: datetime | None = None,
    clock: Clock = now_micros,
) -> Row:
    """Enter an order, a referral or a flag, and carry it out; give its row, with `effects`.

    The same authority's reference about the same post is one order: entered again it does nothing.

    Raises:
        DataRefused: there is no such post, harm or country, the kind may not ask for the action, it
            ended before it began, or the post was escalated and people would have to look at it.
    """
    _check_place(jurisdiction, until)
    if harm and (why := why_no_harm(harm)):
        raise DataRefused(why)
    post = _orderable(lake, post_id, kind, action)
    row = {
        **{"day": post["day"], "order_id": _order_id(kind, authority, reference, post_id)},
        **{"status": "received", "at": _time(lake), "kind": kind, "post_id": post_id},
        **{"authority": authority, "reference": reference, "action": action, "harm": harm},
        **{"jurisdiction": jurisdiction, "due_at": due_at, "until": until},
        **{"operator": operator(), "reason": reason},
    }
    _enter(lake, row)
    new_entries = apply_now(lake, post["day"], kind="order", source_id=row["order_id"], clock=clock)
    return row | {"effects": len(new_entries)}


def _time(lake: Path) -> datetime:
    return time_after(lake, [ORDERS, VERDICTS])


def _check_place(jurisdiction: str, until: datetime | None) -> None:
    try:
        places.jurisdiction(jurisdiction)
    except ValueError as error:
        raise DataRefused(f"jurisdiction {jurisdiction!r} is refused: {error}") from None
    if until is not None and until <= datetime.now(UTC):
        raise DataRefused(f"until {until:%Y-%m-%d %H:%M} UTC is over: it would hold for nobody")


def _orderable(lake: Path, post_id: str, kind: str, action: str) -> Row:
    if (kind == "order") == (action == "review") or action not in LADDER[1:]:
        raise DataRefused(f"{action}: an order asks for an action, {LADDER[2:]}, others for none")
    return find_post(lake, post_id) if kind == "order" else find_reviewable(lake, post_id)


def _order_id(kind: str, authority: str, reference: str, post_id: str) -> str:
    facts = as_json([authority, reference, post_id])
    return f"{kind}-{hashlib.sha256(facts.encode()).hexdigest()[:12]}"


def _enter(lake: Path, row: Row) -> None:
    # From the look-up to the last commit: two who enter it at once enter one order.
    with locked(lake, [OPERATIONS.name, ORDERS.name]):
        if not _known(lake, row["order_id"]):
            details = {"action": row["action"]}
            # The audit first: entered again the order is known, and nobody would add it.
            record(lake, "order", row["order_id"], reason=row["reason"], details=details)
            writes.write_rows([row], ORDERS, lake)


def withdraw(lake: Path, order_id: str, *, reason: str, clock: Clock = now_micros) -> Row:
    """End an order, and lift what it alone put in force; give its row, with `effects`.

    Raises:
        DataRefused: there is no such order.
    """
    known = _known(lake, order_id)
    if not known:
        raise DataRefused(f"there is no order {order_id}; see `harmsweep order list`")
    row = known[0] | {"status": "withdrawn", "at": _time(lake), "operator": operator()}
    if len(known) == 1:
        record(lake, "withdraw", order_id, reason=reason)  # first, as in receive
        writes.write_rows([row | {"reason": reason}], ORDERS, lake)
    new_entries = apply_now(lake, row["day"], kind="order", source_id=order_id, clock=clock)
    return row | {"effects": len(new_entries)}


def listed(lake: Path) -> list[Row]:
    """The orders, referrals and flags that were not withdrawn, the first due first."""
    return sorted(standing_orders(lake), key=lambda row: (row["due_at"], row["order_id"]))


def restore_after_expired_orders(lake: Path, *, clock: Clock = now_micros) -> int:
    """Put in force what an order asks for where a severer one has ended; give the effects.

    The severer one's end needs nobody: readers take no row that is over. What stood beneath it has
    no row yet, and the post's day may never be swept again: each day's sweep asks for the days on
    which an order ended lately. Files of others are skipped by their statistics.
    """
    at = from_micros(clock())
    since = at - timedelta(days=ENDED_DAYS)
    sql = f"""SELECT DISTINCT day FROM orders_v1 WHERE until > TIMESTAMP '{since.isoformat()}'
        AND until <= TIMESTAMP '{at.isoformat()}'"""
    days = delta.query(lake, sql).column("day").to_pylist()
    effects = 0
    for day in sorted(days):
        orders = [row for row in standing_orders(lake, day) if row["kind"] == "order"]
        ended = [row for row in orders if row["until"] and row["until"] <= at]
        scopes = {(row["post_id"], row["jurisdiction"]) for row in ended}
        beneath = (r for r in orders if r not in ended)
        hidden = [r for r in beneath if (r["post_id"], r["jurisdiction"]) in scopes]
        if hidden:  # settling a day settles all of its scopes
            source_id = hidden[0]["order_id"]
            effects += len(apply_now(lake, day, kind="order", source_id=source_id, clock=clock))
    return effects


def _known(lake: Path, order_id: str) -> list[Row]:
    rows = delta.rows(ORDERS, lake).to_pylist()
    of_order = [row for row in rows if row["order_id"] == order_id]
    return sorted(of_order, key=lambda row: row["at"])

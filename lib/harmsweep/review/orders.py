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
from harmsweep.lake import delta, table_log, writes
from harmsweep.lake.locks import locked
from harmsweep.names import did_you_mean
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
# What names an order, and what it says: entered again with other content it is another's mistake.
_REFERENCE = ("authority", "reference", "post_id")
_CONTENT = ("kind", "action", "jurisdiction", "harm", "until")


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
    """Enter an order, a referral or a flag, and carry it out; give its row as kept, with `effects`.

    The same authority's reference about the same post is one order: entered again it does nothing,
    until it is withdrawn: then it is a new one.

    Raises:
        DataRefused: there is no such post, harm or country, the kind may not ask for the action, it
            ended before it began, the post was escalated and people would have to look at it, or
            the reference is known with other content.
    """
    _check_place(jurisdiction, until)
    if harm and (why := why_no_harm(harm)):
        raise DataRefused(why)
    post = _orderable(lake, post_id, kind, action)
    row = {
        **{"day": post["day"], "status": "received", "at": _time(lake)},
        **{"kind": kind, "post_id": post_id},
        **{"authority": authority, "reference": reference, "action": action, "harm": harm},
        **{"jurisdiction": jurisdiction, "due_at": due_at, "until": until},
        **{"operator": operator(), "reason": reason},
    }
    row = _enter(lake, row)
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
        nearest = did_you_mean(action, LADDER[2:]) if action not in LADDER else ""
        why = f"an order asks for one of {', '.join(LADDER[2:])}; what is no order, for none"
        raise DataRefused(f"{action}: {why}{nearest}")
    return find_post(lake, post_id) if kind == "order" else find_reviewable(lake, post_id)


def _enter(lake: Path, row: Row) -> Row:
    """The order as it is kept: the one of its reference that stands, or this one."""
    # From the look-up to the last commit: two who enter it at once enter one order.
    with locked(lake, [OPERATIONS.name, ORDERS.name]):
        same = [known for known in _rows(lake) if all(known[n] == row[n] for n in _REFERENCE)]
        ended = {known["order_id"] for known in same if known["status"] == "withdrawn"}
        for known in same:
            if known["order_id"] not in ended:
                _check_same(known, row)
                return known
        row = row | {"order_id": _order_id(row, len(ended))}
        details = {"action": row["action"]}
        # The audit first: entered again the order is known, and nobody would add it.
        record(lake, "order", row["order_id"], reason=row["reason"], details=details)
        writes.write_rows([row], ORDERS, lake)
    return row


def _check_same(known: Row, row: Row) -> None:
    other = [name for name in _CONTENT if known[name] != row[name]]
    if other:
        told = ", ".join(f"{name} {known[name] or 'none'}" for name in other)
        raise DataRefused(
            f"{known['order_id']} has that reference, with {told}: to correct it,"
            f" `harmsweep order withdraw {known['order_id']}`, then enter it again"
        )


def _order_id(row: Row, withdrawn: int) -> str:
    """The id of an order, by its reference and how often that was entered and withdrawn before."""
    facts = as_json([*(row[name] for name in _REFERENCE), *([withdrawn] if withdrawn else [])])
    return f"{row['kind']}-{hashlib.sha256(facts.encode()).hexdigest()[:12]}"


def withdraw(lake: Path, order_id: str, *, reason: str, clock: Clock = now_micros) -> Row:
    """End an order, and lift what it alone put in force; give its row, with `effects`.

    Raises:
        DataRefused: there is no such order.
    """
    rows = _rows(lake)
    known = [row for row in rows if row["order_id"] == order_id]
    if not known:
        nearest = did_you_mean(order_id, {row["order_id"] for row in rows})
        raise DataRefused(f"there is no order {order_id}; see `harmsweep order list`{nearest}")
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
    may = table_log.days_since(ORDERS, lake, "until", since)
    sql = f"""SELECT DISTINCT day FROM orders_v1 WHERE {delta.datafusion_where({"day": may})}
        AND until > TIMESTAMP '{since.isoformat()}' AND until <= TIMESTAMP '{at.isoformat()}'"""
    days = delta.query(lake, sql, days=may).column("day").to_pylist()
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


def _rows(lake: Path) -> list[Row]:
    """What was received and withdrawn, the oldest first."""
    return sorted(delta.rows(ORDERS, lake).to_pylist(), key=lambda row: row["at"])

"""Accounts brought to what their authors' strikes come to, after each sweep of posts."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from harmsweep import lake as lakes
from harmsweep.enforce.books import Clock, Gate, books, carry_out
from harmsweep.enforce.strikes import Strike, account_change
from harmsweep.enforce.sweeps import Sweep
from harmsweep.ledger import ACCOUNTS_DAY, STRIKES, Place
from harmsweep.policy import Accounts


def settle_accounts(
    lake: Path, sweep: Sweep, accounts: Accounts, *, clock: Clock, gate: Gate
) -> int:
    """Bring every account to what its strikes come to, as part of a sweep; give the effects.

    Strikes are on posts of the days in which one counts, so that no history is read.
    """
    ledger = books(lake, ACCOUNTS_DAY, clock)
    plan = replace(sweep, at=ledger.at)
    struck = strikes(lake, plan, accounts)
    places = {**dict.fromkeys(ledger.chains), **dict.fromkeys(struck)}
    changed = (
        account_change(p, ledger.chain(p), struck.get(p, []), sweep=plan, accounts=accounts)
        for p in places
    )
    made = [entry for entry in changed if entry]
    carry_out(ledger, made, gate)
    return len(made)


def strikes(lake: Path, plan: Sweep, accounts: Accounts) -> dict[Place, list[Strike]]:
    """The strikes that hold on posts of the days that count, by account."""
    last = plan.time.date()
    days = f"day >= '{last - timedelta(days=accounts.decay_days)}' AND day <= '{last}'"
    # A post that is struck in several places is one strike: its first.
    sql = f"""SELECT p.author_id, v.since, v.action, v.harm, v.expires_at FROM (
            SELECT *, row_number() OVER (PARTITION BY day, subject_id ORDER BY since) AS place
            FROM post_visibility_v1 WHERE {days} AND subject_kind = 'post'
            AND action IN {STRIKES}) v
        JOIN (SELECT * FROM posts_v1 WHERE {days} AND status = 'accepted') p
        ON p.day = v.day AND p.post_id = v.subject_id WHERE v.place = 1"""
    found: dict[Place, list[Strike]] = defaultdict(list)
    for row in lakes.query(lake, sql).to_pylist():
        found[Place("account", row.pop("author_id"), "all", "all")].append(Strike(**row))
    return found

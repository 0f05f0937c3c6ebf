"""Accounts brought to what their authors' strikes come to, after each sweep of posts."""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from harmsweep.days import every_day
from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.rules.effects import Sweep
from harmsweep.enforcement.rules.guardrails import Guardrails
from harmsweep.enforcement.rules.ledger import ACCOUNTS_DAY, ORDER, Entry, Scope
from harmsweep.enforcement.rules.strikes import Strike, account_change, freed, restricts_more
from harmsweep.enforcement.state.day_ledger import (
    Clock,
    DayLedger,
    Gate,
    by_a_person,
    commit,
    read_day_ledger,
)
from harmsweep.lake import delta
from harmsweep.plurals import counted
from harmsweep.policy.actions import STRIKES
from harmsweep.policy.file import Accounts

# Of post_visibility: an order says what the law asks for in a country, and nothing of the author.
_IS_STRIKE = f"subject_kind = 'post' AND action IN {STRIKES} AND lane <> '{ORDER}'"


class Settled(NamedTuple):
    """How many effects accounts got, and why others got none: empty where nothing is refused."""

    effects: int
    refusal: str


def settle_accounts(
    lake: Path,
    sweep: Sweep,
    accounts: Accounts,
    *,
    clock: Clock,
    gate: Gate,
    guardrails: Guardrails | None = None,
) -> Settled:
    """Bring accounts to what their strikes come to, as part of a sweep; give the effects.

    `guardrails` are those of the sweep's pair: it settles the accounts of the authors for whom it
    is in force, and none where it is not approved. What it restricts past the bound of 24 hours is
    left out, all of it. Without them a person acted on posts: that lifts and shortens, and no more.
    """
    ledger = read_day_ledger(lake, ACCOUNTS_DAY, clock)
    plan = replace(sweep, at=ledger.at)
    struck = strikes(lake, plan, accounts, guardrails)
    new_entries = _differences(ledger, plan, accounts, struck, guardrails)
    milder = [e for e in new_entries if not restricts_more(e, ledger.history(e.scope))]
    refusal = _over_bound(ledger, plan, len(new_entries) - len(milder)) if guardrails else ""
    if refusal or not guardrails:
        new_entries = milder
    commit(ledger, new_entries, gate)
    return Settled(len(new_entries), refusal)


def free_accounts(lake: Path, sweep: Sweep, *, clock: Clock) -> int:
    """Lift at once what holds on accounts without any strike left, after a person's act on posts.

    No policy has to be asked for that; what fewer strikes come to the next sweep says.
    """
    ledger = read_day_ledger(lake, ACCOUNTS_DAY, clock)
    plan = replace(sweep, at=ledger.at)
    lifted = [freed(scope, history, sweep=plan) for scope, history in ledger.histories.items()]
    struck = struck_authors(lake) if any(lifted) else ()
    new_entries = [entry for entry in lifted if entry and entry.subject_id not in struck]
    if new_entries or ledger.open:  # also what a kill left open
        commit(ledger, new_entries, by_a_person)
    return len(new_entries)


def _differences(
    ledger: DayLedger,
    plan: Sweep,
    accounts: Accounts,
    struck: dict[Scope, list[Strike]],
    guardrails: Guardrails | None,
) -> list[Entry]:
    scopes = {**dict.fromkeys(ledger.histories), **dict.fromkeys(struck)}
    changed = (
        account_change(p, ledger.history(p), struck.get(p, []), sweep=plan, accounts=accounts)
        for p in scopes
        if _may_settle(p, struck.get(p, []), guardrails)
    )
    return [entry for entry in changed if entry]


def _may_settle(account: Scope, struck: list[Strike], guardrails: Guardrails | None) -> bool:
    if guardrails is None:
        # For how long a restriction lasts only the rules say: a sweep settles those.
        return all(strike.action != "restrict" for strike in struck)
    return guardrails.approved and guardrails.in_rollout(account.subject_id)


def _over_bound(ledger: DayLedger, plan: Sweep, planned: int) -> str:
    """Why so many accounts may not be restricted now, in a few words; empty where they may."""
    since, limit = plan.time - timedelta(days=1), load_bounds().accounts_per_day
    before = sum(
        e.entry == "intent"
        and e.cause_kind == "strikes"
        and e.recorded_at > since
        and restricts_more(e, history)
        for history in ledger.histories.values()
        for e in history
    )
    if not planned or planned + before <= limit:
        return ""
    return (
        f"{counted(planned, 'account')} to restrict and {before} in the last 24 hours pass the"
        f" bound of {limit}: none of the {planned} was restricted. To let them go, raise"
        " accounts_per_day in conf/enforcement.yaml and sweep again"
    )


def strikes(
    lake: Path, plan: Sweep, accounts: Accounts, guardrails: Guardrails | None
) -> dict[Scope, list[Strike]]:
    """The strikes that hold on posts of the days that count, by account and by where they hold.

    An author who deletes the post keeps its strike.
    """
    last = plan.time.date()
    first = last - timedelta(days=accounts.decay_days)
    days = f"day >= '{first}' AND day <= '{last}'"
    # A post that is struck twice at a scope, by policy and by a reviewer, is one strike there.
    sql = f"""SELECT author_id, surface, jurisdiction, since, action, harm FROM (
            SELECT v.*, p.author_id, row_number() OVER (
                PARTITION BY v.day, v.subject_id, v.surface, v.jurisdiction
                ORDER BY v.action = 'restrict' DESC, v.since, v.effect_key, p.revision DESC) AS nth
            FROM (SELECT * FROM post_visibility_v1 WHERE {days} AND {_IS_STRIKE}
                AND (expires_at IS NULL OR expires_at > TIMESTAMP '{plan.time.isoformat()}')) v
            JOIN (SELECT day, post_id, revision, author_id FROM posts_v1 WHERE {days}) p
            ON p.day = v.day AND p.post_id = v.subject_id) s
        WHERE nth = 1"""
    by_account: dict[Scope, list[Strike]] = defaultdict(list)
    for row in delta.query(lake, sql, days=every_day(first, last)).to_pylist():
        scope = (row["surface"], row["jurisdiction"])
        lasts = None
        if guardrails and row["action"] == "restrict":
            lasts = guardrails.restricts_for(row["harm"], *scope)
        strike = Strike(row["since"], row["action"], row["harm"], lasts)
        by_account[Scope("account", row["author_id"], *scope)].append(strike)
    return by_account


def struck_authors(lake: Path) -> set[str]:
    """The authors of posts on which a strike holds, of whatever day."""
    sql = f"SELECT day, subject_id FROM post_visibility_v1 WHERE {_IS_STRIKE}"
    struck = delta.query(lake, sql).to_pylist()
    if not struck:
        return set()
    days = delta.datafusion_where({"day": sorted({row["day"] for row in struck})})
    posts = delta.datafusion_where({"post_id": sorted({row["subject_id"] for row in struck})})
    sql = f"SELECT DISTINCT author_id FROM posts_v1 WHERE {days} AND {posts}"
    return set(delta.query(lake, sql).column("author_id").to_pylist())

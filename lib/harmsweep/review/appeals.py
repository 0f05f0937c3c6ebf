"""Appeals: an author says that an action was wrong, and a person who did not take it decides.

An overturned action is a benign verdict: the post, its near-duplicates and the strike are restored
at once, no sweep repeats it until the post is edited, and the label stage learns from it.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.rules.effects import from_micros
from harmsweep.enforcement.rules.ledger import ORDER
from harmsweep.enforcement.state.copies import standing_verdict
from harmsweep.enforcement.state.day_ledger import Clock, now_micros
from harmsweep.enforcement.state.posts import find_reviewable, why_unknown
from harmsweep.errors import DataRefused
from harmsweep.lake import delta, writes
from harmsweep.lake.locks import locked
from harmsweep.operations.act_time import time_after
from harmsweep.operations.actor import operator
from harmsweep.operations.audit import operations, record
from harmsweep.policy.actions import SEVERITY, VISIBLE
from harmsweep.policy.file import Accounts, load_policy
from harmsweep.review.appeal_outcomes import views_lost
from harmsweep.review.apply_now import apply_now, days_of_copies
from harmsweep.review.closings import closings, undecided
from harmsweep.review.verdicts import verdict_row
from harmsweep.tables.catalog import ACTIONS, APPEALS, OPERATIONS, VERDICTS

Row = dict[str, Any]
OUTCOMES = {"overturned": "benign", "upheld": "harmful"}


def file_appeal(
    lake: Path, post_id: str, *, author_id: str, statement: str, clock: Clock = now_micros
) -> Row:
    """Enter the appeal of a post's author against what holds there; filing it twice is once.

    Raises:
        DataRefused: there is no such post, it is another's, nothing is in force that an appeal here
            may lift, or what is in force was appealed and decided.
    """
    post = find_reviewable(lake, post_id)
    if post["author_id"] != author_id:
        raise DataRefused(f"{post_id} is not a post of {author_id}")
    at = _time(lake, clock)
    effect = _in_force(lake, post, at)
    # From the look-up to the last commit: two who file at once file one appeal.
    with locked(lake, [APPEALS.name, OPERATIONS.name]):
        known = _rows(lake, "effect_key", effect["effect_key"])
        if len(known) > 1:
            raise DataRefused(f"{known[0]['appeal_id']} was {known[-1]['status']}")
        if known:
            return known[0]
        row = _row(post, effect, statement, at)
        details = {"post": post_id, "action": effect["action"]}
        # The audit first: filed again the appeal is known, and nobody would add it.
        record(lake, "appeal", row["appeal_id"], details=details)
        writes.write_rows([row], APPEALS, lake)
    return row


def _row(post: Row, effect: Row, statement: str, at: datetime) -> Row:
    return {
        "day": post["day"],
        "appeal_id": f"appeal-{hashlib.sha256(effect['effect_key'].encode()).hexdigest()[:12]}",
        "status": "filed",
        "at": at,
        "post_id": post["post_id"],
        "revision": effect["revision"],
        "effect_key": effect["effect_key"],
        "harm": effect["harm"] or "none",
        "action": effect["action"],
        "author_id": post["author_id"],
        "due_at": at + timedelta(days=load_bounds().appeal_days),
        "operator": operator(),
        "text": statement,
        "policy_version": None,
        "views_lost": None,
    }


def _time(lake: Path, clock: Clock) -> datetime:
    return time_after(lake, [ACTIONS, APPEALS, VERDICTS], from_micros(clock()))


def _in_force(lake: Path, post: Mapping[str, Any], at: datetime) -> Row:
    """The severest action that holds for the post, of those that no authority ordered."""
    where = delta.datafusion_where({"day": post["day"], "subject_id": post["post_id"]})
    sql = f"""SELECT * FROM post_visibility_v1 WHERE {where} AND subject_kind = 'post'
        AND lane <> '{ORDER}' AND action IN {VISIBLE}"""
    rows = [
        row
        for row in delta.query(lake, sql, days=[post["day"]]).to_pylist()
        if row["expires_at"] is None or row["expires_at"] > at
    ]
    if not rows:
        raise DataRefused(f"{post['post_id']}: nothing is in force that can be appealed here")
    return max(rows, key=lambda row: (SEVERITY[row["action"]], row["effect_key"]))


def _rows(lake: Path, name: str, value: str) -> list[Row]:
    """An appeal's rows, as it was filed and then as it was decided."""
    sql = f"SELECT * FROM appeals_v1 WHERE {delta.datafusion_where({name: value})} ORDER BY at"
    rows: list[Row] = delta.query(lake, sql).to_pylist()
    return rows


def queue(lake: Path) -> list[Row]:
    """The appeals that wait, the first due first, with the views of each post so far.

    What was lifted since waits for nobody: see `closings`.
    """
    rows = undecided(lake)
    closed = closings(lake, rows)
    return [row for row in rows if row["appeal_id"] not in closed]


def decide_appeal(
    lake: Path,
    appeal_id: str,
    outcome: str,
    *,
    policy: Path,
    rationale: str,
    clock: Clock = now_micros,
) -> Row:
    """Decide an appeal under a policy, and carry it out; give its row, with `effects`.

    Killed in between and called again, it goes on where it stopped.

    Raises:
        PolicyError: the policy's file is refused; nothing was done.
        DataRefused: no such appeal was filed, it was decided, or the operator judged the post
            before it was filed, or approved or resumed what is appealed.
    """
    rules, filed = load_policy(policy), _filed(lake, appeal_id)
    verdict, is_new = _verdict(lake, filed, outcome, rationale)
    details = {"policy": rules.policy_version, "verdict_id": verdict["verdict_id"]}
    # The audit first: a sweep acts on the verdict even where nobody finishes this.
    record(lake, outcome, appeal_id, reason=rationale, details=details)
    if is_new:
        writes.write_rows([verdict], VERDICTS, lake)
    effects, lost = 0, None
    if outcome == "overturned":
        effects, lost = _overturn(lake, verdict, rules.accounts, clock)
    row = filed | {
        "status": outcome,
        "at": _time(lake, clock),
        "operator": operator(),
        "text": rationale,
        "policy_version": rules.policy_version,
        "views_lost": lost,
    }
    writes.write_rows([row], APPEALS, lake)
    return row | {"effects": effects}


def _overturn(
    lake: Path, row: Row, accounts: Accounts | None, clock: Clock
) -> tuple[int, int | None]:
    """Restore what a benign verdict of an appeal frees; give the effects and the views lost."""
    verdict = standing_verdict(lake, row)
    days = sorted({verdict.day, *days_of_copies(lake, verdict)})
    lost = views_lost(lake, days, verdict)
    options: dict[str, Any] = {"kind": "appeal", "source_id": row["appeal_id"], "clock": clock}
    options |= {"accounts": accounts, "lifts": (verdict.post_id, verdict.revision)}
    return sum(len(apply_now(lake, day, **options)) for day in days), lost


def _filed(lake: Path, appeal_id: str) -> Row:
    rows = _rows(lake, "appeal_id", appeal_id)
    if not rows:
        nearest = why_unknown(lake, appeal_id, "appeal_id FROM appeals_v1")
        raise DataRefused(f"there is no appeal {appeal_id}{nearest}")
    if len(rows) > 1:
        raise DataRefused(f"{appeal_id} was {rows[-1]['status']} by {rows[-1]['operator']}")
    return rows[0]


def _verdict(lake: Path, filed: Row, outcome: str, rationale: str) -> tuple[Row, bool]:
    """What the appeal's reviewer decided, and whether it is new: a second call finds the first."""
    verdicts = delta.rows(VERDICTS, lake, day=filed["day"]).to_pylist()
    of_post = [v for v in verdicts if v["post_id"] == filed["post_id"]]
    by_appeal = [v for v in of_post if v["appeal_id"] == filed["appeal_id"]]
    if by_appeal:
        if by_appeal[0]["verdict"] != OUTCOMES[outcome]:
            raise DataRefused(f"{filed['appeal_id']} was begun with another outcome: finish that")
        return by_appeal[0], False
    mine = [v for v in of_post if v["reviewer"] == operator()]
    if not all(_answers(v, filed, outcome) for v in mine):
        raise DataRefused(f"{operator()} judged {filed['post_id']} before: another must decide")
    if operator() in _resumed_by(lake, filed["effect_key"]):
        raise DataRefused(f"{operator()} approved or resumed what is appealed: another must decide")
    harm = filed["harm"] if outcome == "upheld" else None
    # Of an edited post that was judged again the newest judgement counts: this one takes its place.
    filed = filed | {"revision": max([filed["revision"], *(v["revision"] for v in of_post)])}
    row = verdict_row(lake, filed, OUTCOMES[outcome], harm, rationale)
    if outcome == "upheld":
        row |= {"action": _action_before(of_post, filed["revision"])}
    return row | {"appeal_id": filed["appeal_id"]}, True


def _answers(verdict: Row, filed: Row, outcome: str) -> bool:
    """Whether a verdict is a reviewer's first look since the appeal, and came to its outcome."""
    benign = verdict["verdict"] == OUTCOMES[outcome] == "benign"
    return benign and bool(verdict["decided_at"] >= filed["at"])


def _resumed_by(lake: Path, effect_key: str) -> set[str]:
    """Who approved or resumed the plan or the held batch that an effect was part of."""
    where = delta.datafusion_where({"effect_key": effect_key})
    sql = f"""SELECT plan_id AS name FROM plans_v1 WHERE {where}
        UNION SELECT concat(sweep_id, ':', harm, ':', direction) AS name FROM actions_v1
            WHERE {where} AND entry = 'held' AND harm IS NOT NULL
        UNION SELECT concat(s.sweep_id, ':', s.harm, ':apply') AS name FROM actions_v1 s
            JOIN (SELECT previous_key FROM actions_v1 WHERE {where} AND entry = 'intent') e
            ON e.previous_key = s.effect_key
            WHERE s.entry = 'intent' AND s.cause_kind = 'sample' AND s.harm IS NOT NULL"""
    names = delta.query(lake, sql).column("name").to_pylist()
    acts = [act for name in names for act in operations(lake, name)]
    return {act["operator"] for act in acts if act["act"] in ("approve", "resume")}


def _action_before(verdicts: list[Row], revision: int) -> str | None:
    """What the reviewer before asked for: an upheld verdict asks for the same."""
    before = [v for v in verdicts if v["revision"] == revision]
    newest = max(before, key=lambda v: (v["decided_at"], v["verdict_id"]), default=None)
    return newest["action"] if newest else None

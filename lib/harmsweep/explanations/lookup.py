"""Explanations as people read them: of what may be shown, and whether it is still in force."""

from datetime import date
from pathlib import Path
from typing import Any

from harmsweep.enforcement.rules.ledger import ACCOUNTS_DAY, IN_FORCE
from harmsweep.enforcement.state.posts import find_reviewable, why_unknown
from harmsweep.errors import DataRefused
from harmsweep.explanations.subject import Subject, load_subject
from harmsweep.lake import delta
from harmsweep.tables.catalog import EXPLANATIONS

Rows = list[dict[str, Any]]


def explanations(lake: Path, post_id: str) -> tuple[Subject, Rows]:
    """A post's current revision and its explanations, the oldest first; each says `in_force`.

    Raises:
        DataRefused: there is no such post, it was escalated, or nothing of this revision was
            explained.
    """
    post = find_reviewable(lake, post_id)
    subject = load_subject(lake, post["day"], post_id, post["revision"])
    rows = _rows(lake, post["day"], post_id, post["revision"])
    if subject is None or not rows:
        how = f"jobs/explain.py --day {post['day']} explains what holds and others can see"
        of = f"{post_id}, revision {post['revision']}"
        raise DataRefused(f"nothing was explained of {of}: {how}")
    return subject, rows


def of_account(lake: Path, account_id: str) -> Rows:
    """What was explained of the restrictions of an account, as of a post.

    Raises:
        DataRefused: nothing was.
    """
    rows = _rows(lake, ACCOUNTS_DAY, account_id, 0)
    if not rows:
        accounts = f"post_id FROM explanations_v1 WHERE day = '{ACCOUNTS_DAY}'"
        nearest = why_unknown(lake, account_id, accounts)
        raise DataRefused(f"nothing was explained of the account {account_id}{nearest}")
    return rows


def _rows(lake: Path, day: date, subject_id: str, revision: int) -> Rows:
    # What was undone, overturned or has run its time is not among these.
    shown = f"SELECT effect_key FROM post_visibility_v1 WHERE day = '{day}' AND {IN_FORCE}"
    holds = set(delta.query(lake, shown, days=[day]).column("effect_key").to_pylist())
    rows = [
        row | {"in_force": row["effect_key"] in holds}
        for row in delta.rows(EXPLANATIONS, lake, day=day).to_pylist()
        if row["post_id"] == subject_id
        # What people decided holds whatever the post reads now, and quotes nothing of it.
        and (row["revision"] == revision or row["status"] == "unscored")
    ]
    return sorted(rows, key=lambda row: (row["explained_at"], row["effect_key"]))

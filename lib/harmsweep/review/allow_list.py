"""The allow-list: posts and accounts on which nothing but review is automatic."""

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from harmsweep.enforcement.state.posts import find_post, why_unknown
from harmsweep.errors import DataRefused
from harmsweep.ids import is_id
from harmsweep.lake import delta, writes
from harmsweep.operations.act_time import time_after
from harmsweep.operations.actor import operator
from harmsweep.operations.audit import record
from harmsweep.tables.catalog import EXEMPTIONS

# Why a post or an account is exempt; `none` ends an exemption.
Kind = Literal[
    "newsworthy", "educational", "documentary", "scientific", "artistic", "counter_speech", "none"
]


def exempt(
    lake: Path,
    subject_kind: str,
    subject_id: str,
    *,
    kind: Kind,
    until: datetime | None,
    reason: str,
) -> None:
    """Enter a post or an account in the allow-list; the kind `none` takes it off.

    Raises:
        DataRefused: there is no such post or account. What has gone since can be taken off.
    """
    if kind != "none" or not is_id(subject_id):
        _check_subject(lake, subject_kind, subject_id)
    at = time_after(lake, [EXEMPTIONS])
    row = {
        "day": at.date(),
        "exemption_id": uuid.uuid4().hex,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "kind": kind,
        "until": until.replace(tzinfo=UTC) if until and until.tzinfo is None else until,
        "added_at": at,
        "operator": operator(),
        "reason": reason,
    }
    details = {"as": subject_kind, "kind": kind, "exemption_id": row["exemption_id"]}
    record(lake, "exempt", subject_id, reason=reason, details=details)  # first, as for a verdict
    writes.write_rows([row], EXEMPTIONS, lake)


def _check_subject(lake: Path, kind: str, name: str) -> None:
    if kind == "post":
        find_post(lake, name)
        return
    (author, user) = (delta.datafusion_where({column: name}) for column in ("author_id", "user_id"))
    sql = f"""SELECT 1 AS one FROM posts_v1 WHERE {author}
        UNION ALL SELECT 1 AS one FROM users_v1 WHERE {user} LIMIT 1"""
    if not is_id(name) or not delta.query(lake, sql).num_rows:
        columns = ("author_id FROM posts_v1", "user_id FROM users_v1")
        raise DataRefused(f"there is no account {name}" + why_unknown(lake, name, *columns))

"""The allow-list: posts and accounts on which nothing but review is automatic."""

import uuid
from datetime import UTC, datetime
from pathlib import Path

from harmsweep.errors import DataRefused
from harmsweep.ids import is_id, why_no_id
from harmsweep.lake import writes
from harmsweep.operations.act_time import time_after
from harmsweep.operations.audit import operator, record
from harmsweep.tables.catalog import EXEMPTIONS


def exempt(
    lake: Path,
    subject_kind: str,
    subject_id: str,
    *,
    kind: str,
    until: datetime | None,
    reason: str,
) -> None:
    """Enter a post or an account in the allow-list; the kind `none` takes it off.

    Raises:
        DataRefused: no post and no account can have such an id.
    """
    if not is_id(subject_id):
        raise DataRefused(f"{subject_id!r} is no {subject_kind}{why_no_id(subject_id)}")
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

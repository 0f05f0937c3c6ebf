"""What people found of posts, and the allow-list: both bind every sweep that follows."""

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harmsweep import lake as lakes
from harmsweep.job import DataRefused
from harmsweep.operations import operator, record
from harmsweep.tables import EXEMPTIONS, VERDICTS


def find_post(lake: Path, post_id: str) -> dict[str, Any]:
    """The current revision of a post, as posts has it.

    Raises:
        DataRefused: there is no accepted post of that id.
    """
    try:
        where = lakes.plain_predicate({"post_id": post_id, "status": "accepted"})
    except ValueError as error:
        raise DataRefused(str(error)) from None
    found = lakes.query(lake, f"SELECT * FROM posts_v1 WHERE {where}").to_pylist()
    if not found:
        raise DataRefused(f"there is no accepted post {post_id}")
    row: dict[str, Any] = found[0]
    return row


def decide(lake: Path, post_id: str, verdict: str, *, harm: str | None, rationale: str) -> str:
    """Keep the operator's verdict on a post's current revision; give it in a line.

    Raises:
        DataRefused: there is no such post.
    """
    post, now = find_post(lake, post_id), datetime.now(UTC)
    row = {
        "day": post["day"],
        "verdict_id": uuid.uuid4().hex,
        "post_id": post_id,
        "revision": post["revision"],
        "verdict": verdict,
        "harm": harm,
        "decided_at": now,
        "reviewer": operator(),
        "rationale": rationale,
    }
    lakes.put_rows([row], VERDICTS, lake)
    record(lake, "verdict", post_id, reason=rationale, details={"verdict": verdict, "harm": harm})
    return f"{post_id} revision {post['revision']} of {post['day']}: {verdict}"


def exempt(
    lake: Path,
    subject_kind: str,
    subject_id: str,
    *,
    kind: str,
    until: datetime | None,
    reason: str,
) -> None:
    """Enter a post or an account in the allow-list; the kind `none` takes it off."""
    now = datetime.now(UTC)
    row = {
        "day": now.date(),
        "exemption_id": uuid.uuid4().hex,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "kind": kind,
        "until": until.replace(tzinfo=UTC) if until and until.tzinfo is None else until,
        "added_at": now,
        "operator": operator(),
        "reason": reason,
    }
    lakes.put_rows([row], EXEMPTIONS, lake)
    record(lake, "exempt", subject_id, reason=reason, details={"as": subject_kind, "kind": kind})

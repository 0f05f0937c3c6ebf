"""What people found of posts, and the allow-list: both bind every sweep that follows."""

import uuid
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from harmsweep.errors import DataRefused
from harmsweep.known_media.escalations import escalated_posts
from harmsweep.lake import delta
from harmsweep.media.pdq import MIN_QUALITY
from harmsweep.operations.audit import operator, record
from harmsweep.policy.actions import LADDER
from harmsweep.tables.catalog import EXEMPTIONS, VERDICTS


def find_post(lake: Path, post_id: str) -> dict[str, Any]:
    """The current revision of a post, as posts has it.

    Raises:
        DataRefused: there is no accepted post of that id.
    """
    where = delta.plain_predicate({"post_id": post_id, "status": "accepted"})
    found = delta.query(lake, f"SELECT * FROM posts_v1 WHERE {where}").to_pylist()
    if not found:
        raise DataRefused(f"there is no accepted post {post_id}")
    row: dict[str, Any] = found[0]
    return row


def find_reviewable(lake: Path, post_id: str) -> dict[str, Any]:
    """The current revision of a post that reviewers may judge.

    Raises:
        DataRefused: there is none, or the post was escalated: its named contact alone handles it.
    """
    post = find_post(lake, post_id)
    if post_id in escalated_posts(lake, post["day"]):
        raise DataRefused(f"{post_id} was escalated: only the contact of its bank may handle it")
    return post


def decide(
    lake: Path,
    post_id: str,
    verdict: str,
    *,
    rationale: str,
    harm: str | None = None,
    action: str | None = None,
) -> dict[str, Any]:
    """Keep the operator's verdict on a post's current revision; give its row of verdicts.

    An action asks for the post's handling, and needs a harm; see `harmsweep.ledger`.

    Raises:
        DataRefused: there is no such post, it was escalated, or the action is none that fits.
    """
    if action is not None and (verdict != "harmful" or not harm or action not in LADDER[1:]):
        raise DataRefused(f"{action}: a harmful verdict with a harm may ask for {LADDER[1:]}")
    post = find_reviewable(lake, post_id)
    row = verdict_row(lake, post, verdict, harm, rationale) | {"action": action}
    # The audit first: a sweep acts on a verdict whose command was killed. Said again, it is another
    # verdict by the same reviewer, which changes nothing: only each one's last word counts.
    details = {name: row[name] for name in ("verdict_id", "verdict", "harm", "action")}
    record(lake, "verdict", post_id, reason=rationale, details=details)
    delta.put_rows([row], VERDICTS, lake)
    return row


def verdict_row(
    lake: Path, post: Mapping[str, Any], verdict: str, harm: str | None, rationale: str
) -> dict[str, Any]:
    """A row of verdicts by the operator, now, on a post's revision.

    It keeps what copies are told by: the author may edit or delete the post.
    """
    return {
        "day": post["day"],
        "verdict_id": uuid.uuid4().hex,
        "post_id": post["post_id"],
        "revision": post["revision"],
        "verdict": verdict,
        "harm": harm,
        "action": None,
        "appeal_id": None,
        "decided_at": datetime.now(UTC),
        "reviewer": operator(),
        "rationale": rationale,
    } | _shown(lake, post)


def _shown(lake: Path, post: Mapping[str, Any]) -> dict[str, Any]:
    """The revision's columns of `contents`; none where features has not seen it, or no longer."""
    of_post = delta.plain_predicate({"post_id": post["post_id"]})
    return contents(lake, post["day"], of_post).get((post["post_id"], post["revision"]), {})


# The text without case and punctuation, by its digest: the words themselves live in few tables.
_TEXT = r"trim(regexp_replace(lower(normal_text), '\W+', ' ', 'g'))"
TEXT_DIGEST = f"encode(sha256({_TEXT}), 'hex')"


def contents(lake: Path, day: date, where: str) -> dict[tuple[str, int], dict[str, Any]]:
    """What copies are told by, of the day's posts that a condition on post_features selects.

    By post and revision, as the columns of verdicts: text_digest, words and media.
    """
    of_posts = f"SELECT * FROM post_features_v1 WHERE day = '{day}' AND {where}"
    sql = f"""SELECT post_id, revision, {TEXT_DIGEST} AS text_digest,
        array_length(string_to_array({_TEXT}, ' ')) AS words FROM ({of_posts}) p"""
    texts = delta.query(lake, sql).to_pylist()
    shown = delta.query(
        lake,
        f"""SELECT m.post_id, m.revision, m.content_hash, CASE WHEN m.kind = 'image'
                AND m.pdq_quality >= {MIN_QUALITY} THEN m.pdq[1] END AS pdq
            FROM (SELECT * FROM media_v1 WHERE day = '{day}') m JOIN ({of_posts}) p
            ON p.post_id = m.post_id AND p.revision = m.revision ORDER BY m.position""",
    )
    media: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for row in shown.to_pylist():
        media[row.pop("post_id"), row.pop("revision")].append(row)
    keyed = (((row.pop("post_id"), row.pop("revision")), row) for row in texts)
    return {key: row | {"media": media.get(key, [])} for key, row in keyed}


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
    details = {"as": subject_kind, "kind": kind, "exemption_id": row["exemption_id"]}
    record(lake, "exempt", subject_id, reason=reason, details=details)  # first, as for a verdict
    delta.put_rows([row], EXEMPTIONS, lake)

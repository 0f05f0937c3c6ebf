"""One post that exists and that people may judge."""

from pathlib import Path
from typing import Any

from harmsweep.errors import DataRefused
from harmsweep.ids import why_no_id
from harmsweep.known_media.escalations import escalated_posts
from harmsweep.lake import delta
from harmsweep.names import did_you_mean

# Columns of ids, as queries name them.
POST_IDS = "post_id FROM posts_v1 WHERE status = 'accepted'"
CANDIDATES = 1000


def why_unknown(lake: Path, name: str, *columns: str) -> str:
    """What ends a refusal of an unknown id: the rule that it breaks, or the nearest of columns.

    Those that share a half with it are looked at: one slip of a finger leaves a half as it is.
    """
    if why := why_no_id(name):
        return why
    half = len(name) // 2
    first, last = (part.replace("'", "''") for part in (name[:half], name[half:]))
    alike = set[str]()
    for column in columns:
        sql = f"""SELECT DISTINCT id FROM (SELECT {column.replace(" FROM", " AS id FROM", 1)})
            WHERE starts_with(id, '{first}') OR ends_with(id, '{last}') LIMIT {CANDIDATES}"""
        alike |= {row["id"] for row in delta.query(lake, sql).to_pylist()}
    return did_you_mean(name, alike)


def find_post(lake: Path, post_id: str) -> dict[str, Any]:
    """The current revision of a post, as posts has it.

    Raises:
        DataRefused: there is no accepted post of that id.
    """
    where = delta.datafusion_where({"post_id": post_id, "status": "accepted"})
    rows = delta.query(lake, f"SELECT * FROM posts_v1 WHERE {where}").to_pylist()
    if not rows:
        told = f"there is no accepted post {post_id}"
        raise DataRefused(told + why_unknown(lake, post_id, POST_IDS))
    row: dict[str, Any] = rows[0]
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

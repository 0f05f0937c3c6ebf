"""One post that exists and that people may judge."""

from pathlib import Path
from typing import Any

from harmsweep.errors import DataRefused
from harmsweep.ids import why_no_id
from harmsweep.known_media.escalations import escalated_posts
from harmsweep.lake import delta


def find_post(lake: Path, post_id: str) -> dict[str, Any]:
    """The current revision of a post, as posts has it.

    Raises:
        DataRefused: there is no accepted post of that id.
    """
    where = delta.datafusion_where({"post_id": post_id, "status": "accepted"})
    rows = delta.query(lake, f"SELECT * FROM posts_v1 WHERE {where}").to_pylist()
    if not rows:
        raise DataRefused(f"there is no accepted post {post_id}" + why_no_id(post_id))
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

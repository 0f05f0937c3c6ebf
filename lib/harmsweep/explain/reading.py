"""Explanations as people read them: only of posts that may be shown."""

from pathlib import Path
from typing import Any

from harmsweep import lake as lakes
from harmsweep.explain.subject import Subject, load_subject
from harmsweep.job import DataRefused
from harmsweep.tables import EXPLANATIONS
from harmsweep.verdicts import find_reviewable


def explanations(lake: Path, post_id: str) -> tuple[Subject, list[dict[str, Any]]]:
    """A post's current revision and its explanations, the oldest first.

    Raises:
        DataRefused: there is no such post, it was escalated, or nothing of this revision was
            explained.
    """
    post = find_reviewable(lake, post_id)
    subject = load_subject(lake, post["day"], post_id, post["revision"])
    rows = lakes.rows(EXPLANATIONS, lake, day=post["day"]).to_pylist()
    found = [r for r in rows if (r["post_id"], r["revision"]) == (post_id, post["revision"])]
    if subject is None or not found:
        raise DataRefused(f"nothing was explained of {post_id}, revision {post['revision']}")
    return subject, sorted(found, key=lambda row: (row["explained_at"], row["effect_key"]))

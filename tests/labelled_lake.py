"""A lake of posts that are labelled, and on which something holds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from builders import DAY, post, row

from harmsweep.lake.writes import write_rows
from harmsweep.tables.catalog import LABELS, POST_VISIBILITY, POSTS

Rows = Sequence[dict[str, Any]]


def labelled(post_id: str, label: int, harm: str = "hate", **columns: Any) -> dict[str, Any]:
    """A label by hand."""
    return row(
        LABELS,
        **{"post_id": post_id, "label": label, "harm": harm, "source": "hand", "weight": 1.0}
        | columns,
    )


def holds(post_id: str, action: str, harm: str | None = "hate", **columns: Any) -> dict[str, Any]:
    """What holds for a post, everywhere."""
    known = {"subject_kind": "post", "subject_id": post_id, "action": action, "harm": harm}
    known |= {"effect_key": "x"}
    return row(POST_VISIBILITY, **known | columns)


def fill(lake: Path, labels: Rows, visibility: Rows = (), **status: str) -> Path:
    """Put labels and what holds into a lake, and their posts, accepted unless `status` says so."""
    names = {label["post_id"] for label in labels} | {held["subject_id"] for held in visibility}
    posts = [post(name, status=status.get(name, "accepted")) for name in sorted(names)]
    write_rows(posts, POSTS, lake, where={"day": DAY})
    write_rows([*labels], LABELS, lake, where={"day": DAY})
    write_rows([*visibility], POST_VISIBILITY, lake, where={"day": DAY})
    return lake

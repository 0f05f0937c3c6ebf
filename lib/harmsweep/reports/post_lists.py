"""The posts behind a page's figures, with the words masked: no page of a lake has a clear text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from harmsweep.enforcement.plans.summary import mask
from harmsweep.harms import HARMS
from harmsweep.lake import delta

# As many posts of a figure as a list shows.
LISTED = 20


def post_lists(
    lake: Path, rows: pd.DataFrame, model: str, *, prefix: str = ""
) -> Iterator[dict[str, Any]]:
    """A list for each harm and kind: the posts, with the model's scores for the harm, and an id.

    `rows` has a `day`, `post_id`, `harm` and `kind`, and as `n` how many posts the figure counts.
    """
    known = {(r["day"], r["post_id"]): r for r in _known(lake, rows, model)}
    for (harm, kind), of_list in rows.groupby(["harm", "kind"], sort=False):
        posts = [
            {"day": day, "post_id": post_id}
            | {"score": row.get(str(harm)), "text": mask(row.get("text") or "")}
            for day, post_id in zip(of_list["day"], of_list["post_id"], strict=True)
            for row in [known.get((day, post_id), {})]
        ]
        facts = {"id": f"{prefix}{harm}-{kind}", "harm": harm, "kind": kind}
        yield facts | {"posts": posts, "n": int(of_list["n"].iloc[0])}


def _known(lake: Path, rows: pd.DataFrame, model: str) -> list[dict[str, Any]]:
    """Texts, and a model's scores, of posts."""
    named = {"day": [*rows["day"].unique()], "post_id": [*rows["post_id"].unique()]}
    where, scores = delta.datafusion_where(named), ", ".join(f"s.{harm}" for harm in HARMS)
    sql = f"""SELECT p.day, p.post_id, p.text, {scores}
        FROM (SELECT * FROM posts_v1 WHERE {where} AND status = 'accepted') p
        LEFT JOIN (SELECT * FROM scores_v1
            WHERE {delta.datafusion_where(named | {"model_version": model})}) s
        ON s.day = p.day AND s.post_id = p.post_id AND s.revision = p.revision"""
    found: list[dict[str, Any]] = delta.query(lake, sql).to_pylist()
    return found

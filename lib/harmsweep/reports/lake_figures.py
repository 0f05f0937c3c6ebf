"""What the report says, read from the lake by SQL without Spark.

Numbers only: no post's text is read here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harmsweep.enforcement.rules.ledger import IN_FORCE
from harmsweep.harms import HARMS
from harmsweep.lake import delta
from harmsweep.reports.post_lists import LISTED

# Invariant 1, left and right side, as an analyst would ask for it.
LANDED_SQL = "SELECT sum(landed) AS landed FROM ingests_v1 WHERE source = 'posts'"
POSTS_SQL = "SELECT status, count(*) AS n FROM posts_v1 GROUP BY status"
REJECTS_SQL = """
SELECT status, count(*) AS n FROM rejects_v1
WHERE stage = 'ingest' AND source = 'posts' GROUP BY status"""
STATUS_SQL = """
SELECT s.status, count(*) AS n FROM scores_v1 s
JOIN posts_v1 p ON s.day = p.day AND s.post_id = p.post_id AND s.revision = p.revision
WHERE p.status = 'accepted' AND {of_model} GROUP BY s.status"""

# What holds for posts, wherever it holds; a review of a damaged post has no harm.
_HELD_SQL = f"""SELECT day, subject_id AS post_id, coalesce(harm, 'none') AS harm, action,
    effect_key
FROM post_visibility_v1 WHERE subject_kind = 'post' AND {IN_FORCE}"""


@dataclass(frozen=True)
class Accounts:
    """Where every landed post went: both equations of invariant 1."""

    landed: int
    accepted: int
    rejected: int
    duplicate: int
    superseded: int
    deleted: int
    scored: int
    scored_partial: int
    quarantined: int
    failed: int

    @property
    def balanced(self) -> bool:
        """Whether nothing was lost and nothing counted twice."""
        gone = self.rejected + self.duplicate + self.superseded + self.deleted
        ended = self.scored + self.scored_partial + self.quarantined + self.failed
        return self.landed == self.accepted + gone and self.accepted == ended


def accounts(lake: Path, model: str) -> Accounts:
    """Count every landed post once on each side, over the whole lake, for one model."""
    posts, rejects = _counts(lake, POSTS_SQL), _counts(lake, REJECTS_SQL)
    scores = _counts(lake, STATUS_SQL.format(of_model=of_model(model, "s.")))
    landed = delta.query(lake, LANDED_SQL).to_pylist()[0]["landed"]
    return Accounts(
        landed=int(landed or 0),
        accepted=posts.get("accepted", 0),
        rejected=rejects.get("rejected", 0),
        duplicate=rejects.get("duplicate", 0),
        superseded=posts.get("superseded", 0) + rejects.get("superseded", 0),
        deleted=posts.get("deleted", 0),
        scored=scores.get("scored", 0),
        scored_partial=scores.get("scored_partial", 0),
        quarantined=scores.get("quarantined", 0),
        failed=scores.get("failed", 0),
    )


def of_model(model: str, of: str = "") -> str:
    """The condition on rows that are a model's own; `of` is what the query calls their table."""
    return delta.datafusion_where({f"{of}model_version": model})


def span(lake: Path) -> dict[str, Any]:
    """The first and the last of the days that have posts, None without any, and their number."""
    sql = "SELECT min(day) AS first, max(day) AS last, count(DISTINCT day) AS days FROM posts_v1"
    row: dict[str, Any] = delta.query(lake, sql).to_pylist()[0]
    return row


def in_force(lake: Path) -> pd.DataFrame:
    """What holds now, by action and harm: posts, and the lowest score that did it."""
    return _frame(
        lake,
        "SELECT v.action, v.harm, count(DISTINCT concat(CAST(v.day AS VARCHAR), v.post_id))"
        " AS posts, min(a.score) AS lowest_score, min(a.threshold) AS threshold"
        f" FROM ({_HELD_SQL}) v"
        " JOIN actions_v1 a ON a.effect_key = v.effect_key AND a.entry = 'intent'"
        " GROUP BY v.action, v.harm ORDER BY v.action, posts DESC",
    )


def under_action(lake: Path) -> pd.DataFrame:
    """The first posts of each harm and action that holds now, as `post_lists` takes them."""
    return _frame(
        lake,
        "SELECT day, post_id, harm, action AS kind, n FROM (SELECT *,"
        " row_number() OVER (PARTITION BY harm, action ORDER BY day, post_id) AS place,"
        " count(*) OVER (PARTITION BY harm, action) AS n"
        f" FROM (SELECT DISTINCT day, post_id, harm, action FROM ({_HELD_SQL})))"
        f" WHERE place <= {LISTED} ORDER BY harm, kind, place",
    )


def review_reasons(lake: Path, model: str, policy: str) -> pd.DataFrame:
    """Why posts went to review."""
    return _frame(
        lake,
        "SELECT reason, policy_action, count(*) AS posts FROM decisions_v1"
        f" WHERE action = 'review' AND {of_model(model)}"
        f" AND {delta.datafusion_where({'policy_version': policy})}"
        " GROUP BY reason, policy_action ORDER BY posts DESC",
    )


def statuses_by_day(lake: Path, model: str) -> pd.DataFrame:
    """Posts by score status: a row per day, a column per status."""
    counts = _frame(
        lake,
        "SELECT day, status, count(*) AS n FROM scores_v1"
        f" WHERE {of_model(model)} GROUP BY day, status ORDER BY day",
    )
    return counts.pivot(index="day", columns="status", values="n").fillna(0)


def reject_rules(lake: Path) -> pd.DataFrame:
    """What was refused, by stage, source and rule."""
    return _frame(
        lake,
        "SELECT stage, source, status, reason, count(*) AS items FROM rejects_v1"
        " GROUP BY stage, source, status, reason ORDER BY stage, source, items DESC",
    )


def media_statuses(lake: Path) -> pd.DataFrame:
    """Media by kind, status and reason."""
    return _frame(
        lake,
        "SELECT kind, status, coalesce(reason, '') AS reason, count(*) AS media FROM media_v1"
        " GROUP BY kind, status, reason ORDER BY kind, media DESC",
    )


def inputs_seen(lake: Path) -> pd.DataFrame:
    """Posts by the input that was embedded of them, and how that ended."""
    return _frame(
        lake,
        "SELECT input, status, coalesce(reason, '') AS reason, count(*) AS posts"
        " FROM post_vectors_v1 GROUP BY input, status, reason ORDER BY input, posts DESC",
    )


def pictures_read(lake: Path) -> pd.DataFrame:
    """How many distinct pictures each reader read, and how many had text."""
    return _frame(
        lake,
        "SELECT reader_id AS reader, count(*) AS pictures,"
        " sum(CASE WHEN status = 'ok' AND text <> '' THEN 1 ELSE 0 END) AS with_text,"
        " sum(CASE WHEN status = 'ok' AND text = '' THEN 1 ELSE 0 END) AS without_text,"
        " sum(CASE WHEN status <> 'ok' THEN 1 ELSE 0 END) AS undecodable"
        " FROM media_texts_v1 GROUP BY reader_id ORDER BY reader_id",
    )


def media_matches(lake: Path) -> pd.DataFrame:
    """Matches with known media, by bank and by what they count for."""
    return _frame(
        lake,
        "SELECT bank, kind, status, coalesce(reason, '') AS reason, count(*) AS matches,"
        " min(distance) AS nearest, max(distance) AS farthest FROM media_matches_v1"
        " GROUP BY bank, kind, status, reason ORDER BY bank, kind, status",
    )


def copies(lake: Path) -> pd.DataFrame:
    """How many distinct pictures are copies of others, and in how many clusters; none where 0."""
    return _frame(
        lake,
        "SELECT count(DISTINCT cluster) AS clusters, count(DISTINCT content_hash) AS pictures,"
        " max(size) AS largest_cluster FROM media_clusters_v1 HAVING count(*) > 0",
    )


def comments(lake: Path, model: str) -> pd.DataFrame:
    """Posts whose comments were scored, by harm: evidence for review, never for an action."""
    return _frame(
        lake,
        "SELECT harm, count(*) AS posts, sum(comments) AS comments, max(score) AS highest_score"
        f" FROM comment_scores_v1 WHERE {of_model(model)}"
        " GROUP BY harm ORDER BY highest_score DESC",
    )


def languages(lake: Path) -> pd.DataFrame:
    """Posts by language, the ten most frequent."""
    return _frame(
        lake,
        "SELECT language, count(*) AS posts FROM post_features_v1 GROUP BY language"
        " ORDER BY posts DESC LIMIT 10",
    )


def score_shares(lake: Path, model: str) -> pd.DataFrame:
    """The share of scored posts at or above each score: index the score, a column per head."""
    names = ", ".join(HARMS)
    scores = _frame(lake, f"SELECT {names} FROM scores_v1 WHERE {of_model(model)}").dropna(
        axis="columns", how="all"
    )
    at = np.linspace(0, 1, 101)
    shares = {}
    for head in scores:
        ranked = np.sort(scores[head].dropna().to_numpy())
        shares[head] = 1 - np.searchsorted(ranked, at, side="left") / max(len(ranked), 1)
    return pd.DataFrame(shares, index=at).replace(0, np.nan)


def stage_seconds(lake: Path) -> pd.Series:
    """Seconds of each stage's last runs over all days, longest first."""
    seconds = _frame(lake, "SELECT stage, sum(seconds) AS seconds FROM runs_v1 GROUP BY stage")
    return seconds.set_index("stage")["seconds"].sort_values(ascending=False)


def _counts(lake: Path, sql: str) -> dict[str, int]:
    return {row["status"]: row["n"] for row in delta.query(lake, sql).to_pylist()}


def _frame(lake: Path, sql: str) -> pd.DataFrame:
    frame: pd.DataFrame = delta.query(lake, sql).to_pandas()
    return frame

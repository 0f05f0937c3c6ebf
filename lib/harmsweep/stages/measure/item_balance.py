"""The accounts: every post that landed on a day has a status, and so has every accepted one.

landed = accepted + rejected + duplicate + superseded + deleted
accepted = scored + scored_partial + quarantined + failed
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from harmsweep.lake import delta
from harmsweep.lake.flow import EDIT_DAYS
from harmsweep.stages.measure.counts import Metric
from harmsweep.tables.catalog import SCORE_STATUSES

LANDED = ("accepted", "rejected", "duplicate", "superseded", "deleted")
# Accepted and without a score of this model: 0 once the day was scored.
UNSCORED = "unscored"


def accounts(lake: Path, day: date, model_version: str) -> Iterator[Metric]:
    """What became of the posts that landed on the day, as things stand now.

    A row counts on the day of its landing, whichever day its post belongs to, so that both
    equations hold for each day alone; an edit that lands later moves its post's earlier row from
    accepted to superseded.
    """
    counts: Counter[str] = Counter()
    for row in _rows(lake, _revisions(lake, day, model_version)):
        counts[row["status"]] += row["n"]
        if row["status"] == "accepted":
            counts[row["scored"]] += row["n"]
    for row in _rows(lake, _refused(day)):
        counts[row["status"]] += row["n"]
    for name in ("landed", *LANDED, *SCORE_STATUSES, UNSCORED):
        yield Metric("accounts", "all", "status", name, float(counts[name]))


def _rows(lake: Path, sql: str) -> list[dict[str, Any]]:
    return list(delta.query(lake, sql).to_pylist())


def _revisions(lake: Path, day: date, model_version: str) -> str:
    """Revisions that the day brought, by status and by the model's status."""
    first, last = day - timedelta(days=EDIT_DAYS), day + timedelta(days=1)
    landed = f"FROM posts_v1 WHERE day BETWEEN '{first}' AND '{last}' AND recorded_day = '{day}'"
    # Their own days' scores alone: of others no file is opened.
    days = [row["day"] for row in _rows(lake, f"SELECT DISTINCT day {landed}")]
    scored = delta.datafusion_where({"day": days, "model_version": model_version})
    return f"""SELECT p.status, coalesce(s.status, '{UNSCORED}') AS scored, count(*) AS n
        FROM (SELECT day, post_id, revision, status {landed}) p
        LEFT JOIN (SELECT day, post_id, revision, status FROM scores_v1 WHERE {scored}) s
        ON p.day = s.day AND p.post_id = s.post_id AND p.revision = s.revision
        GROUP BY 1, 2"""


def _refused(day: date) -> str:
    """How many posts landed on the day, and what ingest refused of them, by status."""
    return f"""SELECT 'landed' AS status, coalesce(sum(landed), 0) AS n FROM ingests_v1
        WHERE day = '{day}' AND source = 'posts'
        UNION ALL
        SELECT status, count(*) AS n FROM rejects_v1
        WHERE day = '{day}' AND stage = 'ingest' AND source = 'posts' GROUP BY status"""

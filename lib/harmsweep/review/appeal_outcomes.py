"""What wrong actions cost: the views that they lost, and how many of those appealed were wrong."""

from collections import Counter, defaultdict
from datetime import date
from pathlib import Path
from typing import Any

from harmsweep.enforcement.conf import load_bounds
from harmsweep.enforcement.rules.ledger import ORDER
from harmsweep.enforcement.state.copies import Verdict, find_copies
from harmsweep.lake import delta
from harmsweep.policy.actions import VISIBLE
from harmsweep.review.closings import closings, undecided

WAITING = "waiting"


def views_lost(lake: Path, days: list[date], verdict: Verdict) -> int | None:
    """The views that an overturned action is likely to have cost, on the post and on its copies.

    For each of them on which something visible ever held that no authority ordered: the median
    views of its day's posts by accounts of alike size (followers within the same power of ten) on
    which nothing visible ever held, less what it had, and at least 0: an estimate. None where there
    is nothing to compare. `days` are those of the post and of copies.
    """
    losses = [lost for day in days for lost in _lost(lake, day, verdict)]
    return sum(losses) if losses else None


def _lost(lake: Path, day: date, verdict: Verdict) -> list[int]:
    copies = find_copies(lake, day, [verdict], load_bounds().copies)
    posts = sorted({*copies, *([verdict.post_id] if day == verdict.day else [])})
    size = "CAST(floor(log10(coalesce(followers, 0) + 1)) AS INT)"
    features = f"""SELECT *, {size} AS size FROM post_features_v1
        WHERE day = '{day}' AND views IS NOT NULL"""
    acted = f"""SELECT DISTINCT subject_id, lane <> '{ORDER}' AS own FROM actions_v1
        WHERE day = '{day}' AND entry = 'intent' AND action IN {VISIBLE}"""
    # What held once cost views too, as of copies that an appeal brought back before it was killed.
    sql = f"""SELECT median(f.views) AS usual, max(w.views) AS had FROM ({features}) f
        JOIN (SELECT DISTINCT o.post_id, o.views, o.size FROM ({features}) o
            JOIN ({acted}) h ON h.subject_id = o.post_id AND h.own
            WHERE {delta.datafusion_where({"post_id": posts})}) w ON w.size = f.size
        LEFT JOIN (SELECT DISTINCT subject_id FROM ({acted}) b) a ON a.subject_id = f.post_id
        WHERE a.subject_id IS NULL GROUP BY w.post_id"""
    rows = delta.query(lake, sql, days=[day]).to_pylist() if posts else []
    return [max(0, round(row["usual"] - row["had"])) for row in rows]


def outcomes(lake: Path, first: date, last: date) -> list[dict[str, Any]]:
    """What came of the appeals about posts of the days, by harm and action, the most first.

    `closed` counts those that nobody decided because what they are about was lifted otherwise, and
    `closed_by` says by what; the others that nobody decided wait.

    `wrong` is the share overturned of those decided, `from` and `to` its Wilson interval (95 %):
    it is of those who appealed, and says nothing of all others. `days` is the median of those that
    it took to decide.
    """
    sql = f"""SELECT f.harm, f.action, count(*) AS filed, count(d.status) AS decided,
            sum(CASE WHEN d.status = 'overturned' THEN 1 ELSE 0 END) AS overturned,
            median(date_part('epoch', d.at) - date_part('epoch', f.at)) / 86400 AS days,
            sum(d.views_lost) AS views_lost
        FROM (SELECT * FROM appeals_v1 WHERE status = 'filed'
            AND day BETWEEN '{first}' AND '{last}') f
        LEFT JOIN (SELECT * FROM appeals_v1 WHERE status <> 'filed') d
        ON d.appeal_id = f.appeal_id
        GROUP BY f.harm, f.action ORDER BY filed DESC, f.harm, f.action"""
    closed = closed_by(lake, first, last)
    rows = delta.query(lake, sql).to_pylist()
    return [_with_interval(row, closed[row["harm"], row["action"]]) for row in rows]


def closed_by(lake: Path, first: date, last: date) -> dict[tuple[str, str], Counter[str]]:
    """What the undecided appeals about posts of the days were closed by, by harm and action.

    Those that wait count as `waiting`.
    """
    rows = undecided(lake, first, last)
    closed = closings(lake, rows)
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        closing = closed.get(row["appeal_id"])
        counts[row["harm"], row["action"]][closing.by if closing else WAITING] += 1
    return counts


def statuses(lake: Path, day: date) -> Counter[tuple[str, str]]:
    """How many appeals about a day's posts there are of each harm and status.

    A status is an outcome, `waiting`, or what closed it.
    """
    sql = f"""SELECT harm, status, count(*) AS n FROM appeals_v1
        WHERE day = '{day}' AND status <> 'filed' GROUP BY harm, status"""
    decided = delta.query(lake, sql, days=[day]).to_pylist()
    counts = Counter({(row["harm"], row["status"]): row["n"] for row in decided})
    for (harm, _), some in closed_by(lake, day, day).items():
        for status, n in some.items():
            counts[harm, status if status == WAITING else f"closed_by_{status}"] += n
    return counts


def _with_interval(row: dict[str, Any], undecided: Counter[str]) -> dict[str, Any]:
    closed = {by: n for by, n in sorted(undecided.items()) if by != WAITING}
    wrong, n = row["overturned"], row["decided"]
    ends: tuple[float | None, float | None] = (None, None)
    if n:
        # Whoever decides an appeal need not wait for its import.
        from scipy import stats

        interval = stats.binomtest(wrong, n).proportion_ci(method="wilson")
        ends = (float(interval.low), float(interval.high))
    names = ("harm", "action", "filed", "decided", "overturned")
    share = {"wrong": wrong / n if n else None, "from": ends[0], "to": ends[1]}
    by = ", ".join(f"{by} {n}" for by, n in closed.items())
    other = {"closed": sum(closed.values()), "closed_by": by, WAITING: undecided[WAITING]}
    return {n: row[n] for n in names} | other | share | {n: row[n] for n in ("days", "views_lost")}

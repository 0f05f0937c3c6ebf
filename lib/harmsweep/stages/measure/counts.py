"""Counts and score distributions of a day, each table read once."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from harmsweep.harms import HARMS
from harmsweep.lake import delta
from harmsweep.review.appeal_outcomes import statuses

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


@dataclass(frozen=True)
class Metric:
    """One number of the day."""

    metric: str
    harm: str
    slice: str
    value_of: str
    value: float

    def row(self) -> dict[str, Any]:
        """The number as columns of metrics."""
        return asdict(self)


def current(table: str, day: date, versions: Mapping[str, str]) -> str:
    """SQL for the day's rows of a table of revisions that still stand."""
    # Each side by its own partition: the engine does not carry the day over the join.
    return f"""SELECT t.* FROM (SELECT * FROM {table}
              WHERE {delta.datafusion_where({"day": day, **versions})}) t
        JOIN (SELECT * FROM posts_v1 WHERE {delta.datafusion_where({"day": day})}) p
        ON p.post_id = t.post_id AND p.revision = t.revision
        WHERE p.status = 'accepted'"""


def by_status(lake: Path, scores: str) -> Iterator[Metric]:
    """How many posts the model gave each status, and how many there are of each language."""
    for by in ("status", "language"):
        sql = f"SELECT {by} AS value_of, count(*) AS n FROM ({scores}) GROUP BY {by} ORDER BY {by}"
        for row in delta.query(lake, sql).to_pylist():
            yield Metric("posts", "all", by, row["value_of"], float(row["n"]))


def quantiles(lake: Path, scores: str) -> Iterator[Metric]:
    """Of each head that scored: quantiles, the greatest score, and the share from 0.5 up.

    Quantiles are approximate (t-digest), most exact in the tails, which is where thresholds lie.
    """
    numbers = ", ".join(_distribution(harm) for harm in HARMS)
    summary = delta.query(lake, f"SELECT {numbers} FROM ({scores})").to_pylist()[0]
    for harm in HARMS:
        if summary[f"{harm}_n"]:
            yield from _head(harm, summary)


def _distribution(harm: str) -> str:
    columns = [f"approx_percentile_cont({harm}, {q}) AS {harm}_{n}" for n, q in QUANTILES.items()]
    columns.append(f"count({harm}) AS {harm}_n, max({harm}) AS {harm}_max")
    columns.append(f"avg(CASE WHEN {harm} >= 0.5 THEN 1.0 WHEN {harm} < 0.5 THEN 0.0 END)")
    return ", ".join(columns) + f" AS {harm}_share"


def _head(harm: str, summary: Mapping[str, float]) -> Iterator[Metric]:
    for name in (*QUANTILES, "max"):
        yield Metric("score_quantile", harm, "quantile", name, summary[f"{harm}_{name}"])
    yield Metric("score_quantile", harm, "share", "from_0.5", summary[f"{harm}_share"])


def by_action(lake: Path, day: date, metric: str, rows: str) -> Iterator[Metric]:
    """How many of the day's rows there are of each harm and action."""
    sql = f"""SELECT coalesce(harm, 'none') AS harm, action, count(*) AS n FROM ({rows})
        GROUP BY 1, 2 ORDER BY 1, 2"""
    for row in delta.query(lake, sql, days=[day]).to_pylist():
        yield Metric(metric, row["harm"], "action", row["action"], float(row["n"]))


def appeals(lake: Path, day: date) -> Iterator[Metric]:
    """How many appeals about the day's posts were decided, wait, or were closed, and by what."""
    for (harm, status), n in sorted(statuses(lake, day).items()):
        yield Metric("appeals", harm, "status", status, float(n))


def explanations(lake: Path, day: date, model_version: str) -> Iterator[Metric]:
    """How many of the day's effects were explained, by how that ended, and the seconds it took."""
    where = delta.datafusion_where({"day": day, "model_version": model_version})
    sql = f"""SELECT status, count(*) AS n, sum(seconds) AS seconds FROM explanations_v1
        WHERE {where} GROUP BY status ORDER BY status"""
    for row in delta.query(lake, sql, days=[day]).to_pylist():
        yield Metric("explanations", "all", "status", row["status"], float(row["n"]))
        yield Metric("explanation_seconds", "all", "status", row["status"], row["seconds"])

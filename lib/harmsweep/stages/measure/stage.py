"""The day's metrics for a model under a policy, in long form."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from harmsweep.enforcement.rules.ledger import IN_FORCE
from harmsweep.enforcement.state.decisions import version_pair
from harmsweep.lake import writes
from harmsweep.lake.flow import MEASURE
from harmsweep.lake.runs import Counts, Outcome, run_stage
from harmsweep.stages.measure.counts import (
    Metric,
    appeals,
    by_action,
    by_status,
    current,
    explanations,
    quantiles,
)
from harmsweep.stages.measure.item_balance import accounts
from harmsweep.tables.catalog import METRICS


def measure_day(lake: Path, day: date, *, model_version: str, policy_version: str) -> Outcome:
    """Write the day's metrics; a second run changes nothing.

    They are counts over columns of one day: Delta's own engine streams them, without Spark.
    """
    versions = version_pair(model_version, policy_version)

    def work() -> Counts:
        metrics = list(_metrics(lake, day, versions))
        rows = [{"day": day, **versions, **metric.row()} for metric in metrics]
        writes.write_rows(rows, METRICS, lake, where={"day": day, **versions})
        posts = sum(m.value for m in metrics if (m.metric, m.slice) == ("posts", "status"))
        return {"posts": int(posts), "metrics": len(rows)}

    return run_stage(MEASURE, lake, day, work, versions=versions)


def _metrics(lake: Path, day: date, versions: dict[str, str]) -> Iterator[Metric]:
    model_version = versions["model_version"]
    yield from accounts(lake, day, model_version)
    scores = current("scores_v1", day, {"model_version": model_version})
    yield from by_status(lake, scores)
    yield from quantiles(lake, scores)
    decided = current("decisions_v1", day, versions)
    yield from by_action(lake, day, "decisions", decided)
    shown = f"SELECT * FROM post_visibility_v1 WHERE day = '{day}' AND {IN_FORCE}"
    yield from by_action(lake, day, "effects", shown)
    yield from explanations(lake, day, model_version)
    yield from appeals(lake, day)

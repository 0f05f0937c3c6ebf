"""The page of a plan or of a held batch: one HTML file for those who must approve it."""

from collections import defaultdict
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from harmsweep.enforcement.circuit_breaker.approvals import approved_by
from harmsweep.enforcement.circuit_breaker.batches import Waiting, approval_request
from harmsweep.enforcement.circuit_breaker.forecast import headroom
from harmsweep.enforcement.plans.plan import Plan, binding_of, planned_effects
from harmsweep.enforcement.plans.summary import changing, samples, tables, unchanging
from harmsweep.enforcement.rules.ledger import Entry
from harmsweep.enforcement.state.day_ledger import now_micros
from harmsweep.reports import plots
from harmsweep.reports.lake import TEMPLATES


def write_plan(lake: Path, plan: Plan, out: Path) -> Path:
    """Write a plan's page to `out` and give that path; texts are masked, and open with a click.

    Raises:
        DataRefused: the policy's file is another by now.
    """
    bounds = batch_headroom(lake, plan)
    page = TEMPLATES.get_template("plan.html").render(
        plan=plan,
        approved=approved_by(lake, plan.approval_request),
        tables={
            name: (changing(rows), unchanging(rows)) for name, rows in tables(lake, plan).items()
        },
        bounds=bounds,
        figure=plots.beside_bounds(bounds) if bounds else "",
        samples=_samples(lake, plan),
    )
    out.write_text(page, encoding="utf-8")
    return out


def write_batch(lake: Path, batch: Waiting, out: Path) -> Path:
    """Write a held batch's page to `out` and give that path; texts are as on a plan's."""
    request = approval_request(lake, batch)
    page = TEMPLATES.get_template("batch.html").render(
        batch=batch,
        request=request,
        approved=approved_by(lake, request),
        tables=tables(lake, batch),
        samples=_samples(lake, batch),
    )
    out.write_text(page, encoding="utf-8")
    return out


def batch_headroom(lake: Path, plan: Plan) -> list[dict[str, Any]]:
    """The plan's batches of each day beside their bounds, as things stand now."""
    new_entries: dict[date, list[Entry]] = defaultdict(list)
    for entry in planned_effects(lake, plan):
        new_entries[entry.day].append(entry)
    policy = binding_of(lake, plan).policy
    return [asdict(row) for row in headroom(lake, new_entries, policy, now_micros())]


def _samples(lake: Path, plan: Plan | Waiting) -> list[dict[str, Any]]:
    """The samples, each with its text and the text masked."""
    texts = {row["post"]: row["text"] for row in samples(lake, plan, masked=False)}
    return [row | {"clear": texts[row["post"]]} for row in samples(lake, plan)]

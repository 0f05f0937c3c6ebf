"""The page of a plan or of a held batch: one HTML file for those who must approve it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from harmsweep.enforcement.circuit_breaker.approvals import approved_by
from harmsweep.enforcement.circuit_breaker.batches import Waiting, approval_request
from harmsweep.enforcement.circuit_breaker.forecast import headroom
from harmsweep.enforcement.plans.plan import Plan, binding_of, planned_effects
from harmsweep.enforcement.plans.summary import changing, samples, tables, unchanging
from harmsweep.enforcement.rules.ledger import Entry
from harmsweep.enforcement.state.day_ledger import now_micros
from harmsweep.policy.archive import kept_policy
from harmsweep.policy.differences import differences
from harmsweep.reports import against_labels, plots
from harmsweep.reports.lake import TEMPLATES, records


def write_plan(lake: Path, plan: Plan, out: Path) -> Path:
    """Write a plan's page to `out` and give that path; texts are masked, and open with a click.

    Raises:
        DataRefused: the policy's file is another by now.
    """
    bounds = batch_headroom(lake, plan)
    labelled = against_labels.planned(lake, plan)
    page = TEMPLATES.get_template("plan.html").render(
        plan=plan,
        at=datetime.now(UTC),
        changes=list(_policy_changes(lake, plan)),
        labelled=records(against_labels.by_effect(labelled)),
        approved=approved_by(lake, plan.approval_request),
        tables={
            name: (changing(rows), unchanging(rows)) for name, rows in tables(lake, plan).items()
        },
        bounds=bounds,
        figure=_beside_bounds(bounds) if bounds else "",
        samples=_samples(lake, plan, labelled),
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
        at=datetime.now(UTC),
        tables=tables(lake, batch),
        samples=_samples(lake, batch, against_labels.planned(lake, batch)),
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


def _policy_changes(lake: Path, plan: Plan) -> Iterator[dict[str, Any]]:
    """What the plan's policy says that each one which it is compared with does not, in words."""
    new = binding_of(lake, plan).policy
    pairs = [plan.against] if plan.against else plan.base
    for version in dict.fromkeys(pair.split("/")[1].split(" ")[0] for pair in pairs):
        old = kept_policy(lake, version)
        yield {"version": version, "lines": differences(old, new) if old else None}


def _beside_bounds(bounds: Sequence[Mapping[str, Any]]) -> str:
    """The effects of each day's batch, with marks for the cap and for what is likely."""
    rows = [
        {"name": f"{row['day']} {row['harm']}, {row['direction']}", "value": row["effects"]}
        | {"colour": plots.colour_of(row["harm"]), "cap": row["cap"], "likely": row["likely"]}
        for row in bounds
    ]
    marks = {"cap": "cap of 24 hours", "likely": "the most that is likely"}
    return plots.bars(rows, title="Effects beside their bounds", unit="effects", marks=marks)


def _samples(lake: Path, plan: Plan | Waiting, labelled: pd.DataFrame) -> list[dict[str, Any]]:
    """The samples, each with its text, the text masked, and what its post is labelled."""
    texts = {row["post"]: row["text"] for row in samples(lake, plan, masked=False)}
    labels = {(row.post, row.harm): row.label for row in labelled.itertuples()}
    return [
        row | {"clear": texts[row["post"]], "label": labels[row["post"], row["harm"] or "none"]}
        for row in samples(lake, plan)
    ]

"""Write a model's evaluation: one HTML file that needs no other."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from harmsweep.errors import Refused
from harmsweep.evaluation.fairness import LEAST_POSTS
from harmsweep.evaluation.heads import doubts, head_records
from harmsweep.evaluation.model_scores import model_scores
from harmsweep.evaluation.scored import seen_groups
from harmsweep.evaluation.shares import FALSE_POSITIVES, LEAST_FLAGGED
from harmsweep.evaluation.slices import LEAST_POSITIVES
from harmsweep.evaluation.worst_errors import texts, worst
from harmsweep.model.conf import TrainingConfig
from harmsweep.model.manifest import (
    Manifest,
    check_encoders,
    load_manifest,
    verified_bytes,
)
from harmsweep.model.snapshot import Snapshot, load_snapshot
from harmsweep.paths import CONF
from harmsweep.policy.certificates import folder_beside
from harmsweep.policy.file import load_policy
from harmsweep.reports import evaluation_plots, evaluation_run, evaluation_sections
from harmsweep.reports.lake import TEMPLATES, ablation_section
from harmsweep.reports.plots import Charts

# The parts that thresholds are chosen on and that everything is measured on.
JUDGING = ("certify", "test")
LIMITS = {
    "positives": LEAST_POSITIVES,
    "rate": FALSE_POSITIVES,
    "posts": LEAST_POSTS,
    "flagged": LEAST_FLAGGED,
}


POLICY = CONF / "policy" / "default.yaml"


class EvaluationRefused(Refused):
    """The snapshot cannot judge the model."""


@dataclass(frozen=True)
class Material:
    """What a page is made from; what is not given has no section, or says how to get one."""

    model: Path  # its manifest
    snapshot: Path
    # The lake that the snapshot was taken from: the only place of texts.
    lake: Path | None = None
    # Beside the model unless given.
    certificates: Path | None = None
    ablation: Path | None = None
    comparison: Path | None = None
    learning: Path | None = None
    # Whose rungs ordinary posts are held against.
    policy: Path = POLICY
    # How many posts the platform has a day, if shares are to be told as posts too.
    posts_a_day: int | None = None
    # Folder of MLflow's files, where the model's run is.
    tracking: Path | None = None


def write_evaluation(material: Material, out: Path) -> Path:
    """Write the model's page to `out` and give that path; log it and its plots where `tracking` is.

    Texts of posts stand in `out` only, masked until a click; MLflow gets the page without them.

    Raises:
        ManifestRefused, SnapshotRefused, CertificateRefused: a file is not what it says.
        EvaluationRefused: a part is empty, the model was trained on groups of the test part, or a
            platform has no post a day.
        RunNotFound: MLflow has no run of the model; nothing was written.
    """
    if material.posts_a_day is not None and material.posts_a_day < 1:
        raise EvaluationRefused(f"{material.posts_a_day} posts a day: give 1 or more")
    manifest = load_manifest(material.model)
    content, plots = evaluation(material, manifest)
    run = None
    if material.tracking:
        run = evaluation_run.run_of(material.tracking, manifest.model_version)
        losses = evaluation_run.epochs(material.tracking, run)
        plots |= evaluation_plots.epochs(losses)
    page = TEMPLATES.get_template("evaluation.html")
    out.write_text(page.render(**content, plots=plots, reveal=True), encoding="utf-8")
    if material.tracking and run:
        without_texts = page.render(**content, plots=plots, reveal=False)
        evaluation_run.log(material.tracking, run, without_texts, plots)
    return out


def evaluation(material: Material, manifest: Manifest) -> tuple[dict[str, Any], Charts]:
    """Everything that the page says, and its plots by name."""
    facts = load_snapshot(material.snapshot)
    rows = _scored_parts(material, manifest, facts)
    stored = _evaluation_on(facts, material.model, manifest)
    listed = list(head_records(rows.test, rows.harms, stored, rows.options, seed=rows.seed))
    heads = {head["harm"]: head for head in listed}
    known = texts(material.lake, rows.test) if material.lake else None
    slices, plots = evaluation_sections.slice_sections(rows)
    fairness = evaluation_sections.fairness(rows, known)
    plots |= evaluation_sections.curve_plots(rows, heads) | fairness["plots"]
    compared, learned = _read(material.comparison), _read(material.learning)
    if learned.get("shares"):
        plots |= evaluation_plots.learning(learned["shares"], heads)
    folder = material.certificates or folder_beside(material.model)
    by = evaluation_sections.flagging(load_policy(material.policy), manifest.model_version, folder)
    costs = evaluation_sections.costs(rows, by, material.posts_a_day)
    plots |= costs["plots"]
    return {
        "model": manifest,
        "own_snapshot": bool(stored),
        "snapshot": facts,
        "heads": listed,
        "doubts": doubts(listed),
        "at": datetime.now(UTC),
        "slices": slices,
        "precisions": list(evaluation_sections.precision_records(rows)),
        "costs": costs,
        "ordinary": evaluation_sections.ordinary(rows, by),
        "certificates": evaluation_sections.certificates_of(folder, manifest.model_version),
        "newest": learned.get("newest_days", []),
        "few_groups": evaluation_sections.leave_one_group_out(learned, stored),
        "fairness": fairness,
        "confusion": evaluation_sections.confusion(rows),
        "ablation": ablation_section(material.ablation) if material.ablation else None,
        "comparison": evaluation_sections.comparison(compared) if compared else None,
        "errors": [_with_text(error, known) for error in worst(rows.test, rows.harms)],
        "with_lake": material.lake is not None,
        "limits": LIMITS | {"groups": rows.options.min_groups},
    }, plots


def _scored_parts(
    material: Material, manifest: Manifest, facts: Snapshot
) -> evaluation_sections.ScoredParts:
    check_encoders(manifest, {source.name: source.encoder_id for source in facts.inputs})
    empty = [name for name in JUDGING if not facts.rows.get(name)]
    if empty:
        raise EvaluationRefused(f"{material.snapshot}: has no rows in {empty}")
    parts = {name: model_scores(material.snapshot / name, material.model) for name in JUDGING}
    if seen_groups(material.snapshot / "test", set(manifest.groups)):
        raise EvaluationRefused(
            f"{material.snapshot}: {manifest.model_version} was trained on groups of the test part"
        )
    options = TrainingConfig.model_validate(manifest.training)
    limits, seed = options.evaluation, options.fit.seed
    return evaluation_sections.ScoredParts(**parts, harms=manifest.harms, options=limits, seed=seed)


def _evaluation_on(facts: Snapshot, model: Path, manifest: Manifest) -> Mapping[str, Any]:
    """What training said of the model on the snapshot; nothing where it is another snapshot."""
    if facts.id != manifest.snapshot.id:
        return {}
    path = model.parent / manifest.evaluation.name
    evaluation: dict[str, Any] = json.loads(verified_bytes(path, manifest.evaluation.sha256))
    return evaluation


def _read(path: Path | None) -> dict[str, Any]:
    """The content of a JSON file; nothing where there is none."""
    content: dict[str, Any] = json.loads(path.read_bytes()) if path else {}
    return content


def _with_text(error: Mapping[str, Any], texts: pd.Series | None) -> dict[str, Any]:
    text = texts[error["place"]] if texts is not None else None
    return {**error, "text": text if isinstance(text, str) and text else None}

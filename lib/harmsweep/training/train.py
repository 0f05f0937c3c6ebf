"""From a snapshot to a model's folder: heads, manifest and evaluation."""

import hashlib
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from harmsweep.evaluation.records import (
    Record,
    calibration_record,
    finite,
    kept_out,
    language_records,
    records,
)
from harmsweep.files import writing_whole
from harmsweep.model.calibration import Calibration
from harmsweep.model.conf import TrainingConfig, load_training
from harmsweep.model.manifest import (
    NAME,
    File,
    Manifest,
    SnapshotFacts,
    build_manifest,
    group_hash,
    load_manifest,
    write_manifest,
)
from harmsweep.model.network import Heads, serialized
from harmsweep.model.snapshot import Snapshot, group_columns, load_snapshot
from harmsweep.model.tracking import log_run
from harmsweep.paths import CONF
from harmsweep.training.code_version import code_version
from harmsweep.training.learner import network
from harmsweep.training.progress import fit_shown
from harmsweep.training.scoring import few_group_records, fit_calibrations, score_part
from harmsweep.training.task import Task, task_of

WEIGHTS, EVALUATION = "model.safetensors", "evaluation.json"
LIBRARIES = ("torch", "numpy", "pyarrow", "petastorm", "safetensors", "scikit-learn", "mlflow")


def train(
    snapshot: Path, *, models: Path, tracking: Path, config: Path = CONF / "training.yaml"
) -> Path:
    """Train on a snapshot; give the path of the manifest, `models/<version>/manifest.json`.

    The same snapshot and configuration give the same version. The run is logged to MLflow under
    `tracking`: parameters, metrics, manifest; never text.

    Raises:
        SnapshotRefused: the snapshot's files differ from its own hashes.
        ConfRefused: the configuration is wrong.
        TrainingRefused: no harm has enough labels for a head.
    """
    started = time.time()
    facts, options = load_snapshot(snapshot), load_training(config)
    task, skipped = task_of(snapshot, facts, options)
    off = {harm: names for harm, names in options.switched_off.items() if harm in task.harms}
    trained = network(task, options.fit, visible_columns=task.visible_columns(off))
    history = fit_shown(snapshot, task, [trained], options.fit)
    heads = trained.heads
    calibrations = fit_calibrations(snapshot / "validation", task, heads)
    evaluation = evaluate(snapshot, task, heads, calibrations, options)
    files = {WEIGHTS: serialized(heads), EVALUATION: _json(evaluation)}
    manifest = build_manifest(
        _described(task, facts, options, files)
        | {"network": heads.config, "skipped": skipped, "switched_off": off}
        | {"calibrations": calibrations}
        | {"kept_out": kept_out(evaluation["records"], options.evaluation)}
        | {"groups": tuple(sorted({*training_groups(snapshot), *facts.tuned_on}))}
        | {"metrics": head_metrics(evaluation["records"])}
    )
    path = _publish(manifest, files, models)
    log_run(path, manifest, history, tracking=tracking, snapshot=snapshot, started=started)
    return path


def _described(
    task: Task, facts: Snapshot, options: TrainingConfig, files: Mapping[str, bytes]
) -> dict[str, Any]:
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return {
        "inputs": task.inputs,
        "features": task.features,
        "text_windows": task.windows is not None,
        "heads": task.heads,
        "snapshot": SnapshotFacts(**facts.model_dump(include=set(SnapshotFacts.model_fields))),
        "training": options.model_dump(mode="json"),
        "weights": File(name=WEIGHTS, sha256=hashes[WEIGHTS]),
        "evaluation": File(name=EVALUATION, sha256=hashes[EVALUATION]),
        "code_version": code_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def evaluate(
    snapshot: Path,
    task: Task,
    heads: Heads,
    calibrations: Mapping[str, Calibration],
    options: TrainingConfig,
) -> dict[str, list[Record]]:
    """Everything that evaluation.json says: records by head and dataset, language, calibration."""
    names = ("records", "languages", "leave_one_group_out", "calibration")
    parts: dict[str, list[Record]] = {name: [] for name in names}
    limits = options.evaluation
    for scored in score_part(snapshot, task, heads, calibrations, limits):
        parts["records"] += records(scored, limits, seed=options.fit.seed)
        parts["languages"] += language_records(scored, limits, seed=options.fit.seed)
        parts["calibration"].append(calibration_record(scored, limits, seed=options.fit.seed))
        parts["leave_one_group_out"] += few_group_records(snapshot, task, scored, limits)
    return {name: finite(rows) for name, rows in parts.items()}


def training_groups(snapshot: Path) -> tuple[str, ...]:
    """Hashes of the groups that the model was fitted on or stopped by, as posts name them."""
    names = {
        name
        for part in ("train", "validation")
        for path in sorted((snapshot / part).glob("*.parquet"))
        for name in _own_groups(path)
    }
    return tuple(sorted(group_hash(name) for name in names))


def _own_groups(path: Path) -> list[str]:
    own, _ = group_columns(pq.read_schema(path).names)
    names: list[str] = pq.read_table(path, columns=[own]).column(0).to_pylist()
    return names


def head_metrics(rows: Sequence[Record]) -> dict[str, float]:
    """The areas of each head over all its test rows, by `<harm>.<metric>`."""
    return {
        f"{row['harm']}.{name}": row[name]
        for row in rows
        for name in ("auroc", "auc_pr", "difference")
        if row["dataset"] == "all" and row.get(name) is not None
    }


def _publish(manifest: Manifest, files: Mapping[str, bytes], models: Path) -> Path:
    """Put the model's folder in place whole.

    The same model again leaves the folder as it is, with its card and certificates.
    """
    folder = models / manifest.model_version
    if (folder / NAME).exists() and load_manifest(folder / NAME).digest == manifest.digest:
        return folder / NAME
    with writing_whole(folder) as fresh:
        fresh.mkdir(parents=True)
        for name, content in files.items():
            (fresh / name).write_bytes(content)
        write_manifest(manifest, fresh)
        shutil.rmtree(folder, ignore_errors=True)
    return folder / NAME


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()

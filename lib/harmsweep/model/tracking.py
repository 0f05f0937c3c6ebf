"""A training run in MLflow: a SQLite file and artifacts beside it, without a server."""

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harmsweep.model.manifest import Manifest
from harmsweep.model.registry import QUIET, tracking_uri

EXPERIMENT = "harmsweep"


def log_run(
    path: Path, manifest: Manifest, history: Sequence[tuple[float, float]], *, tracking: Path
) -> str:
    """Log parameters, losses, metrics, manifest and evaluation; give the run's id.

    Numbers, names and hashes only: no row of the snapshot, no text.
    """
    mlflow = _opened(tracking)
    with mlflow.start_run(run_name=manifest.model_version) as run:
        mlflow.log_params(_parameters(manifest))
        for epoch, (loss, held_out) in enumerate(history):
            losses = {"loss": loss, "validation_loss": held_out}
            mlflow.log_metrics({n: v for n, v in losses.items() if math.isfinite(v)}, step=epoch)
        mlflow.log_metrics(dict(manifest.metrics))
        mlflow.log_artifact(str(path))
        mlflow.log_artifact(str(path.parent / manifest.evaluation.name))
        return str(run.info.run_id)


@contextmanager
def parent_run(name: str, *, tracking: Path) -> Iterator[str]:
    """The run of a search, made or found by its name; gives its id."""
    mlflow = _opened(tracking)
    found = mlflow.search_runs(
        experiment_names=[EXPERIMENT],
        filter_string=f"attributes.run_name = '{name}'",
        output_format="list",
    )
    with mlflow.start_run(run_id=found[0].info.run_id if found else None, run_name=name) as run:
        yield run.info.run_id


@contextmanager
def child_run(
    parent: str, name: str, parameters: Mapping[str, Any], *, tracking: Path
) -> Iterator[Callable[[Mapping[str, float]], None]]:
    """A run below another, with its parameters; gives a function that logs its figures."""
    mlflow = _opened(tracking)
    with mlflow.start_run(run_name=name, nested=True, parent_run_id=parent):
        mlflow.log_params(dict(parameters))
        yield lambda figures: mlflow.log_metrics(dict(figures))


def _opened(tracking: Path) -> Any:
    """MLflow with the store of a folder, and our experiment chosen."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import mlflow  # after the environment: it reads it at import

    tracking.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(tracking_uri(tracking))
    if mlflow.get_experiment_by_name(EXPERIMENT) is None:
        artifacts = (tracking / "artifacts").resolve().as_uri()
        mlflow.create_experiment(EXPERIMENT, artifact_location=artifacts)
    mlflow.set_experiment(EXPERIMENT)
    return mlflow


def _parameters(manifest: Manifest) -> dict[str, Any]:
    return {
        "model_version": manifest.model_version,
        "snapshot": manifest.snapshot.id,
        "heads": ",".join(manifest.harms),
        "code_version": manifest.code_version,
        **_flat(manifest.training),
    }


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found

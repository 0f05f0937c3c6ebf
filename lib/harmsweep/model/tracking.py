"""MLflow without a server: a folder with a SQLite file and artifacts; and training's runs in it."""

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harmsweep.model.manifest import Manifest

EXPERIMENT = "harmsweep"
STORE = "mlflow.db"
# MLflow sends usage events, tries Git, and prints each migration of a new database.
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}


def quiet_mlflow() -> Any:
    """MLflow, imported with an environment in which it keeps to itself: it reads it at import."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import mlflow

    return mlflow


def client(folder: Path) -> Any:
    """MLflow's client of a folder's store, of its runs and its registry."""
    uri = _store_uri(folder)
    return quiet_mlflow().MlflowClient(tracking_uri=uri, registry_uri=uri)


def open_experiment(folder: Path, name: str = EXPERIMENT) -> Any:
    """MLflow with the store of a folder, and an experiment chosen for the runs that start now."""
    mlflow = quiet_mlflow()
    mlflow.set_tracking_uri(_store_uri(folder))
    if mlflow.get_experiment_by_name(name) is None:
        artifacts = (folder / "artifacts").resolve().as_uri()
        mlflow.create_experiment(name, artifact_location=artifacts)
    mlflow.set_experiment(name)
    return mlflow


def _store_uri(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{(folder / STORE).resolve()}"


def log_run(
    path: Path, manifest: Manifest, history: Sequence[tuple[float, float]], *, tracking: Path
) -> str:
    """Log parameters, losses, metrics, manifest and evaluation; give the run's id.

    Numbers, names and hashes only: no row of the snapshot, no text.
    """
    mlflow = open_experiment(tracking)
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
    """The run of a search, the one of this name if there is one; gives its id."""
    mlflow = open_experiment(tracking)
    runs = mlflow.search_runs(
        experiment_names=[EXPERIMENT],
        filter_string=f"attributes.run_name = '{name}'",
        output_format="list",
    )
    with mlflow.start_run(run_id=runs[0].info.run_id if runs else None, run_name=name) as run:
        yield run.info.run_id


@contextmanager
def child_run(
    parent: str, name: str, parameters: Mapping[str, Any], *, tracking: Path
) -> Iterator[Callable[[Mapping[str, float]], None]]:
    """A run below another, with its parameters; gives a function that logs its figures."""
    mlflow = open_experiment(tracking)
    with mlflow.start_run(run_name=name, nested=True, parent_run_id=parent):
        mlflow.log_params(dict(parameters))
        yield lambda figures: mlflow.log_metrics(dict(figures))


def _parameters(manifest: Manifest) -> dict[str, Any]:
    return {
        "model_version": manifest.model_version,
        "snapshot": manifest.snapshot.id,
        "heads": ",".join(manifest.harms),
        "code_version": manifest.code_version,
        **_flat(manifest.training),
    }


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat

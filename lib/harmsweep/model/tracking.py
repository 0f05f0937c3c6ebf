"""MLflow without a server: a folder with a SQLite file and artifacts; and training's runs in it."""

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from harmsweep.model.manifest import Manifest

EXPERIMENT = "harmsweep"
STORE = "mlflow.db"
# A tag of a run: where the model that it trained is.
MODEL_FOLDER = "harmsweep.model_folder"
# MLflow sends usage events, tries Git, and prints each migration of a new database.
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}


class Epoch(NamedTuple):
    """The mean losses of an epoch, of the training and of the validation part, and its end."""

    loss: float
    validation_loss: float
    ended: float  # seconds since 1970, as `time.time` gives them


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
    path: Path,
    manifest: Manifest,
    history: Sequence[Epoch],
    *,
    tracking: Path,
    snapshot: Path,
    started: float,
) -> str:
    """Log parameters, losses, metrics, manifest and evaluation; give the run's id.

    The run has the times of the training itself, the snapshot as its data set, and the folder of
    the model as a tag. Numbers, names and hashes only: no row of the snapshot, no text.
    """
    mlflow = open_experiment(tracking)
    store, experiment = client(tracking), mlflow.get_experiment_by_name(EXPERIMENT)
    tags = {"mlflow.runName": manifest.model_version, MODEL_FOLDER: path.parent.resolve().as_uri()}
    run = store.create_run(experiment.experiment_id, start_time=_ms(started), tags=tags)
    with mlflow.start_run(run_id=run.info.run_id):
        mlflow.log_params(_parameters(manifest))
        store.log_inputs(run.info.run_id, [_data_set(mlflow.entities, manifest, snapshot)])
        for step, (loss, held_out, ended) in enumerate(history):
            for name, value in (("loss", loss), ("validation_loss", held_out)):
                if math.isfinite(value):
                    store.log_metric(run.info.run_id, name, value, _ms(ended), step)
        mlflow.log_metrics(dict(manifest.metrics))
        mlflow.log_artifact(str(path))
        mlflow.log_artifact(str(path.parent / manifest.evaluation.name))
    return str(run.info.run_id)


def newest_run(name: str, folder: Path) -> str | None:
    """The newest run of a name, which is the version of the model that it trained; or none."""
    store = client(folder)
    experiment = store.get_experiment_by_name(EXPERIMENT)
    if experiment is None:
        return None
    named = f"attributes.run_name = '{name}'"
    found = store.search_runs([experiment.experiment_id], named, max_results=1)
    return str(found[0].info.run_id) if found else None


def _data_set(entities: Any, manifest: Manifest, snapshot: Path) -> Any:
    """The snapshot as MLflow shows data sets: its id, which is a digest, and its folder."""
    name = manifest.snapshot.id
    source = json.dumps({"uri": snapshot.resolve().as_uri()})
    profile = json.dumps({"rows": manifest.snapshot.rows})
    of = entities.Dataset(name, name[:36], "local", source, profile=profile)
    return entities.DatasetInput(of, [entities.InputTag("mlflow.data.context", "training")])


def _ms(seconds: float) -> int:
    return int(1000 * seconds)


@contextmanager
def parent_run(name: str, *, tracking: Path) -> Iterator[str]:
    """The run of a search, the one of this name if there is one; gives its id."""
    mlflow = open_experiment(tracking)
    with mlflow.start_run(run_id=newest_run(name, tracking), run_name=name) as run:
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

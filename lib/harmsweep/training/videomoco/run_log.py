"""A pre-training run in MLflow: a SQLite file and artifacts beside it, without a server."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

EXPERIMENT = "videomoco"
# MLflow sends usage events, tries Git, and prints each migration of a new database.
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
}


def log_run(path: Path, manifest: Mapping[str, Any], *, tracking: Path) -> str:
    """Log options, losses and the manifest at `path`; give the run's id.

    Numbers, names and hashes only: no clip, no reference to one.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    import mlflow  # after the environment: it reads it at import

    tracking.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(f"sqlite:///{(tracking / 'mlflow.db').resolve()}")
    if mlflow.get_experiment_by_name(EXPERIMENT) is None:
        artifacts = (tracking / "artifacts").resolve().as_uri()
        mlflow.create_experiment(EXPERIMENT, artifact_location=artifacts)
    mlflow.set_experiment(EXPERIMENT)
    with mlflow.start_run(run_name=f"videomoco-{manifest['weights']['sha256'][:12]}") as run:
        mlflow.log_params({**manifest["options"], "clips": manifest["clips"]["used"]})
        for epoch, losses in enumerate(manifest["losses"]):
            mlflow.log_metrics(losses, step=epoch)
        mlflow.log_artifact(str(path))
        return str(run.info.run_id)

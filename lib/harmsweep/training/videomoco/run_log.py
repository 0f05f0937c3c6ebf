"""A pre-training run in MLflow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harmsweep.model.tracking import open_experiment

EXPERIMENT = "videomoco"


def log_run(path: Path, manifest: Mapping[str, Any], *, tracking: Path) -> str:
    """Log options, losses and the manifest at `path`; give the run's id.

    Numbers, names and hashes only: no clip, no reference to one.
    """
    mlflow = open_experiment(tracking, EXPERIMENT)
    with mlflow.start_run(run_name=f"videomoco-{manifest['weights']['sha256'][:12]}") as run:
        mlflow.log_params({**manifest["options"], "clips": manifest["clips"]["used"]})
        for epoch, losses in enumerate(manifest["losses"]):
            mlflow.log_metrics(losses, step=epoch)
        mlflow.log_artifact(str(path))
        return str(run.info.run_id)

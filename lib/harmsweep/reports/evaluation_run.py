"""The model's run in MLflow: its epochs, and where the page and its plots are logged."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from harmsweep.errors import Refused
from harmsweep.model.tracking import client, newest_run

# The losses that training records by epoch.
LOSSES = ("loss", "validation_loss")
FOLDER = "evaluation"
Epochs = Mapping[str, list[tuple[int, float]]]


class RunNotFound(Refused):
    """MLflow's files hold no run of the model."""


def run_of(tracking: Path, model_version: str) -> str:
    """The id of the newest run that trained the model.

    Raises:
        RunNotFound: there is none.
    """
    found = newest_run(model_version, tracking)
    if found is None:
        raise RunNotFound(f"{tracking}: no run of {model_version}")
    return found


def epochs(tracking: Path, run: str) -> Epochs:
    """Each loss by epoch, as training recorded it."""
    store = client(tracking)
    metrics = {name: store.get_metric_history(run, name) for name in LOSSES}
    return {n: sorted((m.step, m.value) for m in values) for n, values in metrics.items() if values}


def log(tracking: Path, run: str, page: str, plots: Mapping[str, str]) -> None:
    """Put a page and its plots (SVG by name) among the run's artifacts."""
    files = {"evaluation.html": page} | {f"{name}.svg": svg for name, svg in plots.items()}
    store = client(tracking)
    with TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder) / name
            path.write_text(content, encoding="utf-8")
            store.log_artifact(run, str(path), FOLDER)

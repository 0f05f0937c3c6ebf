"""Fit networks with a bar on a terminal, and nothing elsewhere."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from harmsweep.model.conf import Fit
from harmsweep.training.fit import Report, fit
from harmsweep.training.learner import Network
from harmsweep.training.task import Task

# The mean losses of each epoch: (training, validation).
History = list[tuple[float, float]]


def fit_shown(snapshot: Path, task: Task, networks: Iterable[Network], options: Fit) -> History:
    """Train networks side by side as `fit` does; gives the losses by epoch."""
    with _shown(options.epochs) as (report, history):
        fit(snapshot, task, list(networks), options, report=report)
    return history


@contextmanager
def _shown(epochs: int) -> Iterator[tuple[Report, History]]:
    history: History = []
    console = Console(stderr=True)
    with Progress(console=console, disable=not sys.stderr.isatty(), transient=True) as shown:
        task = shown.add_task("training", total=epochs)

        def report(epoch: int, loss: float, held_out: float) -> None:
            history.append((loss, held_out))
            text = f"epoch {epoch + 1}: loss {loss:.3f}, validation {held_out:.3f}"
            shown.update(task, advance=1, description=text)

        yield report, history

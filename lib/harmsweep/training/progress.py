"""Fit networks with a bar on a terminal, and a line in the log for each epoch elsewhere."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from harmsweep.logs import log
from harmsweep.model.conf import Fit
from harmsweep.model.tracking import Epoch
from harmsweep.training.fit import Report, fit
from harmsweep.training.learner import Network
from harmsweep.training.task import Task


def fit_shown(snapshot: Path, task: Task, networks: Iterable[Network], options: Fit) -> list[Epoch]:
    """Train networks side by side as `fit` does; gives the losses by epoch."""
    with _shown(options.epochs) as (report, history):
        fit(snapshot, task, list(networks), options, report=report)
    return history


@contextmanager
def _shown(epochs: int) -> Iterator[tuple[Report, list[Epoch]]]:
    history: list[Epoch] = []
    console, said = Console(stderr=True), log("train", epochs=epochs)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as shown:
        task = shown.add_task("training", total=epochs)

        def report(epoch: int, loss: float, held_out: float) -> None:
            history.append(Epoch(loss, held_out, time.time()))
            if not console.is_terminal:
                losses = {"loss": round(loss, 4), "validation_loss": round(held_out, 4)}
                said.info("epoch", epoch=epoch + 1, **losses)
            text = f"epoch {epoch + 1}: loss {loss:.3f}, validation {held_out:.3f}"
            shown.update(task, advance=1, description=text)

        yield report, history

"""What a person sees of training: a bar on a terminal, nothing elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress

from harmsweep.training.fit import Report

History = list[tuple[float, float]]


@contextmanager
def epochs_shown(epochs: int) -> Iterator[tuple[Report, History]]:
    """A report for `fit` that shows each epoch and keeps its losses: (training, validation)."""
    history: History = []
    console = Console(stderr=True)
    with Progress(console=console, disable=not sys.stderr.isatty(), transient=True) as shown:
        task = shown.add_task("training", total=epochs)

        def report(epoch: int, loss: float, held_out: float) -> None:
            history.append((loss, held_out))
            text = f"epoch {epoch + 1}: loss {loss:.3f}, validation {held_out:.3f}"
            shown.update(task, advance=1, description=text)

        yield report, history

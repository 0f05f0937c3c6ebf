"""What judging a model is at: a bar on a terminal, elsewhere a line in the log for each step."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress

from harmsweep.logs import log

Step = TypeVar("Step")


def shown(steps: Mapping[str, Step], what: str) -> Iterator[tuple[str, Step]]:
    """The steps by name, each told of on stderr before it is given."""
    console, said = Console(stderr=True), log("promote", of=len(steps))
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bars:
        task = bars.add_task(what, total=len(steps))
        for number, (name, step) in enumerate(steps.items(), start=1):
            bars.update(task, description=f"{what}: {name}")
            if not console.is_terminal:
                said.info(what, step=name, number=number)
            yield name, step
            bars.advance(task)

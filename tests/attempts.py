"""A command in a process of its own, whose exit says whether it was done or refused."""

import os
from collections.abc import Callable
from pathlib import Path

from harmsweep.errors import Held, Refused, WrongUse

REFUSED = 3


def attempt(lake: Path, command: Callable[..., object]) -> None:
    """Run a command; a refusal is an exit code."""
    try:
        command(lake=lake)
    except (Refused, Held, WrongUse):
        os._exit(REFUSED)

"""The console's commands, for tests that hold of each."""

from collections.abc import Iterator
from typing import Any

from cyclopts import App

# What only reads has nothing to finish.
READS = {
    *("agreement", "label-errors", "explain", "days", "policy", "show", "replay", "query"),
    *(
        "tables",
        "status",
        "hold list",
        "appeal list",
        "appeal outcomes",
        "order list",
        "bank list",
        "certify status",
        "certify watch",
        "learn status",
    ),
}


def commands(of: App, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its function."""
    for name, command in of.resolved_commands().items():
        if name.startswith("-"):
            continue
        if command.default_command:
            yield (*path, name), command.default_command
        yield from commands(command, (*path, name))

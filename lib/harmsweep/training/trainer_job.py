"""What the trainer's jobs share: their arguments, one line of JSON, and how they end."""

import argparse
import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harmsweep.errors import finish
from harmsweep.model.snapshot import find_snapshot
from harmsweep.paths import CONF


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with the arguments of every trainer's job: the snapshot and the configuration."""
    arguments = argparse.ArgumentParser(description=description, allow_abbrev=False)
    arguments.add_argument(
        "--snapshot", type=Path, required=True, help="its folder, or that of several: the newest"
    )
    arguments.add_argument("--config", type=Path, default=CONF / "training.yaml")
    return arguments


def run(main: Callable[..., Mapping[str, Any]], arguments: argparse.ArgumentParser) -> None:
    """Parse, run `main` with a snapshot's folder and the job's own options, and print its result.

    The result is one line of JSON; an error is one line on stderr and an exit code.
    """
    options = vars(arguments.parse_args())
    # petastorm 0.13.1 calls interfaces that pyarrow 14 still has and says so at every row group.
    warnings.simplefilter("ignore", FutureWarning)

    def lines() -> Iterator[str]:
        options["snapshot"] = find_snapshot(options["snapshot"])
        yield json.dumps(main(**options))

    finish(lines, arguments.prog)

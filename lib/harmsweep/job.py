"""What every job shares: its arguments, its exit and its one-line errors."""

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Protocol

from harmsweep.certificates import CertificateRefused
from harmsweep.days import every_day
from harmsweep.lake import lake_path, open_lake
from harmsweep.logs import clean
from harmsweep.manifest import ManifestRefused
from harmsweep.operations import Stopped
from harmsweep.policy import PolicyError
from harmsweep.registry import model_path

# Exit codes, the same for every job and for the console.
DONE, FAILED, USAGE, DATA_GATE, HELD = 0, 1, 2, 3, 4


class Held(RuntimeError):
    """A cap was passed, or approvals are missing: what was planned waits for people."""


class DataRefused(ValueError):
    """The data to read is not of the agreed form; nothing was written."""


class WrongUse(ValueError):
    """Options that make no sense together; nothing was read or written."""


class Told(Protocol):
    """What a job prints a line of."""

    def line(self) -> str: ...


def parser(description: str | None, *, days_required: bool = True) -> argparse.ArgumentParser:
    """A parser with the arguments of every job: the lake and the day or days.

    Where days are not required, a call without any hands `main` none.
    """
    made = argparse.ArgumentParser(description=description, allow_abbrev=False)
    made.add_argument("--lake", type=lake_path, required=True, help="folder of the tables")
    days = made.add_mutually_exclusive_group(required=days_required)
    days.add_argument("--day", type=date.fromisoformat, help="one UTC day, such as 2026-10-01")
    days.add_argument("--from", dest="first", type=date.fromisoformat, help="first UTC day")
    made.add_argument(
        "--to", dest="last", type=date.fromisoformat, help="last UTC day, with --from"
    )
    return made


def run(main: Callable[..., Iterable[Told]], arguments: argparse.ArgumentParser) -> None:
    """Parse, run `main` with `lake`, `days` and the job's own options, and exit with a code.

    Each outcome is one line on stdout; an error is one line on stderr, with the trace only where
    HARMSWEEP_TRACE is set.
    """
    options = vars(arguments.parse_args())
    day, first, last = (options.pop(name) for name in ("day", "first", "last"))
    if (first is None) != (last is None) or (first and last < first):
        arguments.error("--from D needs --to D of the same day or later")

    def outcomes() -> Iterable[Told]:
        open_lake(options["lake"])
        days = every_day(day or first, day or last) if day or first else []
        return main(days=days, **options)

    finish(outcomes, arguments.prog)


def add_model(arguments: argparse.ArgumentParser) -> None:
    """The option `--model` of all who use a trained model."""
    arguments.add_argument(
        "--model",
        type=_model,
        required=True,
        metavar="MANIFEST",
        help="its manifest.json, or champion@FOLDER: the registry's in MLflow's files",
    )


def _model(value: str) -> Path:
    try:
        return model_path(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def finish(outcomes: Callable[[], Iterable[Told]], name: str) -> None:
    """Print each outcome; exit with one line and a code where one raises."""
    try:
        for outcome in outcomes():
            print(outcome.line(), flush=True)
    except Exception as error:
        if os.environ.get("HARMSWEEP_TRACE"):
            traceback.print_exc()
        print(f"{name}: {clean(one_line(error))}", file=sys.stderr)
        sys.exit(exit_code(error))


def exit_code(error: Exception) -> int:
    """The exit code that tells a caller what kind of failure it was."""
    refused = (DataRefused, PolicyError, CertificateRefused, ManifestRefused)
    codes = {Held: HELD, Stopped: HELD, WrongUse: USAGE} | dict.fromkeys(refused, DATA_GATE)
    return next((code for kind, code in codes.items() if isinstance(error, kind)), FAILED)


def one_line(error: Exception) -> str:
    """The error's first line, without Java's trace."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"

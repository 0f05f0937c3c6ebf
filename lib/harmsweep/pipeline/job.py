"""What every job shares: its arguments, and one outcome a line."""

import argparse
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

from harmsweep.days import every_day
from harmsweep.errors import Printable, finish
from harmsweep.lake.delta import lake_path, open_lake
from harmsweep.lake.late_posts import late_days
from harmsweep.model.reference import load_model_ref
from harmsweep.policy.file import load_policy

# Options that name files, read before a stage begins: what is refused is no wrong use.
READ: dict[str, Callable[[Any], Any]] = {"model": load_model_ref, "policy": load_policy}


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


def run(main: Callable[..., Iterable[Printable | str]], arguments: argparse.ArgumentParser) -> None:
    """Parse, run `main` with `lake`, `days` and the job's own options, and exit with a code.

    `main` is given a ModelRef for a `model` and a Policy for a `policy`.

    Each outcome is one line on stdout; an error is one line on stderr, with the trace only where
    HARMSWEEP_TRACE is set.
    """
    options = vars(arguments.parse_args())
    day, first, last = (options.pop(name) for name in ("day", "first", "last"))
    if (first is None) != (last is None) or (first and last < first):
        arguments.error("--from D needs --to D of the same day or later")

    def outcomes() -> Iterable[Printable | str]:
        open_lake(options["lake"])
        for name in READ.keys() & options.keys():
            options[name] = READ[name](options[name])
        days = every_day(day or first, day or last) if day or first else []
        if options.pop("late_first", False):
            days = [*late_days(options["lake"], days[0]), *days]
        return main(days=days, **options)

    finish(outcomes, arguments.prog)


def add_late(arguments: argparse.ArgumentParser) -> None:
    """The option `--late` of the stages: earlier days too, as jobs/late.py listed them."""
    arguments.add_argument(
        "--late",
        dest="late_first",
        action="store_true",
        help="also earlier days with late posts, as jobs/late.py listed",
    )


def add_earlier(arguments: argparse.ArgumentParser) -> None:
    """The option `--and-earlier` of what looks at earlier days for anything that changed since."""
    arguments.add_argument(
        "--and-earlier",
        action="store_true",
        help="also earlier days of which something changed since",
    )


def add_model(arguments: argparse.ArgumentParser) -> None:
    """The option `--model` of all who use a trained model."""
    arguments.add_argument(
        "--model",
        required=True,
        metavar="MANIFEST",
        help="its manifest.json, or champion@FOLDER: the registry's in MLflow's files",
    )


def add_policy(arguments: argparse.ArgumentParser) -> None:
    """The option `--policy` of all who act under one."""
    arguments.add_argument("--policy", type=Path, required=True, help="policy file")


def add_by(arguments: argparse.ArgumentParser) -> None:
    """The option `--by` of what a person may have a scheduler do."""
    arguments.add_argument("--by", default="", help="who asked, as the scheduler knows them")

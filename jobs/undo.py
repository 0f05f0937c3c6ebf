"""Undo what a sweep put in force, wherever its effect still holds, or do it again."""

import argparse
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from harmsweep.enforcement.undo import undo
from harmsweep.errors import finish
from harmsweep.lake.delta import lake_path
from harmsweep.lake.runs import Outcome


def main(*, lake: Path, sweeps: list[str], redo: bool, dry_run: bool) -> Iterable[Outcome]:
    """Undo each sweep in the order given: the newest first where they met on a post."""
    for sweep in sweeps:
        yield undo(lake, sweep_id=sweep, redo=redo, dry_run=dry_run)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    arguments.add_argument("--lake", type=lake_path, required=True, help="folder of the tables")
    arguments.add_argument(
        "--sweep", dest="sweeps", nargs="+", required=True, help="sweep_id, as in actions_v1"
    )
    arguments.add_argument("--redo", action="store_true", help="put back what was undone")
    arguments.add_argument("--dry-run", action="store_true", help="count, and write nothing")
    finish(partial(main, **vars(arguments.parse_args())), arguments.prog)

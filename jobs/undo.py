"""Undo what a sweep put in force, wherever its effect still holds, or do it again."""

import argparse
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from harmsweep.enforcement.undo import undo_each
from harmsweep.errors import finish
from harmsweep.lake.delta import lake_path
from harmsweep.lake.runs import Outcome


def main(*, lake: Path, sweeps: list[str], **options: Any) -> Iterable[Outcome]:
    """Undo each sweep or plan in the order given: the newest first where they met on a post."""
    for name in sweeps:
        yield from undo_each(lake, name, **options)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    arguments.add_argument("--lake", type=lake_path, required=True, help="folder of the tables")
    arguments.add_argument(
        "--sweep", dest="sweeps", nargs="+", required=True, help="sweep_id, or a plan's id"
    )
    arguments.add_argument("--reason", default="", help="why; it is kept in the audit")
    arguments.add_argument("--redo", action="store_true", help="put back what was undone")
    arguments.add_argument("--dry-run", action="store_true", help="count, and write nothing")
    given = arguments.parse_args()
    if not given.reason and not given.dry_run:
        arguments.error("--reason: say why; it is kept in the audit")
    finish(partial(main, **vars(given)), arguments.prog)

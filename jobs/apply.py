"""Carry out exactly a plan, once; exit code 4 where it waits for people to approve it."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from harmsweep.enforcement.plans.apply import applied_lines, apply_plan
from harmsweep.errors import finish
from harmsweep.lake.delta import lake_path, open_lake
from harmsweep.lake.runs import Outcome


def main(*, lake: Path, plan: str) -> Iterable[Outcome | str]:
    """Apply it where enough approve it."""
    yield apply_plan(open_lake(lake), plan)
    yield from applied_lines(lake, plan)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    arguments.add_argument("--lake", type=lake_path, required=True, help="folder of the tables")
    arguments.add_argument("--plan", required=True, help="its id, as the plan was printed")
    given = arguments.parse_args()
    finish(lambda: main(lake=given.lake, plan=given.plan), arguments.prog)

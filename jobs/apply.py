"""Carry out exactly a plan, once; exit code 4 where it waits for people to approve it."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from harmsweep.enforce.breaker.approvals import approved_by
from harmsweep.enforce.plans import apply_plan, find_plan
from harmsweep.job import Held, finish
from harmsweep.lake import lake_path, open_lake
from harmsweep.runs import Outcome


def main(*, lake: Path, plan: str) -> Iterable[Outcome]:
    """Apply it where enough approve it."""
    found = find_plan(open_lake(lake), plan)
    have = len(approved_by(lake, found.asked))
    if have < found.approvers:
        raise Held(f"{found.line()}; it has {have}: `harmsweep approve {plan}`")
    yield apply_plan(lake, plan)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    arguments.add_argument("--lake", type=lake_path, required=True, help="folder of the tables")
    arguments.add_argument("--plan", required=True, help="its id, as the plan was printed")
    given = arguments.parse_args()
    finish(lambda: main(lake=given.lake, plan=given.plan), arguments.prog)

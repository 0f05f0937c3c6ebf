"""Decide, under a policy, about the scored posts of a day or of a range of days."""

from collections.abc import Iterable
from datetime import date
from functools import partial
from pathlib import Path

from harmsweep.lake.runs import Outcome
from harmsweep.lake.session import session
from harmsweep.model.reference import ModelRef
from harmsweep.pipeline.job import add_late, add_model, add_policy, parser, run
from harmsweep.policy.file import Policy
from harmsweep.stages.decide.stage import decide_day


def main(*, lake: Path, days: list[date], model: ModelRef, policy: Policy) -> Iterable[Outcome]:
    """Decide about each day in order."""
    for day in days:
        yield decide_day(partial(session, "decide"), lake, day, policy=policy, model=model)


if __name__ == "__main__":
    arguments = parser(__doc__)
    add_late(arguments)
    add_model(arguments)
    add_policy(arguments)
    run(main, arguments)

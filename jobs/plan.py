"""Write down what sweeps of a day or of a range of days would do; prints the plan as JSON.

It is the plan of `harmsweep plan`: approved there, and carried out by jobs/apply.py or there.
"""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from harmsweep.enforcement.plans.make import make_plan
from harmsweep.errors import Printable
from harmsweep.model.reference import ModelRef
from harmsweep.pipeline.job import add_by, add_model, add_policy, parser, run
from harmsweep.policy.file import Policy


def main(
    *, lake: Path, days: list[date], model: ModelRef, policy: Policy, by: str
) -> Iterable[Printable]:
    """Plan, say so in a line, and print the plan."""
    plan = make_plan(lake, days, policy=policy, model=model, by=by)
    yield plan
    print(plan.model_dump_json())


if __name__ == "__main__":
    arguments = parser(__doc__)
    add_model(arguments)
    add_policy(arguments)
    add_by(arguments)
    run(main, arguments)

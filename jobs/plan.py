"""Write down what sweeps of a day or of a range of days would do; prints the plan as JSON.

It is the plan of `harmsweep plan`: approved there, and carried out by jobs/apply.py or there.
"""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from harmsweep.enforcement.plans.make import make_plan
from harmsweep.errors import Printable
from harmsweep.model.manifest import load_manifest
from harmsweep.pipeline.job import add_model, parser, run
from harmsweep.policy.certificates import folder_beside


def main(*, lake: Path, days: list[date], model: Path, policy: Path) -> Iterable[Printable]:
    """Plan, say so in a line, and print the plan."""
    version, certificates = load_manifest(model).model_version, folder_beside(model)
    made = make_plan(lake, days, policy=policy, model_version=version, certificates=certificates)
    yield made
    print(made.model_dump_json())


if __name__ == "__main__":
    arguments = parser(__doc__)
    add_model(arguments)
    arguments.add_argument("--policy", type=Path, required=True, help="policy file")
    run(main, arguments)

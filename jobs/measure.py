"""Measure a day or a range of days: counts, score distributions and the accounts."""

from collections.abc import Iterable
from datetime import date
from functools import partial
from pathlib import Path

from harmsweep.lake.runs import Outcome
from harmsweep.model.manifest import load_manifest
from harmsweep.pipeline.job import add_model, parser, run
from harmsweep.policy.file import load_policy
from harmsweep.stages.measure.stage import measure_day


def main(*, lake: Path, days: list[date], model: Path, policy: Path) -> Iterable[Outcome]:
    """Measure each day in order."""
    version, rules = load_manifest(model).model_version, load_policy(policy).policy_version
    measure = partial(measure_day, lake, policy_version=rules)
    for day in days:
        yield measure(day, model_version=version)


if __name__ == "__main__":
    arguments = parser(__doc__)
    add_model(arguments)
    arguments.add_argument("--policy", type=Path, required=True, help="policy file")
    run(main, arguments)

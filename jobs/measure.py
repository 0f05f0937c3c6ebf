"""Measure a day or a range of days: counts, score distributions and the accounts."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from harmsweep.enforcement.state.decisions import version_pair
from harmsweep.lake.runs import Outcome
from harmsweep.model.reference import ModelRef
from harmsweep.pipeline.job import add_late, add_model, add_policy, parser, run
from harmsweep.policy.file import Policy
from harmsweep.stages.measure.stage import measure_day


def main(*, lake: Path, days: list[date], model: ModelRef, policy: Policy) -> Iterable[Outcome]:
    """Measure each day in order."""
    versions = version_pair(model.model_version, policy.policy_version)
    for day in days:
        yield measure_day(lake, day, **versions)


if __name__ == "__main__":
    arguments = parser(__doc__)
    add_late(arguments)
    add_model(arguments)
    add_policy(arguments)
    run(main, arguments)

"""Measure a day or a range of days: counts, score distributions and the accounts."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from harmsweep.enforcement.state.decisions import version_pair
from harmsweep.lake.flow import ENFORCE
from harmsweep.lake.late_posts import landing_warnings, late_days
from harmsweep.lake.runs import Outcome, days_run
from harmsweep.model.reference import ModelRef
from harmsweep.pipeline.conf import load_schedule
from harmsweep.pipeline.job import add_earlier, add_model, add_policy, parser, run
from harmsweep.policy.file import Policy
from harmsweep.stages.measure.stage import measure_day


def main(
    *, lake: Path, days: list[date], model: ModelRef, policy: Policy, and_earlier: bool = False
) -> Iterable[Outcome | str]:
    """Measure each day in order; of earlier days those that this model and policy swept, or may."""
    versions, earlier = version_pair(model.model_version, policy.policy_version), set[date]()
    if and_earlier:
        first = load_schedule().first(days[0])
        swept = days_run(ENFORCE, lake, first, days[0], versions=versions)
        # A day whose late posts are held has no run that ended.
        earlier = {*swept, *late_days(lake, days[0])}
    # Not last: of the last line of a task people are told, and of this `on_time` tells them.
    yield from landing_warnings(lake, days)
    for day in [*sorted(earlier), *days]:
        yield measure_day(lake, day, **versions)


if __name__ == "__main__":
    arguments = parser(__doc__)
    add_earlier(arguments)
    add_model(arguments)
    add_policy(arguments)
    run(main, arguments)

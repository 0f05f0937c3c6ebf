"""List the posts with something to do on days that the schedule is done with, for --late.

They came since, or people decided about them. The day that is named is the first of the run's own
days; with --check it fails if any post of the days before it waits for over a day, and warns if
nothing landed for that day.
"""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from harmsweep.lake.late_posts import check_on_time, find_late, landing_warnings
from harmsweep.model.reference import ModelRef
from harmsweep.pipeline.conf import load_schedule
from harmsweep.pipeline.job import add_model, parser, run
from harmsweep.review.outstanding import list_outstanding


def main(*, lake: Path, days: list[date], model: ModelRef, check: bool) -> Iterable[str]:
    before, version = days[0], model.model_version
    first = load_schedule().first(before)
    if check:
        check_on_time(lake, first, before, model_version=version)
        yield f"late {before}: none waits"
        yield from landing_warnings(lake, [before])
        return
    list_outstanding(lake, first, before)
    found = sorted(find_late(lake, first, before, model_version=version).items())
    yield f"late {before}: " + (", ".join(f"{day} {n}" for day, n in found) or "none")


if __name__ == "__main__":
    arguments = parser(__doc__)
    add_model(arguments)
    arguments.add_argument("--check", action="store_true", help="fail if posts wait for over a day")
    run(main, arguments)

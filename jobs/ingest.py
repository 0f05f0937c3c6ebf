"""Take what the platform recorded on a day, or a range of days, from the landing zone."""

from collections.abc import Iterable
from datetime import date
from functools import partial
from pathlib import Path

from harmsweep.lake.runs import Outcome
from harmsweep.lake.session import session
from harmsweep.pipeline.job import parser, run
from harmsweep.stages.ingest.stage import ingest_day


def main(*, lake: Path, days: list[date], landing: Path) -> Iterable[Outcome]:
    """Ingest each of the days."""
    for day in days:
        yield ingest_day(partial(session, "ingest"), lake, day, landing=landing)


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--landing", type=Path, required=True, help="folder of posts and so on")
    run(main, arguments)

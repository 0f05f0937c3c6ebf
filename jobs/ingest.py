"""Take what the platform recorded on a day, or a range of days, from the landing zone."""

from collections.abc import Iterable
from datetime import date
from functools import partial
from pathlib import Path

from harmsweep.lake.runs import Outcome
from harmsweep.lake.session import session
from harmsweep.pipeline.job import parser, run
from harmsweep.stages.ingest.lacking_days import lacking_days
from harmsweep.stages.ingest.stage import ingest_day


def main(
    *, lake: Path, days: list[date], landing: Path, and_earlier: bool = False
) -> Iterable[Outcome]:
    """Ingest each of the days; with `and_earlier` those before them first that lack rows."""
    spark = partial(session, "ingest")
    earlier = lacking_days(spark, lake, days[0], landing=landing) if and_earlier else []
    for day in [*earlier, *days]:
        yield ingest_day(spark, lake, day, landing=landing)


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--landing", type=Path, required=True, help="folder of posts and so on")
    arguments.add_argument(
        "--and-earlier",
        action="store_true",
        help="also earlier days that were skipped, or of which rows landed late",
    )
    run(main, arguments)

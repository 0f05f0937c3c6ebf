"""Make the features of the posts of a day or of a range of days."""

from collections.abc import Iterable
from datetime import date
from functools import partial
from pathlib import Path

from harmsweep.lake.runs import Outcome
from harmsweep.lake.session import session
from harmsweep.pipeline.job import add_late, parser, run
from harmsweep.stages.features.stage import features_day


def main(*, lake: Path, days: list[date], media: Path) -> Iterable[Outcome]:
    """Make the features of each of the days."""
    for day in days:
        yield features_day(partial(session, "features"), lake, day, media_root=media)


if __name__ == "__main__":
    arguments = parser(__doc__)
    add_late(arguments)
    arguments.add_argument("--media", type=Path, required=True, help="folder that uris start from")
    run(main, arguments)

"""Match the media of a day or of a range of days with the banks of known media."""

from collections.abc import Iterable
from datetime import date
from functools import partial
from pathlib import Path

from harmsweep.lake.runs import Outcome
from harmsweep.lake.session import session
from harmsweep.pipeline.job import add_late, parser, run
from harmsweep.stages.match import match_day


def main(*, lake: Path, days: list[date], media: Path | None) -> Iterable[Outcome]:
    """Match each day in order."""
    for day in days:
        yield match_day(partial(session, "match"), lake, day, media_root=media)


if __name__ == "__main__":
    arguments = parser(__doc__)
    add_late(arguments)
    arguments.add_argument(
        "--media",
        type=Path,
        help="folder of the landing zone; without it none of its files can be preserved",
    )
    run(main, arguments)

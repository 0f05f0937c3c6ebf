"""Read (OCR) the text in the images of a day or of a range of days."""

from collections.abc import Iterable
from datetime import date
from functools import partial
from pathlib import Path

from harmsweep.lake.runs import Outcome
from harmsweep.lake.session import session
from harmsweep.pipeline.job import add_late, parser, run
from harmsweep.stages.ocr.stage import ocr_day


def main(*, lake: Path, days: list[date], media: Path) -> Iterable[Outcome]:
    """Read each day in order: a later one finds what an earlier one read."""
    for day in days:
        yield ocr_day(partial(session, "ocr"), lake, day, media_root=media)


if __name__ == "__main__":
    arguments = parser(__doc__)
    add_late(arguments)
    arguments.add_argument("--media", type=Path, required=True, help="folder of the landing zone")
    run(main, arguments)

"""Turn verdicts and user reports on the posts of a day or of a range of days into labels."""

from collections.abc import Iterable
from datetime import date
from functools import partial
from pathlib import Path

from harmsweep.lake.runs import Outcome
from harmsweep.lake.session import session
from harmsweep.pipeline.job import parser, run
from harmsweep.stages.label.stage import label_day


def main(*, lake: Path, days: list[date]) -> Iterable[Outcome]:
    """Label each day in order."""
    for day in days:
        yield label_day(partial(session, "label"), lake, day)


if __name__ == "__main__":
    run(main, parser(__doc__))

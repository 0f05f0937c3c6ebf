"""Post the effects of a day, or of a range of days, to the platform's webhook, once each."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from harmsweep.enforce.deliver import deliver_day
from harmsweep.job import parser, run
from harmsweep.runs import Outcome


def main(*, lake: Path, days: list[date]) -> Iterable[Outcome]:
    """Deliver each day in order."""
    for day in days:
        yield deliver_day(lake, day)


if __name__ == "__main__":
    run(main, parser(__doc__))

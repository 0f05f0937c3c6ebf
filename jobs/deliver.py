"""Post to the platform's webhook what nobody was told of yet, once each and in its order.

Without days: all that came in force in the last days, on whatever day's posts, and on accounts.
"""

import argparse
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

from harmsweep.enforcement.webhook import BACK_DAYS, deliver_day, deliver_new
from harmsweep.lake.runs import Outcome
from harmsweep.pipeline.job import parser, run


def main(*, lake: Path, days: list[date], back_days: int, dead: bool) -> Iterable[Outcome]:
    """Deliver each day in order, or what is new."""
    for day in days:
        yield deliver_day(lake, day, dead=dead)
    if not days:
        yield deliver_new(lake, datetime.now(UTC), back_days=back_days, dead=dead)


def _back(text: str) -> int:
    if not 1 <= int(text) <= 3650:
        raise argparse.ArgumentTypeError(f"{text} is not from 1 to 3650")
    return int(text)


if __name__ == "__main__":
    arguments = parser(__doc__, days_required=False)
    arguments.add_argument("--back-days", type=_back, default=BACK_DAYS, help="without days: 30")
    arguments.add_argument("--dead", action="store_true", help="the dead letters too, once more")
    run(main, arguments)

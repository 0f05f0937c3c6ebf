"""Bring what holds for the posts of a day, or of a range of days, to what was decided."""

import argparse
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from harmsweep.errors import Held
from harmsweep.lake.late_posts import late_days
from harmsweep.lake.runs import Outcome
from harmsweep.pipeline.job import add_by, add_model, add_policy, parser, run
from harmsweep.stages.enforce import enforce_day


def main(*, lake: Path, days: list[date], late: bool, **options: Any) -> Iterable[Outcome]:
    """Sweep each day in order, of days with late posts only those; one held keeps none waiting."""
    held = []
    earlier = late_days(lake, days[0]) if late else []
    for day in [*earlier, *days]:
        try:
            yield enforce_day(lake, day, late_only=day in earlier, **options)
        except Held as error:
            held.append(str(error))
    if held:
        raise Held("; ".join(held))


if __name__ == "__main__":
    arguments = parser(__doc__)
    add_model(arguments)
    add_policy(arguments)
    add_by(arguments)
    arguments.add_argument("--late", action="store_true", help="late posts of earlier days too")
    flag = argparse.BooleanOptionalAction
    arguments.add_argument("--dry-run", action=flag, default=False, help="only count")
    arguments.add_argument("--planned-at", type=datetime.fromisoformat, help="by a backfill's plan")
    run(main, arguments)

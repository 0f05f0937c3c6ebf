"""Turn verdicts and user reports on the posts of a day or of a range of days into labels."""

from collections.abc import Iterable
from datetime import date
from functools import partial
from pathlib import Path

from harmsweep.lake.runs import Outcome
from harmsweep.lake.session import session
from harmsweep.pipeline.conf import load_schedule
from harmsweep.pipeline.job import add_earlier, parser, run
from harmsweep.stages.label.stage import days_with_posts, label_day


def main(*, lake: Path, days: list[date], and_earlier: bool = False) -> Iterable[Outcome]:
    """Label each day in order: a later day's reports are weighed by what earlier ones came to."""
    first = load_schedule().first(days[0])
    earlier = days_with_posts(lake, first, days[0]) if and_earlier else []
    for day in [*earlier, *days]:
        yield label_day(partial(session, "label"), lake, day)


if __name__ == "__main__":
    arguments = parser(__doc__)
    add_earlier(arguments)
    run(main, arguments)

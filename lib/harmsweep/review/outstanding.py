"""What people decided about posts of days that the schedule is done with, listed for its sweep.

What a verdict asks for on the judged post is done at once. The copies that a harmful one reaches
wait for a sweep of their day: on the schedule's own days there is one every night, and earlier ones
are listed here.
"""

from datetime import date, timedelta
from functools import partial
from pathlib import Path

from harmsweep.lake import delta
from harmsweep.lake.flow import ENFORCE, OUTSTANDING, VERDICT_DAYS
from harmsweep.lake.late_posts import list_late
from harmsweep.lake.runs import Counts, days_run, run_stage
from harmsweep.review.apply_now import outstanding
from harmsweep.tables.catalog import VERDICTS


def list_outstanding(lake: Path, first: date, before: date) -> None:
    """List the posts of the days from `first` up to `before` on which a verdict waits for a sweep.

    Of days that were ever swept, those that verdicts within reach came for since.
    """
    judged, window = delta.days(VERDICTS, lake), timedelta(days=VERDICT_DAYS)
    for day in days_run(ENFORCE, lake, first, before):
        if any(abs(other - day) <= window for other in judged):
            run_stage(OUTSTANDING, lake, day, partial(_list, lake, day))


def _list(lake: Path, day: date) -> Counts:
    waiting = outstanding(lake, day)
    list_late(lake, day, waiting)
    return {"posts": len(waiting)}

"""What the daily run looks at besides its own days: conf/schedule.yaml."""

from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field

from harmsweep.conf import Frozen, load
from harmsweep.paths import CONF


class Schedule(Frozen):
    """The keys of the file."""

    late_days: Annotated[int, Field(strict=True, ge=3, le=3660)]

    def first(self, before: date) -> date:
        """The first day that a run looks at whose own days begin with `before`."""
        return before - timedelta(days=self.late_days)


@cache
def load_schedule(path: Path = CONF / "schedule.yaml") -> Schedule:
    """The checked file.

    Raises:
        ConfRefused: a key or value is refused; file, line and key are named.
    """
    return load(path, Schedule)

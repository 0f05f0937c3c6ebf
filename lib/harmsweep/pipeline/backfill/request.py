"""What a person asks a backfill for."""

from datetime import date
from pathlib import Path

from pydantic import model_validator

from harmsweep.conf import Frozen
from harmsweep.days import every_day
from harmsweep.lake.flow import DAY_NAMES


def stages(text: str) -> tuple[str, ...]:
    """Stages joined by commas, in the order in which they run.

    Raises:
        ValueError: there is none, or a word is no stage.
    """
    named = set(text.split(","))
    if not named <= set(DAY_NAMES):
        raise ValueError(f"{sorted(named - set(DAY_NAMES))} are none of {', '.join(DAY_NAMES)}")
    return tuple(stage for stage in DAY_NAMES if stage in named)


class Request(Frozen):
    """What a person asks to be run again."""

    first: date
    last: date
    stages: tuple[str, ...]
    landing: Path
    model: Path
    policy: Path
    reason: str

    @model_validator(mode="after")
    def _in_order(self) -> "Request":
        if self.last < self.first:
            raise ValueError(f"the last day {self.last} is before the first, {self.first}")
        return self

    @property
    def days(self) -> list[date]:
        """Its days in order."""
        return every_day(self.first, self.last)

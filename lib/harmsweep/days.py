"""UTC days, the unit of every run."""

from datetime import date, timedelta


def every_day(first: date, last: date) -> list[date]:
    """The days from `first` to `last`, both included, in order; none where `last` is earlier."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]

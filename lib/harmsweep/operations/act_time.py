"""When an act of a person counts: after those that the lake holds, whatever a clock says.

Two machines' clocks differ, so that an act done later can bear an earlier time. As with a hybrid
logical clock (Kulkarni et al., OPODIS 2014, section 3) its time is the machine's, or just after the
newest that is kept, where that is later: in order of times is in order of commits.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harmsweep.lake import table_log
from harmsweep.tables.catalog import ACTIONS, APPEALS, EXEMPTIONS, OPERATIONS, ORDERS, VERDICTS
from harmsweep.tables.spec import Table

_TIMES = {
    ACTIONS.name: "recorded_at",
    APPEALS.name: "at",
    EXEMPTIONS.name: "added_at",
    OPERATIONS.name: "at",
    ORDERS.name: "at",
    VERDICTS.name: "decided_at",
}
# Delta's statistics of times are cut to milliseconds.
_CUT = timedelta(milliseconds=1)


def time_after(lake: Path, tables: Iterable[Table], clock: datetime | None = None) -> datetime:
    """The time of `clock`, by default this machine's, or one after every row of the tables."""
    newest = [table_log.newest(table, lake, _TIMES[table.name]) for table in tables]
    known = [time + _CUT for time in newest if time]
    return max([clock or _now(), *known])


def _now() -> datetime:
    return datetime.now(UTC)

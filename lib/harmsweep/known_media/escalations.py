"""Posts with a severe match: nothing automatic and no reviewer may touch them."""

from datetime import date
from pathlib import Path

from harmsweep.lake import delta
from harmsweep.tables.catalog import ESCALATIONS


def escalated_posts(lake: Path, day: date) -> set[str]:
    """The day's posts that were escalated, whatever their revision was then."""
    sql = f"SELECT DISTINCT post_id FROM escalations WHERE day = '{day}'"
    rows = delta.query(lake, sql, names={"escalations": ESCALATIONS.name}, days=[day])
    return set(rows.column(0).to_pylist())

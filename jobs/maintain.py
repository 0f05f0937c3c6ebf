"""Keep the tables quick and small: compact, vacuum, write checkpoints, delete what expired."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from harmsweep.errors import finish
from harmsweep.lake.delta import lake_path, open_lake
from harmsweep.maintenance.tables import LEAST_KEEP_DAYS, maintain


def _arguments() -> argparse.Namespace:
    made = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    made.add_argument("--lake", type=lake_path, required=True, help="folder of the tables")
    made.add_argument(
        "--keep-days",
        type=int,
        default=30,
        help="delete files that no version of so many days needs"
        f"; at least {LEAST_KEEP_DAYS} (default: 30)",
    )
    made.add_argument("--dry-run", action="store_true", help="say what would be done")
    options = made.parse_args()
    if options.keep_days < LEAST_KEEP_DAYS:
        made.error(f"--keep-days {options.keep_days} is below {LEAST_KEEP_DAYS}: readers need them")
    return options


if __name__ == "__main__":
    given = _arguments()
    lake: Path = open_lake(given.lake)
    today = datetime.now(UTC).date()
    options = {"keep_days": given.keep_days, "dry_run": given.dry_run}
    finish(lambda: maintain(lake, today, **options), "maintain.py")

"""Put the small files of a slice together: what is appended run by run would become many of them.

A stage that replaces its slice writes one well-sized file. The cache of embeddings, the ledger and
the list of runs grow by appends instead, and a reader pays for each file that it opens.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from harmsweep.lake.delta import opened, stored
from harmsweep.lake.writes import committed
from harmsweep.tables.spec import Table

# So many files of a slice are left alone: to write one anew costs more than to open three.
FEW = 4
# Files of this size and more are left as they are; they are what compaction makes.
TARGET_BYTES = 128 * 1024 * 1024


def compact(table: Table, lake: Path, day: date, versions: Mapping[str, str]) -> int:
    """Put a day's small files of a table together where there are FEW or more; give how many.

    Of a table that is partitioned by versions, only the slice of these is touched. The rows stay
    the same, in one commit that says so; a streaming reader sees no change.
    """
    slice_of = {"day": day.isoformat(), **versions}
    filters = [(n, "=", slice_of[n]) for n in table.partition_by if n in slice_of]
    if not filters or _small(table, lake, filters) < FEW:
        return 0
    with committed(table, lake):
        optimizer = opened(lake, table.name, days=[day]).optimize
        done = optimizer.compact(partition_filters=filters, target_size=TARGET_BYTES)
    return int(done["numFilesRemoved"])


def _small(table: Table, lake: Path, filters: list[tuple[str, str, str]]) -> int:
    """How many files of a slice are smaller than what compaction makes, by the log alone."""
    wanted = {name: value for name, _, value in filters}
    actions = stored(lake, table.name).get_add_actions(flatten=True)
    columns = [actions.column(f"partition.{name}").to_pylist() for name in wanted]
    parts = zip(actions.column("size_bytes").to_pylist(), *columns, strict=True)
    values = list(wanted.values())
    return sum(size < TARGET_BYTES and list(map(str, part)) == values for size, *part in parts)

"""What the lake's tables are, brought to what the code declares."""

from pathlib import Path

import deltalake
from deltalake.exceptions import DeltaError
from deltalake.schema import Schema

from harmsweep.errors import Refused
from harmsweep.lake import seals
from harmsweep.tables.spec import Table

# Plain features only, so that polars, duckdb and deltalake read every table; a checkpoint at each
# tenth commit keeps a start from reading a long log.
PROPERTIES = {"delta.checkpointInterval": "10", "delta.dataSkippingNumIndexedCols": "32"}


class LakeMismatch(Refused):
    """A table in the lake is not as the code declares it."""


def is_current(lake: Path, table: Table) -> bool:
    """Whether the stored table has the columns, constraints and seals that the code declares."""
    uri = str(lake / table.name)
    if not deltalake.DeltaTable.is_deltatable(uri):
        return False
    stored = deltalake.DeltaTable(uri)
    have = {f.name: f.type for f in stored.schema().fields}
    new, retired = _constraints(stored, table)
    declared = {f.name: f.type for f in _delta_schema(table).fields}
    lacks_seals = _lacks_seals(stored, table)
    return declared.items() <= have.items() and not (new or retired or lacks_seals)


def migrate(lake: Path, table: Table) -> None:
    """Create a table, or add to it the columns and constraints that the code declares since.

    Its writers' lock is the caller's.

    Raises:
        LakeMismatch: the stored table has columns of another type, lacks one that must not be null,
            or has rows that break a constraint.
    """
    uri = str(lake / table.name)
    if not deltalake.DeltaTable.is_deltatable(uri):
        deltalake.DeltaTable.create(
            uri,
            _delta_schema(table),
            partition_by=list(table.partition_by),
            name=table.name,
            description=table.comment,
            configuration=_properties(table),
            raise_if_key_not_exists=False,  # our own is none of Delta's
        )
    stored = deltalake.DeltaTable(uri)
    have = {f.name: f.type for f in stored.schema().fields}
    want = {f.name: f for f in _delta_schema(table).fields}
    changed = sorted(n for n in have.keys() & want.keys() if have[n] != want[n].type)
    missing = [f for n, f in want.items() if n not in have]
    if changed or any(not f.nullable for f in missing):
        raise LakeMismatch(
            f"{table.name}: columns of another type {changed},"
            f" required columns missing {[f.name for f in missing if not f.nullable]}"
        )
    if missing:
        stored.alter.add_columns(missing)
    _constrain(stored, table)
    if _lacks_seals(stored, table):
        # Sealed first: a table that says so and has rows is not read without.
        seals.seal(lake, table.name)
        stored.alter.set_table_properties(seals.HAS_SEALS, raise_if_not_exists=False)


def _properties(table: Table) -> dict[str, str]:
    append_only = {"delta.appendOnly": "true"} if table.append_only else {}
    return PROPERTIES | append_only | (seals.HAS_SEALS if table.name in seals.SEALED else {})


def _lacks_seals(stored: deltalake.DeltaTable, table: Table) -> bool:
    """Whether a stored table should have seals and does not say that it has."""
    return table.name in seals.SEALED and not seals.has_seals(stored)


def _constrain(stored: deltalake.DeltaTable, table: Table) -> None:
    """Add the constraints that a stored table lacks, and then drop those that are retired."""
    new, retired = _constraints(stored, table)
    if new:
        try:
            stored.alter.add_constraint(new)
        except DeltaError as error:
            raise LakeMismatch(f"{table.name}: rows break one of {new}: {error}") from error
    for name in retired:
        stored.alter.drop_constraint(name)


def _constraints(stored: deltalake.DeltaTable, table: Table) -> tuple[dict[str, str], list[str]]:
    """The constraints that a stored table lacks, and those of its own that are retired."""
    prefix = "delta.constraints."
    have = {k.removeprefix(prefix) for k in stored.metadata().configuration if k.startswith(prefix)}
    new = {name: rule for name, rule in table.constraints.items() if name not in have}
    return new, sorted(have & set(table.retired_constraints))


def _delta_schema(table: Table) -> Schema:
    return Schema.from_json(table.schema.json())

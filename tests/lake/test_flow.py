"""What stages and commands declare of tables is whole, and is what their modules name."""

import re
from pathlib import Path

import pytest

from harmsweep.cli.main import app
from harmsweep.lake import flow
from harmsweep.lake.runs import Stage
from harmsweep.paths import ROOT
from harmsweep.tables import catalog
from harmsweep.tables.spec import Table

STAGES = ROOT / "lib" / "harmsweep" / "stages"
TABLES = {**catalog.TABLES, **catalog.RESTRICTED}
CONSTANTS = {name: t for name, t in vars(catalog).items() if isinstance(t, Table)}


def modules_of(stage: str) -> list[Path]:
    return [*STAGES.glob(f"{stage}.py"), *(STAGES / stage).glob("*.py")]


def named(text: str) -> set[str]:
    """The tables that a source names, by their constants or in SQL."""
    words = set(re.findall(r"\w+", text))
    by_name = {name for name in TABLES if name in words}
    return by_name | {table.name for constant, table in CONSTANTS.items() if constant in words}


def declared(stage: Stage) -> set[str]:
    read = (*(source.table for source in stage.reads), *stage.also_reads)
    return {table.name for table in (*read, *stage.writes, *stage.also_writes)}


def test_every_stage_of_the_house_is_declared() -> None:
    rooms = {path.stem for path in STAGES.iterdir() if path.stem.isalpha()}
    assert rooms == {stage.name for stage in flow.STAGES}


@pytest.mark.parametrize("stage", flow.STAGES, ids=lambda stage: stage.name)
def test_a_stage_declares_every_table_that_its_modules_name(stage: Stage) -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in modules_of(stage.name))
    assert named(text) - declared(stage) == set()


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_table_is_written_by_somebody(table: Table) -> None:
    assert flow.writers(table)


def test_what_is_said_to_write_beside_the_stages_exists() -> None:
    commands = {f"harmsweep {name}" for name in app if not name.startswith("-")}
    jobs = {f"jobs/{path.name}" for path in (ROOT / "jobs").glob("*.py")}
    others = flow.OTHER_WRITERS.keys() - {"every stage as its run ends"}
    assert others - commands - jobs == set()


def test_readers_and_writers_are_named_in_the_order_in_which_they_run() -> None:
    assert flow.writers(catalog.LABELS) == ["ingest", "label"]
    assert flow.writers(catalog.REJECTS) == ["ingest", "score"]
    assert flow.readers(catalog.SCORES) == ["decide", "enforce", "measure", "snapshot"]
    assert flow.writers(catalog.EXEMPTIONS) == ["harmsweep exempt"]

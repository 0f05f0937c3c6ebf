"""`harmsweep tables`: what the lake holds."""

from collections.abc import Callable
from pathlib import Path

from harmsweep.errors import REFUSED
from harmsweep.lake.flow import readers, writers
from harmsweep.tables.catalog import TABLES

Call = Callable[..., tuple[int, str, str]]


def test_each_table_is_listed_with_its_rows_days_version_and_key(call: Call, landed: Path) -> None:
    code, out, _ = call("tables", "--lake", landed)
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert set(TABLES) <= set(lines)
    found = " ".join(lines["ingests_v1"].split())
    assert found.startswith("ingests_v1 3 2026-10-01 to 2026-10-02 (2) 2 day, source How many rows")


def test_a_table_lists_its_columns_with_what_each_is_for(call: Call, landed: Path) -> None:
    code, out, _ = call("tables", "ingests", "--lake", landed)
    assert code == 0
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0].startswith("ingests_v1 (version 2): How many rows")
    assert "landed long not null rows that the landing zone held for the day" in lines
    assert any(line.startswith("source string key") for line in lines)


def test_an_unknown_table_is_refused_with_those_that_exist(call: Call, landed: Path) -> None:
    code, _, err = call("tables", "nope", "--lake", landed)
    assert code == REFUSED
    assert err.startswith("harmsweep: no table nope; there are account_labels_v1")


def test_a_table_says_who_writes_and_who_reads_it(call: Call, landed: Path) -> None:
    for name, table in TABLES.items():
        code, out, _ = call("tables", name, "--lake", landed)
        lines = out.splitlines()
        assert code == 0
        assert lines[1] == f"written by: {', '.join(writers(table))}"
        assert lines[2] == f"read by stages: {', '.join(readers(table)) or 'none'}"

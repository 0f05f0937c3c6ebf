"""`harmsweep tables`: what the lake holds."""

import json
from collections.abc import Callable
from pathlib import Path

from harmsweep.errors import REFUSED
from harmsweep.lake.flow import readers, writers
from harmsweep.lake.sql_views import VIEWS
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


def test_an_unknown_table_is_refused_with_the_nearest(call: Call, landed: Path) -> None:
    code, _, err = call("tables", "nope", "--lake", landed)
    assert code == REFUSED
    assert err == "harmsweep: no table nope; did you mean in_force?\n"


def test_a_table_says_who_writes_and_who_reads_it(call: Call, landed: Path) -> None:
    for name, table in TABLES.items():
        code, out, _ = call("tables", name, "--lake", landed)
        lines = out.splitlines()
        assert code == 0
        assert lines[1] == f"written by: {', '.join(writers(table))}"
        assert lines[2] == f"read by stages: {', '.join(readers(table)) or 'none'}"


def test_views_are_listed_and_described_like_tables(call: Call, landed: Path) -> None:
    code, out, _ = call("tables", "--lake", landed)
    assert code == 0
    assert VIEWS["in_force"].comment.split()[0] in out
    code, out, _ = call("tables", "in_force", "--lake", landed)
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0] == f"in_force (a view): {VIEWS['in_force'].comment}"
    assert "model_version string the model" in lines


def test_tables_and_columns_are_given_to_other_programs(call: Call, landed: Path) -> None:
    _, out, _ = call("tables", "--lake", landed, "--format", "json")
    rows = {row["table"]: row for row in json.loads(out)}
    assert rows.keys() == {*TABLES, *VIEWS}
    assert (rows["ingests_v1"]["rows"], rows["ingests_v1"]["version"]) == (3, 2)
    _, out, _ = call("tables", "ingests", "--lake", landed, "--format", "json")
    assert json.loads(out)[0] == {
        "column": "day",
        "type": "date",
        "is": "key",
        "what_it_is": "UTC day ingested",
    }

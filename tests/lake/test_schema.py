"""A lake that an older version made is brought to what the code declares, or refused by name."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import deltalake
import pytest
from pyspark.sql import types as T

from harmsweep.harms import HARMS
from harmsweep.lake import writes
from harmsweep.lake.schema import LakeMismatch, migrate
from harmsweep.tables.catalog import INGESTS, SCORES, scores_table

DAY = date(2026, 10, 1)


def test_a_table_with_a_retyped_column_is_refused_by_name(tmp_path: Path) -> None:
    odd = replace(INGESTS, schema=T.StructType([*INGESTS.schema.fields[:2], _landed_as_text()]))
    migrate(tmp_path, odd)
    with pytest.raises(LakeMismatch, match=r"ingests_v1.*landed"):
        migrate(tmp_path, INGESTS)


def _landed_as_text() -> T.StructField:
    return T.StructField("landed", T.StringType(), False, {"comment": "rows"})


def test_a_new_harm_adds_its_column_and_its_constraint(tmp_path: Path) -> None:
    migrate(tmp_path, SCORES)
    grown = scores_table((*HARMS, "new_harm"))
    migrate(tmp_path, grown)
    table = deltalake.DeltaTable(str(tmp_path / SCORES.name))
    assert "new_harm" in [f.name for f in table.schema().fields]
    assert "delta.constraints.new_harm_finite" in table.metadata().configuration


def test_a_retired_constraint_gives_way_to_what_the_code_declares_since(tmp_path: Path) -> None:
    migrate(tmp_path, replace(INGESTS, constraints={"few": "landed IN (1, 2)"}))
    assert _constraints(tmp_path) == {"delta.constraints.few": "landed = 1 OR landed = 2"}
    rules = {"some": "landed IN (1, 2, 3)"}
    now = replace(INGESTS, constraints=rules, retired_constraints=("few",))
    for _ in range(2):
        migrate(tmp_path, now)
        assert _constraints(tmp_path) == {
            "delta.constraints.some": "landed = 1 OR landed = 2 OR landed = 3"
        }
    writes.write_rows([{"day": DAY, "source": "posts", "landed": 3}], now, tmp_path)
    with pytest.raises(Exception, match="failed validation"):
        writes.write_rows([{"day": DAY, "source": "posts", "landed": 4}], now, tmp_path)


def test_a_constraint_that_a_killed_process_did_not_add_is_added(tmp_path: Path) -> None:
    migrate(tmp_path, replace(INGESTS, constraints={}))
    migrate(tmp_path, replace(INGESTS, constraints={"some": "landed > 0"}))
    assert _constraints(tmp_path) == {"delta.constraints.some": "landed > 0"}


def test_rows_that_break_a_new_constraint_are_refused_with_the_table(tmp_path: Path) -> None:
    migrate(tmp_path, INGESTS)
    writes.write_rows([{"day": DAY, "source": "posts", "landed": 3}], INGESTS, tmp_path)
    with pytest.raises(LakeMismatch, match=r"ingests_v1: .*landed > 3"):
        migrate(tmp_path, replace(INGESTS, constraints={"many": "landed > 3"}))


def test_a_constraint_is_not_both_declared_and_retired() -> None:
    with pytest.raises(ValueError, match="few"):
        replace(INGESTS, constraints={"few": "landed > 0"}, retired_constraints=("few",))


def _constraints(lake: Path) -> dict[str, str]:
    stored = deltalake.DeltaTable(str(lake / INGESTS.name)).metadata().configuration
    return {name: rule for name, rule in stored.items() if ".constraints." in name}

"""What is appended bit by bit becomes one file a slice, with the same rows."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import deltalake
import pytest

from harmsweep.lake import delta, writes
from harmsweep.lake.compaction import FEW, compact
from harmsweep.lake.portions import Input
from harmsweep.lake.runs import Stage, run_stage
from harmsweep.tables.catalog import ACTIONS, INGESTS, METRICS, RUNS
from harmsweep.tables.spec import Table

DAY = date(2026, 10, 1)
Row = dict[str, Any]
Add = Callable[[list[Row], Table, Path], None]


def metric(number: int, *, day: date = DAY, model: str = "m1") -> Row:
    names = ("policy_version", "metric", "harm", "slice", "value_of")
    return {"day": day, "model_version": model, "value": float(number)} | dict.fromkeys(names, "x")


def files(table: Table, lake: Path) -> list[str]:
    return sorted(deltalake.DeltaTable(str(lake / table.name)).file_uris())


def values(table: Table, lake: Path) -> list[str]:
    return sorted(map(str, delta.rows(table, lake).to_pylist()))


def test_small_files_of_a_day_become_one_with_the_same_rows(lake: Path, add_rows: Add) -> None:
    for number in range(6):
        add_rows([metric(number)], METRICS, lake)
    before = values(METRICS, lake)
    assert compact(METRICS, lake, DAY, {"model_version": "m1", "policy_version": "x"}) == 6
    assert len(files(METRICS, lake)) == 1 and values(METRICS, lake) == before


def test_few_files_are_left_alone(lake: Path, add_rows: Add) -> None:
    for number in range(FEW - 1):
        add_rows([metric(number)], METRICS, lake)
    before = delta.version(METRICS, lake)
    assert compact(METRICS, lake, DAY, {"model_version": "m1"}) == 0
    assert delta.version(METRICS, lake) == before


def test_other_days_and_other_models_are_not_touched(lake: Path, add_rows: Add) -> None:
    others = {"day": DAY + timedelta(days=1)}, {"model": "m2"}
    for number in range(FEW):
        add_rows([metric(number)], METRICS, lake)
        for other in others:
            add_rows([metric(number, **other)], METRICS, lake)
    before = set(files(METRICS, lake))
    assert compact(METRICS, lake, DAY, {"model_version": "m1"}) == FEW
    assert len(set(files(METRICS, lake)) & before) == 2 * FEW


def test_the_ledger_is_put_together_without_a_change_of_its_rows(lake: Path, add_rows: Add) -> None:
    text = ("sweep_id", "action", "previous_action", "surface", "jurisdiction", "cause_kind",
            "cause_id", "operator", "effect_key", "state_key", "model_version")  # fmt: skip
    for number in range(FEW):
        entry = dict.fromkeys(text, "x") | {
            "day": DAY, "entry": "intent", "recorded_at": datetime.now(UTC), "revision": 1,
            "subject_kind": "post", "subject_id": f"p{number}", "direction": "apply",
            "lane": "policy",
        }  # fmt: skip
        add_rows([entry], ACTIONS, lake)
    before = values(ACTIONS, lake)
    assert compact(ACTIONS, lake, DAY, {"model_version": "x"}) == FEW
    assert values(ACTIONS, lake) == before and len(files(ACTIONS, lake)) == 1


def test_a_stage_that_appends_leaves_one_file_and_is_unchanged_the_next_time(
    lake: Path, add_rows: Add
) -> None:
    step = Stage("count", reads=(Input(INGESTS),), writes=(METRICS,))
    versions = {"model_version": "m1", "policy_version": "x"}

    add_rows([{"day": DAY, "source": "posts", "landed": 1}], INGESTS, lake)

    def work() -> Mapping[str, int]:
        for number in range(FEW):
            writes.write_rows([metric(number)], METRICS, lake)
        return {"posts": 1}

    assert not run_stage(step, lake, DAY, work, versions=versions).skipped
    assert len(files(METRICS, lake)) == 1
    again = run_stage(step, lake, DAY, lambda: pytest.fail("worked"), versions=versions)
    assert again.skipped


def test_the_list_of_runs_stays_short(lake: Path) -> None:
    for number in range(10):
        step = Stage(f"stage{number}", reads=(), writes=())
        run_stage(step, lake, DAY, lambda: {"posts": 1})
    assert len(files(RUNS, lake)) < FEW and delta.rows(RUNS, lake).num_rows == 10

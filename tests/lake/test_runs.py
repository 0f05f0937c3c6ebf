"""A stage's day runs again only where something that it reads, writes or is made of changed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from builders import post

from harmsweep.lake import delta, runs, seals, writes
from harmsweep.lake.flow import STAGES
from harmsweep.lake.portions import Input, Portion
from harmsweep.lake.runs import Stage, days_run, run_stage
from harmsweep.tables.catalog import INGESTS, LABELS, METRICS, POSTS
from harmsweep.tables.spec import Table

DAY = date(2026, 10, 1)
VERSIONS = {"model_version": "m1", "policy_version": "m1"}
STEP = Stage("count", reads=(Input(INGESTS, before=1),), writes=(METRICS,))
Add = Callable[[list[dict[str, Any]], Table, Path], None]


def metric(model: str) -> dict[str, Any]:
    names = ("policy_version", "metric", "harm", "slice", "value_of")
    return {"day": DAY, "model_version": model, "value": 1.0} | dict.fromkeys(names, "x")


class Line:
    """A stage that writes one metric, in a lake, and counts how often it worked."""

    def __init__(self, lake: Path, add_rows: Add) -> None:
        self.lake, self.add_rows, self.worked = lake, add_rows, 0

    def run(self, *, model: str = "m1", inputs: str = "") -> bool:
        """Run the stage; give whether it was skipped."""

        def work() -> Mapping[str, int]:
            self.worked += 1
            writes.write_rows([metric(model)], METRICS, self.lake)
            return {"posts": 7, "other": 1}

        versions = {"model_version": model}
        outcome = run_stage(STEP, self.lake, DAY, work, versions=versions, inputs=inputs)
        assert outcome.items == 7
        return outcome.skipped

    def land(self, day: date) -> None:
        self.add_rows([{"day": day, "source": "posts", "landed": 1}], INGESTS, self.lake)


@pytest.fixture
def line(lake: Path, add_rows: Add) -> Line:
    made = Line(lake, add_rows)
    made.land(DAY)
    assert not made.run()
    return made


def test_an_unchanged_day_is_skipped_and_keeps_its_counts(line: Line) -> None:
    assert line.run()
    assert line.worked == 1


def test_a_change_of_the_inputs_runs_it_again(line: Line) -> None:
    line.land(DAY)
    assert not line.run()
    assert line.run()


def test_a_change_within_the_window_runs_it_again_and_outside_does_not(line: Line) -> None:
    line.land(DAY - timedelta(days=1))
    assert not line.run()
    line.land(DAY - timedelta(days=2))
    line.land(DAY + timedelta(days=1))
    assert line.run()


def test_a_change_of_the_output_by_another_hand_runs_it_again(line: Line) -> None:
    line.add_rows([metric("m1")], METRICS, line.lake)
    assert not line.run()


def test_another_version_is_a_run_of_its_own_and_leaves_the_first_current(line: Line) -> None:
    assert not line.run(model="m2")
    assert line.run(model="m1")
    assert line.run(model="m2")


def test_another_table_is_no_concern_of_the_stage(line: Line) -> None:
    label = {"post_id": "p1", "harm": "hate", "label": 1, "source": "hand", "dataset": "x"}
    label |= {"annotator": "-", "weight": 1.0}
    line.add_rows([{"day": DAY, **label}], LABELS, line.lake)
    assert line.run()


def test_other_outside_inputs_run_it_again(line: Line) -> None:
    assert not line.run(inputs="another file")


def test_other_code_runs_it_again(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "code_digest", lambda: "another code, another digest")
    assert not line.run()


def test_a_day_of_nothing_needs_no_work_until_something_is_there(lake: Path, add_rows: Add) -> None:
    line = Line(lake, add_rows)
    line.land(DAY - timedelta(days=1))
    outcome = run_stage(STEP, lake, DAY, lambda: pytest.fail("worked"))
    assert (outcome.items, outcome.skipped) == (0, False)
    assert run_stage(STEP, lake, DAY, lambda: pytest.fail("worked")).skipped
    line.land(DAY)
    assert not line.run() and line.worked == 1


def test_a_stage_that_reads_outside_the_lake_always_has_work(lake: Path) -> None:
    with pytest.raises(RuntimeError, match="worked"):
        run_stage(replace(STEP, always=True), lake, DAY, _work)


def _work() -> Mapping[str, int]:
    raise RuntimeError("worked")


def test_a_day_whose_input_is_gone_is_worked_on_while_it_has_output(
    lake: Path, add_rows: Add
) -> None:
    line = Line(lake, add_rows)
    add_rows([metric("m1")], METRICS, lake)
    assert not line.run() and line.worked == 1


def commit_beside(table: Table, lake: Path) -> None:
    """Another process's commit of a file to the table's slice of the day; nobody can read it."""
    with seals.sealing(lake, table.name):
        log = lake / table.name / "_delta_log"
        last = max(int(path.stem) for path in log.glob("*.json"))
        values = dict.fromkeys(table.partition_by, "m1") | {"day": str(DAY)}
        add = {
            "path": f"beside-{last}.parquet",
            "size": 1,
            "modificationTime": 0,
            "dataChange": True,
        }
        add["partitionValues"] = {name: values[name] for name in table.partition_by}
        (log / f"{last + 1:020}.json").write_text(json.dumps({"add": add}), encoding="utf-8")


BESIDE = [
    pytest.param(stage, table, id=f"{stage.name} {name}")
    for stage in STAGES
    for name, table in {
        table.name: table for table in (*(source.table for source in stage.reads), *stage.writes)
    }.items()
]


@pytest.mark.parametrize(("stage", "table"), BESIDE)
def test_what_is_committed_beside_a_stage_is_not_recorded_as_read(
    lake: Path, stage: Stage, table: Table
) -> None:
    def work() -> Mapping[str, int]:
        commit_beside(table, lake)
        return {"posts": 1}

    run = partial(run_stage, replace(stage, always=True), lake, DAY, versions=VERSIONS)
    run(work)
    worked = iter([{"posts": 1}])
    assert not run(lambda: next(worked)).skipped
    assert run(lambda: next(worked)).skipped


@pytest.mark.parametrize("passage", ["before", "after"])
def test_what_is_committed_beside_a_commit_is_not_recorded_as_read(
    line: Line, monkeypatch: pytest.MonkeyPatch, passage: str
) -> None:
    def beside(point: str) -> None:
        if point == f"{METRICS.name}:{passage}-commit":
            line.land(DAY)

    line.land(DAY)
    with monkeypatch.context() as patch:
        patch.setattr(writes, "failpoint", beside)
        assert not line.run()
    assert not line.run()
    assert line.run()


def test_a_run_that_failed_is_not_recorded(lake: Path, add_rows: Add) -> None:
    Line(lake, add_rows).land(DAY)

    def fail() -> Mapping[str, int]:
        raise RuntimeError("disk full")

    for _ in range(2):
        with pytest.raises(RuntimeError, match="disk full"):
            run_stage(STEP, lake, DAY, fail)


class Posts:
    """A stage that can make some of a day's posts, and notes what it was given to make."""

    STEP = Stage("count", reads=(Input(POSTS),), writes=(INGESTS,))

    def __init__(self, lake: Path, add_rows: Add) -> None:
        self.lake, self.add_rows = lake, add_rows
        self.made: list[Portion | None] = []
        self.add(post("one", author_id="ann"), post("two", author_id="ben"))
        self.run()

    def add(self, *rows: dict[str, Any]) -> None:
        self.add_rows([*rows], POSTS, self.lake)

    def write(self) -> None:
        landed = {"day": DAY, "source": "posts", "landed": len(self.made)}
        writes.write_rows([landed], INGESTS, self.lake, where={"day": DAY})

    def run(self, *, inputs: str = "") -> Mapping[str, int]:
        def make(part: Portion | None = None) -> Mapping[str, int]:
            self.made.append(part)
            self.write()
            return {"posts": len(self.made)}

        return run_stage(self.STEP, self.lake, DAY, make, inputs=inputs, some=make).counts


@pytest.fixture
def posts(lake: Path, add_rows: Add) -> Posts:
    return Posts(lake, add_rows)


def test_a_change_makes_the_posts_that_it_reaches(posts: Posts) -> None:
    posts.add(post("two", 2, author_id="ben"))
    posts.run()
    assert posts.made == [None, Portion(DAY, ["two"], ["ben"])]


def test_the_changes_are_those_since_the_last_run(posts: Posts) -> None:
    posts.add(post("two", 2, author_id="ben"))
    posts.run()
    posts.add(post("one", 2, author_id="ann"))
    posts.run()
    assert posts.made[2:] == [Portion(DAY, ["one"], ["ann"])]


def test_files_that_changed_and_no_rows_are_no_work_and_keep_the_counts(posts: Posts) -> None:
    rows = delta.rows(POSTS, posts.lake, day=DAY).to_pylist()
    writes.write_rows(rows, POSTS, posts.lake, where={"day": DAY})
    assert posts.run() == {"posts": 1}
    assert posts.made == [None]


@pytest.mark.parametrize("change", ["output", "inputs", "code"])
def test_where_more_than_the_read_tables_changed_the_whole_day_is_made(
    posts: Posts, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    posts.add(post("two", 2, author_id="ben"))
    if change == "output":
        posts.write()
    if change == "code":
        monkeypatch.setattr(runs, "code_digest", lambda: "another code, another digest")
    posts.run(inputs="another file" if change == "inputs" else "")
    assert posts.made == [None, None]


def test_the_days_of_a_stages_runs_are_known_by_its_versions(line: Line) -> None:
    first, before = DAY - timedelta(days=1), DAY + timedelta(days=1)
    assert days_run(STEP, line.lake, first, before) == [DAY]
    assert days_run(STEP, line.lake, first, DAY) == []
    of = partial(days_run, STEP, line.lake, first, before)
    assert of(versions={"model_version": "m1"}) == [DAY]
    assert of(versions={"model_version": "m2"}) == []

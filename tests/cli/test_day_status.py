"""`harmsweep days`: each day's stages and state, from literal runs and held batches."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import post, scored

from harmsweep.cli.day_status import SHOWN_DAYS, state
from harmsweep.errors import REFUSED
from harmsweep.lake.flow import DAY_NAMES
from harmsweep.paths import ROOT
from harmsweep.tables.catalog import ACTIONS, POSTS, RUNS, SCORES

Add = Callable[..., None]
Call = Callable[..., tuple[int, str, str]]
DAY = date(2026, 10, 1)
NEXT = date(2026, 10, 2)
NIGHT = datetime(2026, 10, 3, 2, 5, tzinfo=UTC)
GOLDEN = ROOT / "tests" / "dags" / "golden"
BATCH = "20261001-0123456789ab:hate:apply"


def run(stage: str, day: date = DAY, variant: str = "", **more: Any) -> dict[str, Any]:
    row = {"day": day, "stage": stage, "variant": variant, "digest": "d", "posts": 3}
    row |= {"counts": "{}", "seconds": 1.5, "finished_at": NIGHT, "code_version": "c"}
    return row | more


def held_entry(entry: str = "held") -> dict[str, Any]:
    sweep, harm, direction = BATCH.split(":")
    row = {"day": DAY, "effect_key": "k", "entry": entry, "sweep_id": sweep, "harm": harm}
    row |= {"direction": direction, "model_version": "m", "policy_version": "p"}
    row |= {"operator": "airflow", "recorded_at": NIGHT, "lane": "policy"}
    empty = {"string": "", "integer": 0, "long": 0, "boolean": False, "timestamp": NIGHT}
    required = {f.name: empty[f.dataType.typeName()] for f in ACTIONS.schema
                if not f.nullable and f.name not in row}  # fmt: skip
    return required | row


def shown(call: Call, lake: Path, *words: str) -> list[dict[str, Any]]:
    code, out, err = call("days", "--format", "json", "--lake", lake, *words)
    assert (code, err) == (0, "")
    return list(json.loads(out))


@pytest.fixture
def ran(lake: Path, add_rows: Add) -> Path:
    """A lake in which every stage ran for the first day, and those to embed for the second."""
    second = DAY_NAMES[: DAY_NAMES.index("embed") + 1]
    add_rows([*map(run, DAY_NAMES), *(run(stage, NEXT) for stage in second)], RUNS, lake)
    return lake


def test_the_stages_are_the_tasks_of_the_daily_dag() -> None:
    tasks = {path.name.split(".")[1] for path in GOLDEN.glob("score_daily.*.txt")}
    # What comes after a sweep changes nothing that others of the day rest on.
    assert set(DAY_NAMES) == tasks - {"late", "watch", "on_time", "deliver", "explain", "label"}


def test_a_day_is_done_when_every_stage_ran_and_else_part(call: Call, ran: Path) -> None:
    done, part = shown(call, ran)
    assert (done["day"], done["state"], part["day"], part["state"]) == (
        "2026-10-01", "done", "2026-10-02", "part",
    )  # fmt: skip
    assert done["measure"] == {"items": 3, "seconds": 1.5, "finished_at": NIGHT.isoformat()}
    assert (part["embed"]["items"], part["match"], part["measure"]) == (3, None, None)


def test_a_day_is_held_while_a_batch_of_it_waits(call: Call, ran: Path, add_rows: Add) -> None:
    add_rows([held_entry()], ACTIONS, ran)
    first, second = shown(call, ran)
    assert (first["state"], first["held"]) == ("held", [BATCH])
    assert (second["state"], second["held"]) == ("part", [])
    add_rows([held_entry("discarded")], ACTIONS, ran)
    assert shown(call, ran)[0]["state"] == "done"


def test_only_accepted_posts_are_counted(call: Call, ran: Path, add_rows: Add) -> None:
    kinds = {"p1": "accepted", "p2": "accepted", "p3": "deleted"}
    add_rows([post(post_id, status=status) for post_id, status in kinds.items()], POSTS, ran)
    assert [row["posts"] for row in shown(call, ran)] == [2, 0]


def test_a_day_is_part_while_a_post_has_no_score(call: Call, ran: Path, add_rows: Add) -> None:
    add_rows([post("p1"), post("p2", revision=2)], POSTS, ran)
    add_rows([scored("p1"), scored("p1", model_version="m-2"), scored("p2")], SCORES, ran)
    first = shown(call, ran)[0]
    assert (first["state"], first["posts"], first["unscored"]) == ("part", 2, 1)
    add_rows([scored("p2", revision=2)], SCORES, ran)
    assert [shown(call, ran)[0][name] for name in ("state", "unscored")] == ["done", 0]


def test_of_a_stages_runs_the_last_is_shown(call: Call, ran: Path, add_rows: Add) -> None:
    later = run("score", variant="m2", posts=9, finished_at=NIGHT + timedelta(hours=1))
    add_rows([later, run("score", variant="m3", posts=1)], RUNS, ran)
    assert shown(call, ran)[0]["score"]["items"] == 9


def test_a_day_without_any_run_is_shown_as_part(call: Call, ran: Path) -> None:
    days = shown(call, ran, "--from", "2026-09-30", "--to", "2026-10-03")
    assert [row["state"] for row in days] == ["part", "done", "part", "part"]


def test_by_default_the_last_days_are_shown_with_their_gaps(
    call: Call, ran: Path, add_rows: Add
) -> None:
    newest = DAY + timedelta(days=SHOWN_DAYS + 5)
    add_rows([run("ingest", newest)], RUNS, ran)
    found = shown(call, ran)
    assert (len(found), found[-1]["day"]) == (SHOWN_DAYS, str(newest))


def test_the_table_is_one_line_a_day(call: Call, ran: Path) -> None:
    _, out, _ = call("days", "--lake", ran)
    second = next(line for line in out.splitlines() if "2026-10-02" in line)
    assert second.split()[:2] == ["2026-10-02", "part"]
    assert "3 in 1.5 s, 10-03 02:05" in second and second.rstrip().endswith("-")


@pytest.mark.parametrize("words", [(), ("--from", "2026-10-01"), ("--to", "2026-10-01")])
def test_a_lake_that_never_ran_is_said_in_one_line(
    call: Call, lake: Path, words: tuple[str, ...]
) -> None:
    code, out, err = call("days", "--lake", lake, *words)
    assert (code, out, err.count("\n")) == (REFUSED, "", 1)


def test_a_range_that_ends_before_it_begins_is_refused(call: Call, ran: Path) -> None:
    words = ("--from", "2026-10-02", "--to", "2026-10-01")
    code, _, err = call("days", "--lake", ran, *words)
    assert (code, err) == (REFUSED, "harmsweep: --to 2026-10-01 is before --from 2026-10-02\n")


def test_what_waits_comes_before_what_is_missing() -> None:
    assert (state({}, [BATCH], 0), state({}, [], 0)) == ("held", "part")

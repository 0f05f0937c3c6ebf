"""Each event is one line of JSON that says its run, stage, day, counts and seconds."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from harmsweep.errors import Printable, finish
from harmsweep.lake.portions import Input
from harmsweep.lake.runs import Stage, run_stage
from harmsweep.logs import log, run_id
from harmsweep.tables.catalog import INGESTS, METRICS

DAY = date(2026, 10, 1)
STEP = Stage("count", reads=(Input(INGESTS),), writes=(METRICS,))
AIRFLOW = {
    "AIRFLOW_CTX_DAG_ID": "score_daily",
    "AIRFLOW_CTX_DAG_RUN_ID": "scheduled__2026-10-02T02:00:00+00:00",
    "AIRFLOW_CTX_TASK_ID": "embed",
    "AIRFLOW_CTX_TRY_NUMBER": "2",
}
# Line breaks of every kind, ANSI and C1 sequences, DEL, marks that turn the direction around.
HOSTILE = 'a\r\n{"event": "forged"}\x1b[2J\x85\u2028\u2029\x9b31m\x7f\u202e\ud800é'


@pytest.fixture(autouse=True)
def no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*AIRFLOW, "HARMSWEEP_RUN_ID", "HARMSWEEP_LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)


Said = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """The events on stderr so far, each of one line; nothing is on stdout."""

    def events() -> list[dict[str, Any]]:
        captured = capsys.readouterr()
        assert captured.out == ""
        return [json.loads(line) for line in captured.err.splitlines()]

    return events


def test_an_event_of_a_task_names_airflows_run_task_and_try(
    monkeypatch: pytest.MonkeyPatch, said: Said
) -> None:
    for name, value in AIRFLOW.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HARMSWEEP_RUN_ID", "another")
    log("embed", day=str(DAY)).info("done")
    (event,) = said()
    assert event.pop("timestamp")
    assert event == {
        "event": "done", "level": "info", "stage": "embed", "day": "2026-10-01", "try": "2",
        "run_id": "scheduled__2026-10-02T02:00:00+00:00", "dag": "score_daily", "task": "embed",
    }  # fmt: skip


def test_a_run_may_be_named_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARMSWEEP_RUN_ID", "by-hand-7")
    assert run_id() == "by-hand-7"


def test_without_a_name_all_events_of_a_process_have_one_of_its_own(said: Said) -> None:
    log("score").info("one")
    log("decide").info("two")
    first, second = (event["run_id"] for event in said())
    assert first == second == run_id()
    code = "from harmsweep.logs import run_id; print(run_id())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip().startswith("process-") and other.stdout.strip() != first


def test_hostile_ids_stay_within_their_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HARMSWEEP_RUN_ID", "x\ny\x1b[31m")
    log("score", post=HOSTILE).warning(HOSTILE, **{HOSTILE: [HOSTILE]})
    line = capsys.readouterr().err
    assert line.endswith("\n") and line[:-1].isascii() and line[:-1].isprintable()
    event = json.loads(line)
    assert (event["post"], event[HOSTILE], event["run_id"]) == (HOSTILE, [HOSTILE], "x\ny\x1b[31m")


def test_an_error_of_a_job_reaches_no_terminal_as_a_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> list[Printable]:
        raise ValueError("post p\x1b[2J\x7f\u202e\r\nscore.py: done")

    with pytest.raises(SystemExit):
        finish(fail, "score.py")
    said = capsys.readouterr().err
    assert said == "score.py: ValueError: post p\\u001b[2J\\u007f\\u202e\n"


def test_a_stage_says_what_it_did_and_how_long(
    lake: Path, add_rows: Callable[..., None], said: Said
) -> None:
    add_rows([{"day": DAY, "source": "posts", "landed": 1}], INGESTS, lake)
    for _ in range(2):
        run_stage(STEP, lake, DAY, lambda: {"posts": 7, "run_id": 1})
    done, again = said()
    assert (done["event"], done["stage"], done["day"]) == ("done", "count", "2026-10-01")
    assert (done["items"], done["counts"]) == (7, {"posts": 7, "run_id": 1})
    assert done["seconds"] >= 0 and done["run_id"] == run_id()
    assert (again["event"], again["items"]) == ("unchanged", 7)


def test_a_stage_that_fails_says_so(lake: Path, add_rows: Callable[..., None], said: Said) -> None:
    add_rows([{"day": DAY, "source": "posts", "landed": 1}], INGESTS, lake)

    def fail() -> Mapping[str, int]:
        raise MemoryError(HOSTILE)

    with pytest.raises(MemoryError):
        run_stage(STEP, lake, DAY, fail)
    (event,) = said()
    assert (event["event"], event["level"]) == ("failed", "error")
    assert (event["error"], event["stage"], event["day"]) == ("MemoryError", "count", "2026-10-01")


def test_what_a_job_prints_is_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]):
    finish(lambda: ["one\x1b[2J\ntwo"], "job")
    assert capsys.readouterr().out == "one\\u001b[2J\ntwo\n"

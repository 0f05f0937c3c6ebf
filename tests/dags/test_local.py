"""scripts/airflow brings Airflow up with its DAGs and pools, and ends all that it began."""

import json
import re
import subprocess
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from dag_runs import finished, unpause

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "airflow"
NAMES = {"backfill", "maintain", "score_daily", "sweep", "train_weekly"}


@pytest.mark.nightly
def test_the_login_opens_the_dags_and_they_wait_for_a_person(served: Any) -> None:
    deadline, found = time.monotonic() + 60, dict[str, bool]()
    while set(found) != NAMES and time.monotonic() < deadline:
        dags = served.ask("/api/v2/dags")["dags"]
        found = {dag["dag_id"]: dag["is_paused"] for dag in dags}
        time.sleep(1)
    assert set(found) == NAMES
    assert found["score_daily"] is found["sweep"] is True


@pytest.mark.nightly
def test_a_tasks_log_is_what_its_job_said(served: Any) -> None:
    unpause(served, "maintain")
    run = finished(served, "maintain", {})
    said = served.ask(f"{run}/taskInstances/maintain/logs/1?full_content=true")["content"]
    assert any("put together" in str(line) for line in said)


@pytest.mark.nightly
def test_what_is_waited_for_is_said_at_least_every_15_seconds(served: Any) -> None:
    lines = [re.fullmatch(r"airflow: +(\d+) s  (.+)", line) for line in served.said.splitlines()]
    assert all(lines), served.said
    times = [int(line[1]) for line in lines if line]
    assert max(after - before for before, after in pairwise(times)) <= 15, served.said
    assert [line[2] for line in lines if line][-1] == "5 of 5 DAGs"


@pytest.mark.nightly
def test_every_pool_is_there_with_its_one_slot(served: Any) -> None:
    pools = served.ask("/api/v2/pools?limit=100")["pools"]
    found = {pool["name"]: pool["slots"] for pool in pools if pool["name"] != "default_pool"}
    wanted = json.loads((ROOT / "conf" / "airflow" / "pools.json").read_text(encoding="utf-8"))
    assert found == dict.fromkeys(wanted, 1)


@pytest.mark.nightly
def test_a_scheduled_day_that_is_not_done_in_time_is_told_of(served: Any) -> None:
    """The deadline of this Airflow is 3.6 s, and its first task finds no slot."""
    pool = {"pool": "ingest", "include_deferred": True}
    served.ask("/api/v2/pools/ingest", pool | {"slots": 0}, method="PATCH")
    served.ask("/api/v2/dags/score_daily", {"is_paused": False}, method="PATCH")
    try:
        deadline = time.monotonic() + 120
        while not served.told and time.monotonic() < deadline:
            time.sleep(1)
    finally:
        served.ask("/api/v2/dags/score_daily", {"is_paused": True}, method="PATCH")
        runs = served.ask("/api/v2/dags/score_daily/dagRuns")["dag_runs"]
        for run in runs:
            path = f"/api/v2/dags/score_daily/dagRuns/{run['dag_run_id']}"
            served.ask(path, {"state": "failed"}, method="PATCH")
        served.ask("/api/v2/pools/ingest", pool | {"slots": 1}, method="PATCH")
    (message,) = served.told
    assert message.startswith("score_daily is late, run scheduled__")
    assert message.endswith("Runbook: docs/runbook.md#late")


def test_help_and_wrong_options_start_nothing() -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(SCRIPT), *words], capture_output=True, text=True, check=False)

    assert "scripts/airflow -- ARG" in run("--help").stdout
    refused = run("--nonsense")
    assert (refused.returncode, refused.stderr) == (
        2, "airflow: unknown option --nonsense; see --help\n",
    )  # fmt: skip

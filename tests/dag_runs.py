"""What tests with a running Airflow share: runs until their end, and what a lake holds then."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def unpause(served: Any, dag: str) -> None:
    """Let a DAG run, as soon as Airflow has read its file."""
    deadline = time.monotonic() + 300
    while dag not in {found["dag_id"] for found in served.ask("/api/v2/dags")["dags"]}:
        assert time.monotonic() < deadline, f"no DAG {dag}"
        time.sleep(1)
    served.ask(f"/api/v2/dags/{dag}", {"is_paused": False}, method="PATCH")


def finished(
    served: Any, dag: str, body: dict[str, Any], watch: Callable[[str], None] = str
) -> str:
    """Trigger a run and wait for its end; its path. `watch` is called with it between looks."""
    runs = f"/api/v2/dags/{dag}/dagRuns"
    made = served.ask(runs, {"logical_date": None} | body)
    run, deadline = f"{runs}/{made['dag_run_id']}", time.monotonic() + 2400
    while (state := served.ask(run)["state"]) not in ("success", "failed"):
        assert time.monotonic() < deadline, tasks(served, run)
        watch(run)
        time.sleep(0.3)
    assert state == "success", tasks(served, run)
    return run


def tasks(served: Any, run: str) -> dict[str, tuple[str, int]]:
    """State and number of tries of each task of a run."""
    found = served.ask(f"{run}/taskInstances")["task_instances"]
    return {task["task_id"]: (task["state"], task["try_number"]) for task in found}


def platform(*command: str) -> str:
    """What a command of the platform's Python prints."""
    done = subprocess.run(
        [str(ROOT / ".venv/bin/python"), *command],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "lib"), "HARMSWEEP_LOG_LEVEL": "warning"},
    )
    return done.stdout


def ask(sql: str, lake: Path) -> list[dict[str, Any]]:
    """The answer to a query of the console."""
    console = str(ROOT / ".venv" / "bin" / "harmsweep")
    found: list[dict[str, Any]] = json.loads(
        platform(console, "query", sql, "--lake", str(lake), "--format", "json")
    )
    return found

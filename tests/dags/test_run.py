"""The daily DAG runs a day of the sample to its end, as Airflow runs it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
DAY = "2026-10-01"
STAGES = sorted(
    ("ingest", "features", "read", "embed", "match", "score", "decide", "enforce", "measure")
)


def run(*command: object, **environment: str) -> str:
    """What a command prints; one that fails shows its last lines."""
    done = subprocess.run(
        list(map(str, command)),
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )
    assert done.returncode == 0, "\n".join((done.stdout + done.stderr).splitlines()[-15:])
    return done.stdout


def ask(sql: str, lake: Path) -> list[dict[str, Any]]:
    console = ROOT / ".venv" / "bin" / "harmsweep"
    rows: list[dict[str, Any]] = json.loads(
        run(console, "query", sql, "--lake", lake, "--format", "json")
    )
    return rows


def test_a_sample_day_runs_to_the_end(tmp_path: Path) -> None:
    python = ROOT / ".venv" / "bin" / "python"
    manifest, policy = run(python, Path(__file__).with_name("demonstration.py"), tmp_path).split()
    settings = {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
        "HARMSWEEP_LAKE": str(tmp_path / "lake"),
        "HARMSWEEP_LANDING": str(ROOT / "tests" / "sample"),
        "HARMSWEEP_MODEL": manifest,
        "HARMSWEEP_POLICY": policy,
    }
    airflow = ROOT / ".venv-airflow" / "bin" / "airflow"
    run(airflow, "db", "migrate", **settings)
    run(airflow, "dags", "test", "score_daily", DAY, **settings)
    ran = f"SELECT DISTINCT stage FROM runs WHERE day = '{DAY}' ORDER BY stage"
    assert [row["stage"] for row in ask(ran, tmp_path / "lake")] == STAGES
    scored = f"""SELECT count(*) AS accepted, count(s.post_id) AS scored
        FROM posts p LEFT JOIN scores s
        ON s.day = p.day AND s.post_id = p.post_id AND s.revision = p.revision
        WHERE p.day = '{DAY}' AND p.status = 'accepted'"""
    (counts,) = ask(scored, tmp_path / "lake")
    assert counts["accepted"] == counts["scored"] > 100

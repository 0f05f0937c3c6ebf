"""scripts/airflow brings Airflow up with the DAGs, gives its login, and ends all it started."""

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "airflow"
UP = re.compile(r"Airflow is up after (\d+) s: (http://127\.0\.0\.1:\d+)  login (\w+) / (\w+)")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(data: Path, port: int) -> dict[str, str]:
    """Without the settings that these tests give Airflow in their own process."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "HARMSWEEP"))}
    own = {"HARMSWEEP_DATA": str(data), "HARMSWEEP_AIRFLOW_PORT": str(port)}
    return kept | own | {"HARMSWEEP_NO_SETUP": "1", "PYTHONPATH": str(ROOT / "lib")}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, str]]:
    """A running Airflow: its address, and the login that was printed."""
    data, port = tmp_path_factory.mktemp("local"), free_port()
    process = subprocess.Popen(
        [str(SCRIPT)], env=environment(data, port), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        found = UP.match(process.stdout.readline())
        assert found, (data / "airflow" / "standalone.log").read_text()[-1000:]
        yield found[2], found[3], found[4]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    deadline = time.monotonic() + 30
    while answers(port):
        assert time.monotonic() < deadline, "something of it still runs"
        time.sleep(0.5)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(address: str, path: str, *, token: str = "", body: Any = None) -> Any:
    headers = {"Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address + path, data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def test_the_login_opens_the_dags_and_they_wait_for_a_person(up: tuple[str, str, str]) -> None:
    address, user, password = up
    login = {"username": user, "password": password}
    token = ask(address, "/auth/token", body=login)["access_token"]
    deadline, found = time.monotonic() + 60, dict[str, bool]()
    while len(found) < 5 and time.monotonic() < deadline:
        dags = ask(address, "/api/v2/dags", token=token)["dags"]
        found = {dag["dag_id"]: dag["is_paused"] for dag in dags}
        time.sleep(1)
    names = {"backfill", "maintain", "score_daily", "sweep", "train_weekly"}
    assert found == dict.fromkeys(names, True)


def test_help_and_wrong_options_start_nothing() -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(SCRIPT), *words], capture_output=True, text=True, check=False)

    assert "scripts/airflow -- ARG" in run("--help").stdout
    refused = run("--nonsense")
    assert (refused.returncode, refused.stderr) == (
        2, "airflow: unknown option --nonsense; see --help\n",
    )  # fmt: skip

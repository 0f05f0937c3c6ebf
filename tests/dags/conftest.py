"""The DAGs as Airflow loads them; collected in Airflow's environment only."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

collect_ignore_glob = [] if find_spec("airflow") else ["test_*.py"]

ROOT = Path(__file__).resolve().parents[2]
DAGS = ROOT / "dags"
# Airflow reads these when it is first imported: a home of our own, and no examples.
HOME = ROOT / ".cache" / "airflow-tests"
SETTINGS = {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
    "AIRFLOW_CONN_SPARK_DEFAULT": (ROOT / "conf/airflow/spark/local.json").read_text("utf-8"),
    "SPARK_LOCAL_IP": "127.0.0.1",
}
if not collect_ignore_glob:
    os.environ.update(SETTINGS)


@pytest.fixture(scope="session")
def dags() -> dict[str, Any]:
    """Every DAG of the folder by id; one that cannot be imported fails here."""
    from airflow.dag_processing.dagbag import BundleDagBag

    bag = BundleDagBag(str(DAGS), bundle_path=DAGS, bundle_name="dags-folder")
    assert not bag.import_errors
    return dict(bag.dags)


SCRIPT = ROOT / "scripts" / "airflow"
UP = re.compile(r"Airflow is up after (\d+) s: (http://127\.0\.0\.1:\d+)  login (\w+) / (\w+)")
POSTS = ROOT / "tests" / "sample"
DAYS = ("2026-10-01", "2026-10-02")


class Webhook(BaseHTTPRequestHandler):
    """Keeps what it is told."""

    told: list[str]
    status = 200

    def do_POST(self) -> None:
        """Keep the text and answer with the status."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.told.append(json.loads(body)["text"])
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on the console."""


def listening() -> tuple[type[Webhook], str]:
    """A webhook of this machine, as long as the tests run, and its address."""
    handler = type("Fresh", (Webhook,), {"told": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    return handler, f"http://127.0.0.1:{server.server_port}/"


@pytest.fixture
def webhook(dags: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> type[Webhook]:
    """A webhook that the alerts of this process go to."""
    handler, address = listening()
    monkeypatch.setenv("HARMSWEEP_ALERTS", address)
    return handler


@dataclass
class Served:
    """A running Airflow: its REST API as the login that was printed, and its folders."""

    address: str
    data: Path
    landing: Path
    environment: dict[str, str]
    told: list[str]
    # What the script printed while it started.
    said: str
    token: str = ""

    def ask(self, path: str, body: Any = None, *, method: str | None = None) -> Any:
        """The answer to a call of the REST API."""
        headers = {"Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.address + path, data=data, headers=headers, method=method
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Airflow as scripts/airflow starts it, over a third of two days of the sample."""
    folder = tmp_path_factory.mktemp("airflow")
    landing = cut(folder / "landing")
    data, port = folder / "data", free_port()
    hook, alerts = listening()
    own = environment(data, landing, port) | {"HARMSWEEP_ALERTS": alerts}
    errors = (folder / "said").open("w")
    process = subprocess.Popen(
        [str(SCRIPT)], env=own, stdout=subprocess.PIPE, stderr=errors, text=True
    )
    try:
        assert process.stdout is not None
        found = UP.match(process.stdout.readline())
        assert found, (data / "airflow" / "standalone.log").read_text()[-1000:]
        said = (folder / "said").read_text(encoding="utf-8")
        airflow = Served(found[2], data, landing, own, hook.told, said)
        login = {"username": found[3], "password": found[4]}
        airflow.token = airflow.ask("/auth/token", login)["access_token"]
        yield airflow
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    deadline = time.monotonic() + 30
    while answers(port):
        assert time.monotonic() < deadline, "something of it still runs"
        time.sleep(0.5)


def environment(data: Path, landing: Path, port: int) -> dict[str, str]:
    """Without the settings that these tests give Airflow in their own process."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "HARMSWEEP"))}
    own = {"HARMSWEEP_DATA": str(data), "HARMSWEEP_AIRFLOW_PORT": str(port)}
    own |= {"HARMSWEEP_LANDING": str(landing), "HARMSWEEP_RETRY_SECONDS": "1"}
    own |= {"HARMSWEEP_DEADLINE_HOURS": "0.001"}
    # On a busy machine a DAG file takes long to read; one that took too long waits ten minutes.
    own |= {"AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "300"}
    own |= {"AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "300"}
    return kept | own | {"HARMSWEEP_NO_SETUP": "1", "PYTHONPATH": str(ROOT / "lib")}


def cut(landing: Path) -> Path:
    """Every third post of two days of the sample, with all else that it has."""
    shutil.copytree(POSTS, landing)
    with (POSTS / "posts.jsonl").open(encoding="utf-8", errors="surrogateescape") as lines:
        kept = [line for line in lines if any(f'"recorded_at": "{day}' in line for day in DAYS)]
    text = "".join(kept[::3])
    (landing / "posts.jsonl").write_text(text, encoding="utf-8", errors="surrogateescape")
    return landing


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether somebody listens on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0

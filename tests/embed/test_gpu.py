"""GPU scheduling, on a standalone worker whose discovery script stands in for a GPU."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

import pytest

from harmsweep import lake as lakes
from harmsweep.modalities import device
from harmsweep.paths import CONF, JOBS
from harmsweep.tables import POST_VECTORS

DAY = date(2026, 10, 1)
BIN = Path(sys.executable).parent
CLASSES = "org.apache.spark.deploy"
# A JVM that compiles little starts soonest.
JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xss4m"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(path: Path, text: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while text not in path.read_text(errors="replace"):
        assert time.monotonic() < deadline, f"no {text!r} in {path.name} within {seconds} s"
        time.sleep(0.2)


def fresh_environment() -> dict[str, str]:
    """The environment as before a session of another test set its quiet log configuration."""
    kept = {name: value for name, value in os.environ.items() if name != "SPARK_SUBMIT_OPTS"}
    return kept | {"PYSPARK_PYTHON": sys.executable}


@contextmanager
def daemon(log: Path, *command: str) -> Iterator[None]:
    """A process of our own, until the block ends; its output is in `log`."""
    mine = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_JAVA_OPTS": JAVA}
    environment = fresh_environment() | mine
    with log.open("w") as out:
        process = subprocess.Popen(
            [str(BIN / "spark-class"), *command], stdout=out, stderr=out, env=environment
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """The master's address; its one worker has one GPU, or so its discovery script says."""
    discovery = tmp_path / "discovery"
    discovery.write_text('#!/bin/sh\necho \'{"name": "gpu", "addresses": ["0"]}\'\n')
    discovery.chmod(0o755)
    settings = tmp_path / "worker.conf"
    gpu = "spark.worker.resource.gpu"
    settings.write_text(f"{gpu}.amount 1\n{gpu}.discoveryScript {discovery}\n")
    port, web = str(free_port()), str(free_port())
    address = f"spark://127.0.0.1:{port}"
    log = tmp_path / "master.log"
    here = ("--host", "127.0.0.1", "--webui-port")
    size = ("--cores", "4", "--memory", "2g", "--work-dir", str(tmp_path / "work"))
    with ExitStack() as running:
        master = daemon(log, f"{CLASSES}.master.Master", *here, web, "--port", port)
        running.enter_context(master)
        wait_for(log, "New state: ALIVE")
        conf = ("--properties-file", str(settings))
        worker = (f"{CLASSES}.worker.Worker", *here, "0", *size, *conf, address)
        running.enter_context(daemon(tmp_path / "worker.log", *worker))
        wait_for(log, "Registering worker")
        yield address


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.torch
def test_the_job_computes_on_the_device_that_spark_gives_it(
    cluster: str, fill: Callable[..., None], lake: Path, tmp_path: Path
) -> None:
    fill(DAY, {"p1": "the lake"})
    small = {
        "spark.executor.memory": "1g",
        "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2",
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.driver.extraJavaOptions": JAVA,
        "spark.executor.extraJavaOptions": JAVA,
    }
    command = [BIN / "spark-submit", "--master", cluster]
    command += ["--properties-file", CONF / "spark" / "gpu.conf"]
    command += [part for pair in small.items() for part in ("--conf", "=".join(pair))]
    command += [JOBS / "embed.py", "--lake", lake, "--day", str(DAY), "--media", tmp_path]
    run = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
        env=fresh_environment() | {"PYSPARK_DRIVER_PYTHON": sys.executable},
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert "posts 1, post_vectors 1" in run.stdout
    assert [r["status"] for r in lakes.rows(POST_VECTORS, lake, day=DAY).to_pylist()] == ["ok"]
    logs = "".join(p.read_text() for p in (tmp_path / "work").glob("app-*/*/stderr"))
    assert "gpu resource 0 present, CUDA absent: computing on the cpu" in logs


class Task:
    """What `TaskContext.get()` gives in a task that was given the GPU at address 3."""

    @staticmethod
    def get() -> "Task":
        return Task()

    @staticmethod
    def resources() -> dict[str, "Task"]:
        return {"gpu": Task()}

    addresses = ("3",)


@pytest.mark.parametrize(("cuda", "name"), [(True, "cuda:3"), (False, "cpu")])
def test_the_address_names_the_device_where_cuda_is(
    monkeypatch: pytest.MonkeyPatch, cuda: bool, name: str
) -> None:
    monkeypatch.setattr(device, "TaskContext", Task)
    monkeypatch.setattr(device, "_cuda_is_available", lambda: cuda)
    chosen = device.choose_device()
    assert (chosen.name, chosen.wasted) == (name, not cuda)
    assert "gpu resource 3" in chosen.reason


def test_the_discovery_script_lists_the_gpus(tmp_path: Path) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\nprintf '0\\n1\\n'\n")
    tool.chmod(0o755)
    found = subprocess.run(
        [CONF / "spark" / "gpu-discovery"],
        capture_output=True,
        check=True,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    assert json.loads(found.stdout) == {"name": "gpu", "addresses": ["0", "1"]}

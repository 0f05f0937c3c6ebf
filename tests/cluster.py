"""A standalone Spark cluster of real processes on this machine, and jobs submitted to it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harmsweep.lake.session import JAVA_OPTIONS, properties
from harmsweep.paths import CONF

BIN = Path(sys.executable).parent
CLASSES = "org.apache.spark.deploy"
# A JVM that compiles little starts soonest.
JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xss4m"
# What keeps an application small: local mode's settings, but for the master, on executors too.
SMALL = {n: v for n, v in properties(CONF / "spark" / "local.conf").items() if n != "spark.master"}
SMALL |= {"spark.executor.memory": "1g", "spark.executor.extraJavaOptions": JAVA}


@contextmanager
def standalone(
    folder: Path,
    *,
    workers: int,
    cores: int,
    memory: str,
    settings: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """A master and its workers, each of so many cores and so much memory; gives its address.

    Logs are in `folder`, the executors' own below `folder/work`.
    """
    conf = folder / "worker.conf"
    conf.write_text("".join(f"{name} {value}\n" for name, value in (settings or {}).items()))
    port, log = _free_port(), folder / "master.log"
    address = f"spark://127.0.0.1:{port}"
    here = ("--host", "127.0.0.1", "--webui-port")
    size = ("--cores", str(cores), "--memory", memory, "--work-dir", str(folder / "work"))
    with ExitStack() as running:
        web = str(_free_port())
        running.enter_context(_daemon(log, f"{CLASSES}.master.Master", *here, web, "--port", port))
        _wait_for(log, "New state: ALIVE")
        worker = (f"{CLASSES}.worker.Worker", *here, "0", *size, "--properties-file", str(conf))
        for number in range(workers):
            running.enter_context(_daemon(folder / f"worker{number}.log", *worker, address))
        _wait_for(log, "Registering worker", times=workers)
        yield address


def submit(
    master: str,
    program: Path,
    *arguments: object,
    conf: Mapping[str, str],
    properties: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """A Python program by spark-submit, with this process as its environment's Python."""
    command: list[object] = [BIN / "spark-submit", "--master", master]
    command += ["--properties-file", properties] if properties else []
    command += [part for pair in conf.items() for part in ("--conf", "=".join(pair))]
    mine = {"PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}
    mine |= {"SPARK_SUBMIT_OPTS": JAVA_OPTIONS}
    return subprocess.run(
        list(map(str, [*command, program, *arguments])),
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
        env=_fresh_environment() | mine | dict(environment or {}),
    )


@contextmanager
def _daemon(log: Path, *command: str) -> Iterator[None]:
    """A process of our own, until the block ends; its output is in `log`."""
    mine = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_JAVA_OPTS": JAVA}
    with log.open("w") as out:
        process = subprocess.Popen(
            [str(BIN / "spark-class"), *command],
            stdout=out,
            stderr=out,
            env=_fresh_environment() | mine,
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def _wait_for(path: Path, text: str, *, times: int = 1, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while path.read_text(errors="replace").count(text) < times:
        assert time.monotonic() < deadline, f"no {text!r} in {path.name} within {seconds} s"
        time.sleep(0.2)


def _fresh_environment() -> dict[str, str]:
    """The environment as before a session of another test set its quiet log configuration."""
    kept = {name: value for name, value in os.environ.items() if name != "SPARK_SUBMIT_OPTS"}
    return kept | {"PYSPARK_PYTHON": sys.executable}

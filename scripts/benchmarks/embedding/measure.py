"""Engines in processes of their own, one at a time, in interleaved rounds."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, NamedTuple

import psutil

from embedding.engines import OURS
from embedding.job import Round
from embedding.posts import Vectors, compared
from harmsweep.lake.delta import open_lake
from harmsweep.paths import ROOT
from harmsweep.tables.catalog import EMBEDDINGS

# A look at one large process takes 20 ms.
PSS_EVERY = 1.0
ANSWER_WITHIN = 3600.0
# One thread a process, everywhere: there are as many processes as cores. No traffic to anywhere.
ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    **dict.fromkeys(("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "DO_NOT_TRACK"), "1"),
    "TOKENIZERS_PARALLELISM": "false",
    "RAY_USAGE_STATS_ENABLED": "0",
    "DAFT_PROGRESS_BAR": "0",
    # Empty is off: what a first start compiles is there for the next.
    "PYTHONDONTWRITEBYTECODE": "",
}
# Spark itself and Delta's JARs are those of the platform; only Python is of this environment.
SPARK = ROOT / ".venv" / "lib" / "python3.11" / "site-packages" / "pyspark"


class EngineFailed(RuntimeError):
    """An engine's process ended or gave no answer; the message names its log."""


class Setting(NamedTuple):
    """What is the same for every engine of a run."""

    texts: Path
    size: int  # how many posts
    cpus: Sequence[int]
    warm_runs: int
    folder: Path
    expected: dict[str, Vectors]


def measure(name: str, turn: int, setting: Setting) -> Round:
    """One engine's cold run and its warm ones.

    Raises:
        EngineFailed: the engine's process ended early or was silent for too long.
    """
    folder = setting.folder / f"{turn}-{name}"
    scratch, log = folder / "scratch", setting.folder / f"{turn}-{name}.log"
    scratch.mkdir(parents=True)
    lake = folder / "lake"
    # As on any day but the first: the tables are there.
    if name == OURS:
        open_lake(lake)
    with log.open("w") as output:
        started = time.time()
        child, answers = _start(name, setting, scratch, lake, output)
        peak = Peak(child.pid)
        try:
            cold = _answer(child, answers, log)["at"] - started
            pss = peak.stop()
            used, warm = [java_seconds(child.pid)], []
            for _ in range(setting.warm_runs):
                warm.append(_ask(child, answers, log))
                used.append(java_seconds(child.pid))
            _tell(child, "stop")
            with suppress(subprocess.TimeoutExpired):
                child.wait(30)
        finally:
            peak.stop()
            _end(child, peak.family)
    rows, cosine = compared(lake / EMBEDDINGS.name if name == OURS else lake, setting.expected)
    shutil.rmtree(folder)
    rows = min([rows, *(int(run["rows"]) for run in warm)])
    seconds, startup = [r["seconds"] for r in warm], [r["startup"] for r in warm]
    java = [after - before for before, after in pairwise(used)]
    return Round(cold, seconds, startup, pss, rows, cosine, java)


def limit(cpus: Sequence[int]) -> dict[str, float]:
    """The rates of `limit.py`, in a process of its own."""
    command = [sys.executable, "-m", "embedding.limit", "--cpus", ",".join(map(str, cpus))]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


class Peak:
    """The largest sum of the proportional set sizes of a process and all that it started."""

    def __init__(self, pid: int) -> None:
        self.most = 0
        self.family: set[psutil.Process] = set()
        self._pid, self._done = pid, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """The peak until now, in bytes; nothing is watched from here on."""
        if not self._done.is_set():
            self._done.set()
            self._thread.join()
            self._look()
        return self.most

    def _watch(self) -> None:
        while not self._done.wait(PSS_EVERY):
            self._look()

    def _look(self) -> None:
        with suppress(psutil.Error):  # one that ended in between
            root = psutil.Process(self._pid)
            family = [root, *root.children(recursive=True)]
            self.family.update(family)
            self.most = max(self.most, sum(map(pss, family)))


def java_seconds(pid: int) -> float:
    """Processor seconds so far of the Java processes that a process started."""
    found = 0.0
    for process in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.Error):  # one that ended in between
            if process.name() == "java":
                times = process.cpu_times()
                found += times.user + times.system
    return found


def pss(process: psutil.Process) -> int:
    """Bytes of a process, of pages that it shares its part; 0 of one that ended."""
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def _start(
    name: str, setting: Setting, scratch: Path, lake: Path, log: IO[str]
) -> tuple[subprocess.Popen[str], IO[str]]:
    job = {"texts": str(setting.texts), "size": setting.size, "scratch": str(scratch)}
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "embedding.child", name, "--table", str(lake)]
    command += ["--job", json.dumps(job | {"cores": len(setting.cpus)})]
    command += ["--cpus", ",".join(map(str, setting.cpus)), "--answers", str(writing)]
    child = subprocess.Popen(
        command,
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        pass_fds=[writing],
        start_new_session=True,
        text=True,
    )
    os.close(writing)
    return child, os.fdopen(reading, encoding="utf-8")


def _environment() -> dict[str, str]:
    path = [str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
    added = {"PYTHONPATH": os.pathsep.join(filter(None, path)), "SPARK_HOME": str(SPARK)}
    return {**os.environ, **ENVIRONMENT, **added}


def _ask(child: subprocess.Popen[str], answers: IO[str], log: Path) -> dict[str, float]:
    _tell(child, "warm")
    return _answer(child, answers, log)


def _tell(child: subprocess.Popen[str], word: str) -> None:
    assert child.stdin is not None
    with suppress(BrokenPipeError):
        print(word, file=child.stdin, flush=True)


def _answer(child: subprocess.Popen[str], answers: IO[str], log: Path) -> dict[str, Any]:
    """The child's next line; it is ended where it gives none in time."""
    timer = threading.Timer(ANSWER_WITHIN, child.kill)
    timer.daemon = True
    timer.start()
    try:
        line = answers.readline()
    finally:
        timer.cancel()
    if not line:
        last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        raise EngineFailed(f"no answer; {last[0]} (more in {log})")
    found: dict[str, Any] = json.loads(line)
    return found


def _end(child: subprocess.Popen[str], family: Collection[psutil.Process]) -> None:
    """End the process and all that it was seen to have started."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    for process in family:
        with suppress(psutil.Error):  # psutil ends no other process of the same number
            process.kill()

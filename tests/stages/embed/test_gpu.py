"""GPU scheduling, on a standalone worker whose discovery script stands in for a GPU."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from cluster import SMALL, standalone, submit

from harmsweep.encoders import device
from harmsweep.lake import delta
from harmsweep.paths import CONF, JOBS
from harmsweep.tables.catalog import POST_VECTORS

DAY = date(2026, 10, 1)


@pytest.fixture
def master(tmp_path: Path) -> Iterator[str]:
    """The master's address; its one worker has one GPU, or so its discovery script says."""
    discovery = tmp_path / "discovery"
    discovery.write_text('#!/bin/sh\necho \'{"name": "gpu", "addresses": ["0"]}\'\n')
    discovery.chmod(0o755)
    gpu = "spark.worker.resource.gpu"
    settings = {f"{gpu}.amount": "1", f"{gpu}.discoveryScript": str(discovery)}
    with standalone(tmp_path, workers=1, cores=4, memory="2g", settings=settings) as address:
        yield address


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.torch
def test_the_job_computes_on_the_device_that_spark_gives_it(
    master: str, fill: Callable[..., None], lake: Path, tmp_path: Path
) -> None:
    fill(DAY, {"p1": "the lake"})
    run = submit(
        master,
        JOBS / "embed.py",
        *("--lake", lake, "--day", DAY, "--media", tmp_path),
        conf=SMALL,
        properties=CONF / "spark" / "gpu.conf",
        environment={"HARMSWEEP_RUN_ID": "by-hand-7"},
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert "posts 1, post_vectors 1" in run.stdout
    assert [r["status"] for r in delta.rows(POST_VECTORS, lake, day=DAY).to_pylist()] == ["ok"]
    logs = [p.read_text().splitlines() for p in (tmp_path / "work").glob("app-*/*/stderr")]
    (said,) = [line for log in logs for line in log if "gpu resource 0 present" in line]
    event = json.loads(said)
    assert event["event"].endswith("CUDA absent: computing on the cpu")
    # Executors know which run they work for.
    assert (event["stage"], event["run_id"]) == ("embed", "by-hand-7")


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

"""Every figure of docs/scale.md is one that scripts/benchmarks/cost.py prints."""

import subprocess
import sys
from pathlib import Path

from harmsweep.lake.session import properties
from harmsweep.paths import CONF, ROOT


def test_the_tables_are_what_the_command_prints() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "benchmarks" / "cost.py")]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    told = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    assert [line for line in printed.splitlines() if line not in told.splitlines()] == []


def test_kubernetes_settings_fit_the_executors_of_the_other_files() -> None:
    def settings(name: str) -> dict[str, str]:
        return properties(Path(CONF) / "spark" / name)

    pods, cpu = settings("kubernetes.conf"), settings("cpu.conf")
    assert pods["spark.kubernetes.executor.request.cores"] == cpu["spark.executor.cores"]
    assert not pods.keys() & cpu.keys()
    assert all(name.startswith("spark.") for name in pods)

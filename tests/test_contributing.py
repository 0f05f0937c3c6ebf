"""The first exercise of CONTRIBUTING, done by its steps alone, leaves every quick check green."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harmsweep.paths import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.nightly]
HARM = """\
  scam:
    description: Offers that take money by deceit.
    policy: Do not deceive people to take their money.
    examples:
      - A post that promises to double what one sends.
"""
RULE = """\
  scam:
    - surface: all
      jurisdiction: all
      ladder:
        - {action: review, threshold: 0.5}
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what Git knows of, with this checkout's environments."""
    folder = tmp_path / "harmsweep"
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    for name in (".venv", ".venv-trainer", ".venv-airflow", ".cache", ".jars"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def insert(path: Path, text: str, before: str) -> None:
    content = path.read_text(encoding="utf-8")
    assert content.count(before) == 1
    path.write_text(content.replace(before, text + before), encoding="utf-8")


@pytest.mark.timeout(3600)
def test_a_harm_is_added_by_the_steps_alone(checkout: Path) -> None:
    insert(checkout / "conf" / "harms.yaml", HARM, before="  spam:\n")
    insert(checkout / "conf" / "policy" / "demonstration.yaml", RULE, before="  propaganda:\n")
    marks = re.search(r'^QUICK="(.*)"$', (ROOT / "scripts" / "test").read_text(), re.MULTILINE)
    assert marks
    command = [".venv/bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    command += ["-m", marks[1]]
    own = os.environ | {"PYTHONPATH": str(checkout / "lib")}
    done = subprocess.run(
        command, cwd=checkout, env=own, capture_output=True, text=True, check=False
    )
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    assert (done.returncode, failed) == (0, []), done.stdout[-3000:]

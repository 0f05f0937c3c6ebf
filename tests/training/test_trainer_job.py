"""The trainer's jobs end alike: a refusal with 3, wrong use with 2, each in one line."""

import os
import subprocess
from pathlib import Path

import pytest

from harmsweep.model.snapshot import FACTS, SnapshotRefused, find_snapshot
from harmsweep.paths import JOBS

JOB_OPTIONS = {
    "train": ("--models", "--tracking"),
    "ablate": ("--out",),
    "compare": ("--out",),
    "learning": ("--out",),
    "search": ("--tracking",),
}


def run_job(trainer: Path, job: str, *options: object) -> subprocess.CompletedProcess[str]:
    command = [str(trainer), str(JOBS / f"{job}.py"), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize("job", JOB_OPTIONS)
def test_a_folder_without_a_snapshot_is_refused(trainer: Path, tmp_path: Path, job: str) -> None:
    folders = [part for name in JOB_OPTIONS[job] for part in (name, tmp_path / "new")]
    done = run_job(trainer, job, "--snapshot", tmp_path, *folders)
    assert done.returncode == 3 and not done.stdout
    assert done.stderr == f"{job}.py: SnapshotRefused: {tmp_path}: no snapshot is in it\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.torch
def test_a_missing_option_is_wrong_use(trainer: Path) -> None:
    done = run_job(trainer, "ablate", "--snapshot", "somewhere")
    assert done.returncode == 2 and "required: --out" in done.stderr


def test_the_newest_of_several_snapshots_is_taken(tmp_path: Path) -> None:
    for place, name in enumerate(("newer", "older")):
        (tmp_path / name).mkdir()
        (tmp_path / name / FACTS).touch()
        os.utime(tmp_path / name / FACTS, (100 - place, 100 - place))
    assert find_snapshot(tmp_path).name == "newer"
    assert find_snapshot(tmp_path / "older").name == "older"


def test_a_folder_that_holds_no_snapshot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SnapshotRefused, match="no snapshot is in it"):
        find_snapshot(tmp_path)

"""The search: resumable, repeatable, within its budget, and blind to the test part."""

import json
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from harmsweep.model.snapshot import FACTS, Snapshot, file_hashes
from harmsweep.paths import JOBS

pytestmark = [pytest.mark.slow, pytest.mark.torch, pytest.mark.nightly]
SPACE = {
    "sampler": "tpe", "seed": 7, "startup_trials": 2, "warmup_epochs": 1,
    "space": {
        "c": {"low": 0.1, "high": 10.0, "log": True}, "hidden": {"values": [4, 8]},
        "loss": {"values": ["cross_entropy", "focal"]}, "left_out": {"values": ["none", "image"]},
    },
}  # fmt: skip


@pytest.fixture
def space(tmp_path: Path) -> Path:
    path = tmp_path / "search.yaml"
    path.write_text(yaml.safe_dump(SPACE))
    return path


def searched(trainer: Path, tracking: Path, *options: str | Path) -> dict[str, Any]:
    command = [trainer, JOBS / "search.py", "--tracking", tracking, *options]
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, timeout=500
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_search_that_was_cut_off_ends_as_one_that_was_not(
    trainer: Path, tiny_snapshot: Path, small_config: Path, space: Path, tmp_path: Path
) -> None:
    """And the test part has no say: it is another one in the second search."""
    other = shutil.copytree(tiny_snapshot, tmp_path / "other" / tiny_snapshot.name)
    for path in (other / "test").glob("*.parquet"):
        shutil.copy(other / "train" / path.name, path)
    facts = Snapshot.model_validate_json((other / FACTS).read_bytes())
    changed = facts.model_copy(update={"files": file_hashes(other)})
    (other / FACTS).write_text(changed.model_dump_json())

    given = ("--config", small_config, "--space", space)
    whole = searched(
        trainer, tmp_path / "whole", "--snapshot", tiny_snapshot, "--trials", "4", *given
    )
    for trials in ("1", "4"):
        cut = searched(trainer, tmp_path / "cut", "--snapshot", other, "--trials", trials, *given)
    assert cut == whole
    assert whole["trials"] == 4 and whole["validation_loss"] <= whole["first_loss"]
    assert set(whole["fit"]) == {"c", "hidden", "loss"} and whole["left_out"] in {"none", "image"}
    assert type(whole["fit"]["hidden"]) is int

    with sqlite3.connect(tmp_path / "whole" / "mlflow.db") as tracked:
        names = [name for (name,) in tracked.execute("SELECT name FROM runs ORDER BY start_time")]
    assert names == [whole["study"], *(f"trial {n}" for n in range(4))]


def test_a_spent_budget_tries_nothing(
    trainer: Path, tiny_snapshot: Path, small_config: Path, space: Path, tmp_path: Path
) -> None:
    given = ("--snapshot", tiny_snapshot, "--config", small_config, "--space", space)
    found = searched(trainer, tmp_path / "none", "--minutes", "0", *given)
    assert (found["trials"], found["fit"], found["validation_loss"]) == (0, {}, None)

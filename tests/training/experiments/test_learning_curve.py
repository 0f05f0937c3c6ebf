"""Training on other rows: which rows, and that all of them give the model itself."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from harmsweep.model.snapshot import FACTS, Snapshot, file_hashes
from harmsweep.paths import JOBS
from harmsweep.training.experiments.learning_curve import few_groups, holding_out, only_groups
from harmsweep.training.experiments.other_rows import arrange

pytestmark = pytest.mark.torch

MODEL = """
import sys
from pathlib import Path
from harmsweep.training.train import train
snapshot, config, models = map(Path, sys.argv[1:])
print(train(snapshot, models=models, tracking=models / "tracking", config=config))
"""


def ids(folder: Path, part: str) -> set[str]:
    tables = (pq.read_table(path) for path in (folder / part).glob("*.parquet"))
    return {name for table in tables for name in table.column("post_id").to_pylist()}


@pytest.fixture(scope="module")
def with_events(tiny_snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny snapshot with a dataset of three groups, one in each of three parts."""
    folder = tmp_path_factory.mktemp("events") / tiny_snapshot.name
    shutil.copytree(tiny_snapshot, folder)
    for part in ("train", "validation", "test"):
        for path in sorted((folder / part).glob("*.parquet")):
            table = pq.read_table(path)
            groups = np.asarray(table.column("split_group").to_numpy(), dtype=str)
            names = np.where(groups == f"{part}-group-0", "events", "sms")
            place = table.column_names.index("dataset")
            pq.write_table(table.set_column(place, "dataset", [names]), path)
    facts = Snapshot.model_validate_json((folder / FACTS).read_bytes())
    changed = facts.model_copy(update={"files": file_hashes(folder)})
    (folder / FACTS).write_text(changed.model_dump_json())
    return folder


def test_a_share_takes_groups_from_training_alone(tiny_snapshot: Path, tmp_path: Path) -> None:
    kept = np.array(["train-group-3", "train-group-9", "test-group-1"])
    arrange(tiny_snapshot, only_groups(kept), tmp_path)
    assert ids(tmp_path, "train") == {"train-6", "train-7", "train-18", "train-19"}
    for part in ("validation", "certify", "test"):
        assert ids(tmp_path, part) == ids(tiny_snapshot, part)


def test_a_group_is_held_out_and_the_others_of_its_dataset_are_trained_on(
    with_events: Path, tmp_path: Path
) -> None:
    few = few_groups(with_events, 100)
    assert few == {"events": ["test-group-0", "train-group-0", "validation-group-0"]}
    arrange(with_events, holding_out(["train-group-0"], ["events"]), tmp_path)
    assert ids(tmp_path, "test") == {"train-0", "train-1"}
    moved = {"test-0", "test-1", "validation-0", "validation-1"}
    assert ids(tmp_path, "train") == ids(with_events, "train") - {"train-0", "train-1"} | moved
    assert ids(tmp_path, "validation") == ids(with_events, "validation") - moved
    assert not ids(tmp_path, "certify")


def run(*command: object) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.nightly
@pytest.mark.slow
def test_more_groups_teach_more_and_all_of_them_give_the_model(
    trainer: Path, with_events: Path, small_config: Path, tmp_path: Path
) -> None:
    options = ("--snapshot", with_events, "--config", small_config, "--out", tmp_path)
    printed = json.loads(run(trainer, JOBS / "learning.py", *options, "--seeds", 1))
    found: dict[str, Any] = json.loads(Path(printed["learning"]).read_text())
    shares = {row["share"]: row for row in found["shares"] if row["harm"] == "spam"}
    assert [row["groups"] for row in shares.values()] == [20, 40, 80]
    assert shares[0.25]["auroc"] < shares[1.0]["auroc"]
    assert shares[1.0]["low"] < shares[1.0]["auroc"] < shares[1.0]["high"]
    manifest = run(trainer, "-W", "ignore", "-c", MODEL, with_events, small_config, tmp_path)
    evaluation = json.loads(Path(manifest.strip()).with_name("evaluation.json").read_text())
    whole = {(row["harm"], row["dataset"]): row for row in evaluation["records"]}
    assert whole["spam", "all"]["auroc"] == shares[1.0]["auroc"]
    [left_out] = found["leave_one_group_out"]
    assert (left_out["dataset"], left_out["baseline"]) == ("events", "network")
    # Two posts of each group, one of them labelled.
    assert (left_out["groups"], left_out["n"]) == (3, 3)

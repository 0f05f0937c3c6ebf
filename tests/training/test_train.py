"""Training in its own environment: equal bits, a manifest that loads, nothing personal tracked."""

import json
import sqlite3
import subprocess
from pathlib import Path

import pytest

from harmsweep.model.manifest import group_hash, load_manifest
from harmsweep.model.snapshot import FACTS
from harmsweep.paths import JOBS

pytestmark = [pytest.mark.slow, pytest.mark.torch]


def run_job(
    trainer: Path, snapshot: Path, out: Path, config: Path
) -> subprocess.CompletedProcess[str]:
    command = [str(trainer), str(JOBS / "train.py"), "--snapshot", str(snapshot)]
    command += ["--models", str(out / "models"), "--tracking", str(out / "tracking")]
    command += ["--config", str(config)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def models(
    trainer: Path, tiny_snapshot: Path, small_config: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[Path]:
    """The manifests of two trainings on the same snapshot."""
    found = []
    for name in ("first", "second"):
        out = tmp_path_factory.mktemp(name)
        done = run_job(trainer, tiny_snapshot, out, small_config)
        assert done.returncode == 0, done.stderr[-2000:]
        (out / "log").write_text(done.stderr, encoding="utf-8")
        found.append(Path(json.loads(done.stdout)["manifest"]))
    return found


def test_the_same_snapshot_and_seed_give_the_same_bytes(models: list[Path]) -> None:
    for name in ("model.safetensors", "evaluation.json", "manifest.json"):
        first, second = (path.with_name(name).read_bytes() for path in models)
        assert first == second


def test_each_epoch_is_a_line_of_the_log_with_its_losses(models: list[Path]) -> None:
    lines = (models[0].parents[2] / "log").read_text(encoding="utf-8").splitlines()
    epochs = [event for event in map(json.loads, lines) if event["event"] == "epoch"]
    assert [event["epoch"] for event in epochs] == list(range(1, len(epochs) + 1))
    assert epochs[0]["loss"] > epochs[-1]["loss"] > 0 and epochs[0]["epochs"] >= len(epochs)


def test_the_manifest_loads_and_tells_what_was_trained(models: list[Path]) -> None:
    manifest = load_manifest(models[0])
    assert manifest.harms == ("spam",)
    assert manifest.heads[0].positives == 27 and manifest.heads[0].negatives == 53
    skipped = {count.harm: count for count in manifest.skipped}
    assert skipped["hate"].positives == 1 and "fewer than 10" in skipped["hate"].reason
    by_name = {feature.name: feature for feature in manifest.features}
    assert by_name["n_chars"].std != 1.0 and by_name["followers"].mean == 0.0
    assert models[0].parent.name == manifest.model_version


def test_the_groups_are_those_of_train_and_validation(models: list[Path]) -> None:
    groups = set(load_manifest(models[0]).groups)
    assert {group_hash("train-group-0"), group_hash("validation-group-0")} <= groups
    assert group_hash("test-group-0") not in groups and len(groups) == 100


def test_the_head_learned_and_stands_beside_its_baseline(models: list[Path]) -> None:
    evaluation = json.loads(models[0].with_name("evaluation.json").read_text())
    [overall, by_dataset] = evaluation["records"]
    assert overall["auroc"] > 0.8 and overall["n"] == 40 and overall["groups"] == 40
    assert overall["low"] < overall["auroc"] < overall["high"]
    # No row has a picture: nothing to compare with.
    assert overall["baseline_text_auroc"] > 0.8 and "baseline_image_auroc" not in overall
    assert abs(overall["baseline_media_text_auroc"] - 0.5) < 0.3
    assert by_dataset["dataset"] == "sms" and not overall["worse_than_baseline"]


def test_the_scores_of_the_model_are_those_of_the_platform(models: list[Path]) -> None:
    import numpy as np

    from harmsweep.model.network import load_heads, score_columns

    manifest, heads = load_heads(models[0])
    columns = {name: np.full(2, np.nan) for name in (f.name for f in manifest.features)}
    for source in manifest.inputs:
        vector = np.zeros((2, source.width), dtype=np.float32)
        vector[:, 0] = [-2, 4]
        columns[f"{source.name}_vector"] = vector
        columns[f"{source.name}_present"] = np.array([source.name == "text"] * 2)
    low, high = score_columns(manifest, heads, columns)[:, 0]
    assert 0 <= low < 0.3 and 0.7 < high <= 1


def test_mlflow_holds_the_run_and_no_ids(models: list[Path]) -> None:
    tracking = models[0].parents[2] / "tracking"
    with sqlite3.connect(tracking / "mlflow.db") as database:
        metrics = dict(database.execute("SELECT key, max(value) FROM metrics GROUP BY key"))
        parameters = dict(database.execute("SELECT key, value FROM params"))
    assert metrics["spam.auroc"] > 0.8 and "validation_loss" in metrics
    assert parameters["model_version"] == models[0].parent.name
    artifacts = [path for path in (tracking / "artifacts").rglob("*") if path.is_file()]
    assert {path.name for path in artifacts} == {"manifest.json", "evaluation.json"}
    assert not any(b"train-group-0" in path.read_bytes() for path in artifacts)
    assert b"train-group-0" not in (tracking / "mlflow.db").read_bytes()


def test_a_changed_snapshot_is_refused_in_one_line(
    trainer: Path, tiny_snapshot: Path, small_config: Path, tmp_path: Path
) -> None:
    import shutil

    copy = tmp_path / tiny_snapshot.name
    shutil.copytree(tiny_snapshot, copy)
    (copy / "train" / "part-00000.parquet").write_bytes(b"")
    done = run_job(trainer, copy, tmp_path, small_config)
    assert done.returncode == 3 and (copy / FACTS).exists()
    assert done.stderr.splitlines()[-1].startswith("train.py: SnapshotRefused: ")
    assert "train/part-00000.parquet" in done.stderr


def test_shards_are_disjoint_and_together_the_whole(trainer: Path, tiny_snapshot: Path) -> None:
    script = """
import json, sys
from pathlib import Path
from harmsweep.training.data import batches
part = Path(sys.argv[1]) / "train"
read = lambda **o: [v for b in batches(part, ["n_chars", "text_present"], batch=16, **o)
                    for v in b["n_chars"].tolist()]
shuffled = [read(seed=s, shuffle_rows=64) for s in (1, 1, 2)]
print(json.dumps([read(), read(shard=(0, 2)), read(shard=(1, 2)), shuffled]))
"""
    done = subprocess.run(
        [str(trainer), "-W", "ignore", "-c", "import torch; torch.manual_seed(0)" + script,
         str(tiny_snapshot)],
        capture_output=True, text=True, check=True, timeout=200,
    )  # fmt: skip
    whole, first, second, shuffled = json.loads(done.stdout)
    assert sorted(first + second) == sorted(whole) and 0 < len(first) < len(whole)
    assert sorted(shuffled[0]) == sorted(whole) and shuffled[0] != whole

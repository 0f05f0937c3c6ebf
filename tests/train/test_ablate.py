"""The ablation's job: made once, the model itself among its networks, proposals that hold."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harmsweep.paths import JOBS

pytestmark = [pytest.mark.slow, pytest.mark.torch]


def run(trainer: Path, job: str, *options: object) -> dict[str, Any]:
    command = [str(trainer), str(JOBS / job), *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def ablated(
    trainer: Path, tiny_snapshot: Path, small_config: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, Any]]:
    """What the job printed in two runs into one folder, and one into another."""
    folders = [tmp_path_factory.mktemp("ablations")] * 2 + [tmp_path_factory.mktemp("others")]
    shared = ("--snapshot", tiny_snapshot, "--config", small_config)
    return [run(trainer, "ablate.py", *shared, "--out", folder) for folder in folders]


def content(printed: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(printed["ablation"]).read_text())
    return found


def test_a_second_run_names_the_first_one_and_another_repeats_it(
    ablated: list[dict[str, Any]],
) -> None:
    first, second, other = (Path(printed["ablation"]) for printed in ablated)
    assert first == second and first.read_bytes() == other.read_bytes()
    assert list(first.parent.iterdir()) == [first] and first.name.startswith("s0123456789ab-")


def test_the_text_earns_its_place_and_absent_modalities_are_skipped(
    ablated: list[dict[str, Any]],
) -> None:
    found = content(ablated[0])
    assert found["modalities"] == ["text", "media_text", "numbers"]
    whole = found["records"][0]
    text, numbers = whole["modalities"]["text"], whole["modalities"]["numbers"]
    assert text["alone"] > 0.8 and text["without"] < 0.7 and text["adds_low"] > 0
    assert numbers["alone"] < 0.7 and abs(numbers["adds"]) < 0.1
    verdict = {row["modality"]: row["verdict"] for row in found["proposals"]}
    assert verdict["text"] == "on" and "text" not in found["switched_off"].get("spam", [])
    assert ablated[0]["switched_off"] == found["switched_off"]


def test_the_network_of_all_modalities_is_the_model_that_is_trained(
    ablated: list[dict[str, Any]],
    trainer: Path,
    tiny_snapshot: Path,
    small_config: Path,
    tmp_path: Path,
) -> None:
    options = ("--snapshot", tiny_snapshot, "--config", small_config, "--models", tmp_path)
    trained = run(trainer, "train.py", *options, "--tracking", tmp_path / "tracking")
    evaluation = json.loads(Path(trained["manifest"]).with_name("evaluation.json").read_text())
    whole = content(ablated[0])["records"][0]
    names = {"auroc": "auroc", "low": "auroc_low", "high": "auroc_high"}
    assert all(evaluation["records"][0][a] == whole[b] for a, b in names.items())

"""The ablation's job: made once, the model itself among its networks, proposals that hold."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from harmsweep.model.manifest import load_manifest
from harmsweep.paths import JOBS

pytestmark = [pytest.mark.slow, pytest.mark.torch, pytest.mark.nightly]


# Again into the same folder, once into another, the model, and one that does not see the text: one
# process, one start of torch.
AGAIN = """
import json, sys
from pathlib import Path
from harmsweep.training.experiments.ablation import ablate
from harmsweep.training.train import train
snapshot, config, blind, first, other = map(Path, sys.argv[1:])
found = [str(ablate(snapshot, out=out, config=config)) for out in (first, other)]
for made_by in (config, blind):
    found += [str(train(snapshot, models=other, tracking=other / "tracking", config=made_by))]
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Ablated:
    """What the job printed, the paths that two more calls gave, and two models' manifests."""

    printed: dict[str, Any]
    again: Path
    other: Path
    manifest: Path
    blind: Path

    @property
    def content(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(Path(self.printed["ablation"]).read_text())
        return found


def run(*command: object) -> Any:
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def ablated(
    trainer: Path, tiny_snapshot: Path, small_config: Path, tmp_path_factory: pytest.TempPathFactory
) -> Ablated:
    first, other = (tmp_path_factory.mktemp(name) for name in ("ablations", "others"))
    # spam is told by the text alone; hate has no head here, so its line has no effect.
    off = {"switched_off": {"spam": ["text"], "hate": ["image"]}}
    blind = other / "training.yaml"
    blind.write_text(yaml.safe_dump(yaml.safe_load(small_config.read_text()) | off))
    options = ("--snapshot", tiny_snapshot, "--config", small_config, "--out", first)
    printed = run(trainer, JOBS / "ablate.py", *options)
    python = (trainer, "-W", "ignore", "-c", AGAIN)
    paths = run(*python, tiny_snapshot, small_config, blind, first, other)
    return Ablated(printed, *map(Path, paths))


def test_a_second_run_names_the_first_one_and_another_repeats_it(ablated: Ablated) -> None:
    first = Path(ablated.printed["ablation"])
    assert first == ablated.again and first.read_bytes() == ablated.other.read_bytes()
    assert list(first.parent.iterdir()) == [first] and first.name.startswith("s0123456789ab-")


def test_the_text_earns_its_place_and_absent_modalities_are_skipped(ablated: Ablated) -> None:
    found = ablated.content
    assert found["modalities"] == ["text", "media_text", "numbers"]
    whole = found["records"][0]
    text, numbers = whole["modalities"]["text"], whole["modalities"]["numbers"]
    assert text["alone"] > 0.8 and text["without"] < 0.7 and text["adds_low"] > 0
    assert numbers["alone"] < 0.7 and abs(numbers["adds"]) < 0.1
    verdict = {row["modality"]: row["verdict"] for row in found["proposals"]}
    assert verdict["text"] == "on" and "text" not in found["switched_off"].get("spam", [])
    assert ablated.printed["switched_off"] == found["switched_off"]


def test_the_network_of_all_modalities_is_the_model_that_is_trained(ablated: Ablated) -> None:
    evaluation = json.loads(ablated.manifest.with_name("evaluation.json").read_text())
    whole = ablated.content["records"][0]
    names = {"auroc": "auroc", "low": "auroc_low", "high": "auroc_high"}
    assert all(evaluation["records"][0][a] == whole[b] for a, b in names.items())


def test_a_head_is_blind_to_what_is_switched_off_for_it(ablated: Ablated) -> None:
    assert load_manifest(ablated.blind).switched_off == {"spam": ("text",)}
    evaluation = json.loads(ablated.blind.with_name("evaluation.json").read_text())
    assert evaluation["records"][0]["auroc"] < 0.7
    assert ablated.blind.parent.name != ablated.manifest.parent.name

"""What experiments share: a result is named by what it is made from, and computed once."""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from harmsweep.conf import ConfRefused  # noqa: E402
from harmsweep.model.conf import load_training  # noqa: E402
from harmsweep.model.snapshot import SnapshotRefused, load_snapshot  # noqa: E402
from harmsweep.paths import CONF  # noqa: E402
from harmsweep.training.experiments.experiment import Experiment, load_experiment, write_once  # noqa: E402

MADE_FROM = {"snapshot": "s0123456789ab", "config": "c", "code_version": "v"}


def test_a_result_is_computed_once_and_stands_beside_what_it_is_made_from(tmp_path: Path) -> None:
    path = write_once(tmp_path / "out", "ablation", MADE_FROM, lambda: {"auroc": float("nan")})
    assert path.name.startswith("s0123456789ab-") and path.name.endswith(".ablation.json")
    assert json.loads(path.read_text()) == MADE_FROM | {"auroc": None}
    before = path.read_bytes()
    assert write_once(tmp_path / "out", "ablation", MADE_FROM, pytest.fail) == path
    assert path.read_bytes() == before and [*path.parent.iterdir()] == [path]


def test_other_code_gives_another_file(tmp_path: Path) -> None:
    paths = {
        write_once(tmp_path, "ablation", MADE_FROM | {"code_version": version}, dict)
        for version in ("v", "w")
    }
    assert len(paths) == 2


def test_what_is_ignored_of_a_configuration_makes_no_other_result(tiny_snapshot: Path) -> None:
    options, facts = load_training(), load_snapshot(tiny_snapshot)
    changed = options.model_copy(update={"switched_off": {"spam": ("text",)}})
    first, second = (Experiment(tiny_snapshot, facts, config) for config in (options, changed))
    assert first.made_from() != second.made_from()
    ignored = {"switched_off"}
    assert first.made_from(ignored=ignored) == second.made_from(ignored=ignored)


def test_seeds_are_the_configurations_and_those_after_it(tiny_snapshot: Path) -> None:
    experiment = load_experiment(tiny_snapshot, CONF / "training.yaml")
    seed = experiment.options.fit.seed
    assert experiment.seeds(3) == [seed, seed + 1, seed + 2]


def test_what_is_no_snapshot_or_no_configuration_is_refused(
    tiny_snapshot: Path, tmp_path: Path
) -> None:
    with pytest.raises(SnapshotRefused):
        load_experiment(tmp_path, CONF / "training.yaml")
    wrong = tmp_path / "training.yaml"
    wrong.write_text("{}")
    with pytest.raises(ConfRefused, match="split: is required"):
        load_experiment(tiny_snapshot, wrong)

"""A model's code version covers all that a training runs through."""

import json
import subprocess
from pathlib import Path

import pytest

from harmsweep.training.code_version import EXPERIMENTS, LIB, code_version, source_files

# They name files, say things and end a process: no number of a model comes of them.
DECIDE_NOTHING = {"errors.py", "files.py", "logs.py", "names.py", "paths.py", "plurals.py"}
LOADED = """
import json, sys
import {module}
files = [sys.modules[name].__file__ for name in sys.modules if name.startswith("harmsweep")]
print(json.dumps(files))
"""


def loaded(trainer: Path, module: str) -> set[str]:
    """The sources of harmsweep that the trainer's Python loads with a module."""
    script = LOADED.format(module=module)
    done = subprocess.run(
        [str(trainer), "-W", "ignore", "-c", script], capture_output=True, check=True, timeout=120
    )
    paths = {Path(file).relative_to(LIB) for file in json.loads(done.stdout)}
    return {path.as_posix() for path in paths if path.name != "__init__.py"}


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize("module", ["train", *(f"experiments.{m}" for m in (
    "ablation", "comparison", "learning_curve", "search"))])  # fmt: skip
def test_every_module_that_a_training_loads_is_covered(trainer: Path, module: str) -> None:
    covered = {*source_files(EXPERIMENTS)} if module != "train" else {*source_files()}
    assert loaded(trainer, f"harmsweep.training.{module}") - covered <= DECIDE_NOTHING


def test_no_other_encoder_no_experiment_and_no_pretraining_makes_another_model() -> None:
    files = source_files()
    assert [name for name in files if name.startswith("encoders/")] == ["encoders/stored.py"]
    assert not [name for name in files if name.startswith(("training/exp", "training/videomoco"))]
    assert {"training/fit.py", "model/network.py", "harms.py"} <= {*files}


def test_a_result_of_an_experiment_hangs_on_the_experiments_code_too() -> None:
    assert code_version() == code_version() != code_version(EXPERIMENTS)
    assert "training/experiments/ablation.py" in source_files(EXPERIMENTS)

"""What conf/search.yaml may ask for: options of the fit, as ranges or as values."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from harmsweep.conf import ConfRefused
from harmsweep.training.experiments.conf import load_search

SPACE = {
    "sampler": "tpe", "seed": 7, "startup_trials": 2, "warmup_epochs": 1,
    "space": {"c": {"low": 0.1, "high": 10.0, "log": True}, "hidden": {"values": [4, 8]}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"space": {"colour": {"values": [1]}}}, "space.colour: fit has no ['colour']"),
        ({"space": {"c": {"low": 1.0}}}, "space.c: needs low and high, or values"),
        ({"sampler": "grid"}, "space.c: a grid needs values"),
    ],
    ids=str,
)
def test_a_space_that_is_none_is_refused(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    path = tmp_path / "search.yaml"
    path.write_text(yaml.safe_dump(SPACE))
    assert load_search(path).space.keys() == {"c", "hidden"}
    path.write_text(yaml.safe_dump(SPACE | change))
    with pytest.raises(ConfRefused, match=rf"search\.yaml:\d+: {re.escape(reason)}"):
        load_search(path)

"""conf/training.yaml and what may not stand in it."""

from pathlib import Path

import pytest
import yaml

from harmsweep.conf import ConfRefused
from harmsweep.model.conf import load_training
from harmsweep.model.inputs import NUMBERS
from harmsweep.paths import CONF


def test_the_features_in_conf_are_columns_of_post_features() -> None:
    assert set(load_training().features) <= set(NUMBERS)


def test_reports_on_the_post_are_no_number_of_a_snapshot() -> None:
    assert "reports" not in NUMBERS


@pytest.mark.parametrize("name", ["reports", "age", "gender"])
def test_a_forbidden_feature_is_refused_by_name(tmp_path: Path, name: str) -> None:
    content = yaml.safe_load((CONF / "training.yaml").read_text())
    content["features"][name] = "none"
    path = tmp_path / "training.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfRefused, match=rf"training\.yaml.*{name}"):
        load_training(path)


def test_shares_that_do_not_sum_to_one_are_refused(tmp_path: Path) -> None:
    content = yaml.safe_load((CONF / "training.yaml").read_text())
    content["split"]["test"] = 0.5
    path = tmp_path / "training.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfRefused, match=r"split: .*sum to 1"):
        load_training(path)


def test_the_likeness_of_caption_and_image_needs_both_as_inputs(tmp_path: Path) -> None:
    content = yaml.safe_load((CONF / "training.yaml").read_text())
    content["features"]["text_image_similarity"] = "none"
    path = tmp_path / "training.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfRefused, match="needs inputs caption and image"):
        load_training(path)


@pytest.mark.parametrize(
    ("off", "reason"),
    [
        ({"hate": ["sound"]}, r"hate: \['sound'\] is none of"),
        ({"rudeness": ["image"]}, "no harm.*rudeness"),
        ({"hate": ["raw_text"]}, "raw_text"),  # it goes with text
        ({"hate": ["text", "media_text", "description", "image", "numbers"]}, "one modality"),
    ],
)
def test_what_cannot_be_switched_off_is_refused_by_name(
    tmp_path: Path, off: dict[str, list[str]], reason: str
) -> None:
    content = yaml.safe_load((CONF / "training.yaml").read_text())
    content |= {"inputs": ["text", "raw_text", "media_text", "description", "image"]}
    path = tmp_path / "training.yaml"
    path.write_text(yaml.safe_dump(content | {"switched_off": off}))
    with pytest.raises(ConfRefused, match=reason):
        load_training(path)
    path.write_text(yaml.safe_dump(content | {"switched_off": {"hate": ["image"]}}))
    assert load_training(path).switched_off == {"hate": ("image",)}

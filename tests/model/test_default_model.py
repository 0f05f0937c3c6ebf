"""The model that ships fits the platform that it ships with."""

from pathlib import Path

from harmsweep.encoders.conf import load_encoders
from harmsweep.harms import HARMS
from harmsweep.model.manifest import check_encoders, check_harms, load_manifest
from harmsweep.paths import CONF, DEFAULT_MODEL
from harmsweep.release.conf import load_release


def test_its_files_are_those_of_its_manifest_and_fit_conf() -> None:
    manifest = load_manifest(DEFAULT_MODEL)
    check_encoders(manifest, {name: e.encoder_id for name, e in load_encoders().items()})
    check_harms(manifest, HARMS)


def test_it_is_small_and_its_folder_holds_nothing_else() -> None:
    names = {path.name: path.stat().st_size for path in DEFAULT_MODEL.parent.iterdir()}
    assert names.keys() == {"manifest.json", "model.safetensors", "evaluation.json", "card.md"}
    assert names["model.safetensors"] <= load_release().max_bytes


def test_its_card_is_of_this_version_and_says_that_it_passed_the_gates() -> None:
    card = (Path(CONF) / "model" / "card.md").read_text(encoding="utf-8")
    assert f"# Model card: {load_manifest(DEFAULT_MODEL).model_version}\n" in card
    assert "## Release gates" in card and "REFUSED" not in card

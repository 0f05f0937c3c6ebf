"""Encoders are named, pinned and refused before anything parses them."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from harmsweep.encoders import Encoder, EncoderRefused, load_encoders, verify


def encoder(folder: Path, **changes: object) -> Encoder:
    weights = folder / "model.safetensors"
    weights.write_bytes(bytes(range(256)) * 8)
    facts: dict[str, object] = {
        "name": "tiny",
        "modality": "image",
        "kind": "clip_vision",
        "path": str(folder),
        "files": {weights.name: hashlib.sha256(weights.read_bytes()).hexdigest()},
        "width": 8,
        "preprocessing": {"size": 32},
    }
    return Encoder.model_validate(facts | changes)


def test_every_input_has_an_encoder() -> None:
    found = load_encoders()
    assert set(found) == {"text", "description", "image"}
    assert found["text"].encoder_id == found["description"].encoder_id
    assert found["text"].encoder_id.startswith("minilm-l6-v2-53aa51172d14-")


def test_weights_preprocessing_and_precision_make_another_id(tmp_path: Path) -> None:
    base = encoder(tmp_path)
    others = [
        encoder(tmp_path, files={"model.safetensors": "0" * 64}),
        encoder(tmp_path, preprocessing={"size": 64}),
        encoder(tmp_path, precision="bf16"),
    ]
    assert len({e.encoder_id for e in (base, *others)}) == 4
    assert base.encoder_id == encoder(tmp_path).encoder_id


def test_the_place_of_the_files_is_no_part_of_the_id(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert encoder(elsewhere).encoder_id == encoder(tmp_path).encoder_id


@pytest.mark.parametrize("position", [0, 700, 2047])
def test_a_flipped_byte_is_refused_by_name(tmp_path: Path, position: int) -> None:
    pinned = encoder(tmp_path)
    weights = tmp_path / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[position] ^= 1
    weights.write_bytes(data)
    with pytest.raises(EncoderRefused) as refused:
        verify(pinned)
    found = hashlib.sha256(data).hexdigest()
    assert all(part in str(refused.value) for part in (str(weights), found, *pinned.files.values()))


def test_a_missing_file_and_a_missing_package_are_named(tmp_path: Path) -> None:
    pinned = encoder(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(EncoderRefused, match=r"model\.safetensors: missing"):
        verify(pinned)
    with pytest.raises(EncoderRefused, match="no_such_package is not installed"):
        verify(encoder(tmp_path, path="package:no_such_package/model"))


def test_unpinned_weights_and_unknown_fields_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"lacks model\.safetensors"):
        encoder(tmp_path, files={"config.json": "0" * 64})
    with pytest.raises(ValueError, match="colour"):
        encoder(tmp_path, colour="red")


def test_an_input_without_a_declared_encoder_is_refused(tmp_path: Path) -> None:
    conf = tmp_path / "encoders.yaml"
    conf.write_text("inputs: {text: a, description: a, image: a}\nencoders: {}\n")
    with pytest.raises(ValueError, match="inputs must be"):
        load_encoders(conf)


def test_the_driver_plans_without_torch() -> None:
    names = "harmsweep.encoders, harmsweep.media, harmsweep.modalities, harmsweep.embed"
    code = f"import sys, {names}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

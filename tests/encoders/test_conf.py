"""Encoders are named, pinned and refused before anything parses them."""

import hashlib
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from harmsweep.encoders.conf import INPUTS, OPTIONAL_INPUTS, Encoder, Source, load_encoders, verify
from harmsweep.files import FileRefused
from harmsweep.paths import ROOT


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
    assert set(INPUTS) <= set(found) <= {*INPUTS, *OPTIONAL_INPUTS}
    read = {name: found[name] for name in ("raw_text", "media_text", "description")}
    assert len({one.cache_id for one in read.values()}) == 1
    assert found["raw_text"].cache_id != found["raw_text"].encoder_id != found["text"].encoder_id
    assert found["description"].encoder_id.startswith("minilm-l6-v2-53aa51172d14-")


def test_weights_preprocessing_and_precision_make_another_id(tmp_path: Path) -> None:
    base = encoder(tmp_path)
    others = [
        encoder(tmp_path, files={"model.safetensors": "0" * 64}),
        encoder(tmp_path, preprocessing={"size": 64}),
        encoder(tmp_path, precision="bf16"),
    ]
    assert len({e.encoder_id for e in (base, *others)}) == 4
    assert base.encoder_id == encoder(tmp_path).encoder_id


def test_tuned_layers_make_another_id_and_only_texts_have_them(tmp_path: Path) -> None:
    layers = {"path": str(tmp_path / "model.safetensors"), "sha256": "0" * 64}
    with pytest.raises(ValueError, match="takes kind mean_pooling or mpnet_mean_pooling"):
        encoder(tmp_path, tuned=layers)
    plain = encoder(tmp_path, modality="text", kind="mean_pooling")
    tuned = encoder(tmp_path, modality="text", kind="mean_pooling", tuned=layers)
    assert plain.cache_id != tuned.cache_id
    with pytest.raises(FileRefused, match=r"expected SHA-256 0{64}"):
        verify(tuned)


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
    with pytest.raises(FileRefused) as refused:
        verify(pinned)
    found = hashlib.sha256(data).hexdigest()
    assert all(part in str(refused.value) for part in (str(weights), found, *pinned.files.values()))


def test_a_missing_file_and_a_missing_package_are_named(tmp_path: Path) -> None:
    pinned = encoder(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(FileRefused, match=r"model\.safetensors: missing"):
        verify(pinned)
    with pytest.raises(FileRefused, match="no_such_package is not installed"):
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


def converter() -> ModuleType:
    """scripts/convert_encoders as a module."""
    path = ROOT / "scripts" / "convert_encoders"
    loader = SourceFileLoader("convert_encoders", str(path))
    module = ModuleType(loader.name)
    loader.exec_module(module)
    return module


@pytest.mark.torch
def test_a_conversion_gives_the_pinned_file_and_a_second_does_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = converter()
    image = load_encoders()["image"].model_copy(update={"path": str(tmp_path / "made")})
    monkeypatch.setattr(script, "declared_encoders", lambda: {"image": image})
    script.main()
    assert verify(image) == tmp_path / "made"
    assert [p.name for p in (tmp_path / "made").iterdir()] == ["model.safetensors"]
    capsys.readouterr()
    script.main()
    assert capsys.readouterr().out == ""


def test_another_pickle_is_refused_unopened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = converter()
    (tmp_path / "weights.pth").write_bytes(b"not the pickle")
    source = Source(path=str(tmp_path / "weights.pth"), sha256="0" * 64)
    image = load_encoders()["image"].model_copy(
        update={"path": str(tmp_path / "made"), "source": source}
    )
    monkeypatch.setattr(script, "declared_encoders", lambda: {"image": image})
    monkeypatch.setattr(script, "convert", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(FileRefused, match=r"weights\.pth: expected"):
        script.main()


def test_the_driver_plans_without_torch() -> None:
    names = "harmsweep.encoders.conf, harmsweep.media.images, harmsweep.stages.embed.stage"
    code = f"import sys, {names}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

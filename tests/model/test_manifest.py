"""Manifests: sealed once, refused when a byte of the model differs."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from harmsweep.model.manifest import (
    ManifestRefused,
    build_manifest,
    check_encoders,
    check_harms,
    digest_of,
    group_hash,
    load_manifest,
    write_manifest,
)

WEIGHTS, EVALUATION = bytes(range(256)) * 2, b'{"records": []}'


def facts(**changes: Any) -> dict[str, Any]:
    def file(name: str, content: bytes) -> dict[str, str]:
        return {"name": name, "sha256": hashlib.sha256(content).hexdigest()}

    return {
        "network": {"harms": ["hate"], "width": 4, "hidden": 2, "dropout": 0.0},
        "inputs": [{"name": "text", "encoder_id": "minilm", "width": 2, "scale": 1.5}],
        "features": [{"name": "n_chars", "transform": "log1p", "mean": 0.25, "std": 1.5}],
        "heads": [{"harm": "hate", "positives": 3, "negatives": 9}],
        "skipped": [],
        "groups": [group_hash("g1")],
        "snapshot": {
            "id": "s000000000000",
            "versions": {"posts_v1": 3},
            "first": "2026-10-01",
            "last": "2026-10-02",
            "rows": {"train": 12},
        },
        "training": {"fit": {"seed": 1}},
        "metrics": {"hate.auroc": 0.5},
        "weights": file("model.safetensors", WEIGHTS),
        "evaluation": file("evaluation.json", EVALUATION),
        "code_version": "abc",
        "libraries": {"torch": "2"},
    } | changes


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "model.safetensors").write_bytes(WEIGHTS)
    (tmp_path / "evaluation.json").write_bytes(EVALUATION)
    return write_manifest(build_manifest(facts()), tmp_path)


def test_a_written_manifest_is_read_back_equal(model: Path) -> None:
    assert load_manifest(model) == build_manifest(facts())


@pytest.mark.parametrize("name", ["model.safetensors", "evaluation.json"])
def test_a_flipped_byte_of_a_file_is_refused_by_name(model: Path, name: str) -> None:
    path = model.parent / name
    content = path.read_bytes()
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1
        path.write_bytes(flipped)
        with pytest.raises(ManifestRefused, match=name):
            load_manifest(model)


def test_a_flipped_byte_of_the_manifest_is_refused_or_changes_nothing(model: Path) -> None:
    content, original = model.read_bytes(), load_manifest(model)
    refused = 0
    for place in range(len(content)):
        for bit in (1, 16):
            flipped = bytearray(content)
            flipped[place] ^= bit
            model.write_bytes(flipped)
            try:
                # Only a change that JSON does not see (of white space) may pass.
                assert load_manifest(model) == original
            except ManifestRefused:
                refused += 1
    assert refused > len(content)


def test_a_model_from_before_keeps_its_name_of_12_digits(model: Path) -> None:
    manifest = load_manifest(model)
    name = manifest.model_version[:13]
    named = manifest.model_copy(update={"model_version": name})
    write_manifest(named.model_copy(update={"digest": digest_of(named)}), model.parent)
    assert load_manifest(model).model_version == name


@pytest.mark.parametrize("name", ["m0123456789ab", f"m{'0' * 32}"])
def test_a_name_that_is_not_of_the_model_is_refused(model: Path, name: str) -> None:
    named = load_manifest(model).model_copy(update={"model_version": name})
    write_manifest(named.model_copy(update={"digest": digest_of(named)}), model.parent)
    with pytest.raises(ManifestRefused, match="its content is not"):
        load_manifest(model)


def test_an_edited_statistic_is_refused(model: Path) -> None:
    content = json.loads(model.read_text())
    content["features"][0]["mean"] = 0.5
    model.write_text(json.dumps(content))
    with pytest.raises(ManifestRefused, match="digest"):
        load_manifest(model)


def test_missing_weights_are_refused_by_name(model: Path) -> None:
    (model.parent / "model.safetensors").unlink()
    with pytest.raises(ManifestRefused, match=r"model\.safetensors: No such file"):
        load_manifest(model)


def test_a_file_outside_the_folder_is_refused() -> None:
    with pytest.raises(ValueError, match="pattern"):
        build_manifest(facts(weights={"name": "../model.safetensors", "sha256": "0" * 64}))


def test_a_width_that_the_inputs_do_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="width is not 4"):
        build_manifest(facts(network={"harms": ["hate"], "width": 5, "hidden": 2, "dropout": 0.0}))


def test_the_version_depends_on_what_scores_depend_on_only() -> None:
    first = build_manifest(facts()).model_version
    other = facts(groups=[group_hash("g2")])
    assert build_manifest(facts(code_version="new", metrics={})).model_version == first
    assert build_manifest(other).model_version != first


def test_another_encoder_is_refused_by_name() -> None:
    check_encoders(build_manifest(facts()), {"text": "minilm", "image": "clip"})
    with pytest.raises(ManifestRefused, match="text was trained on minilm, conf has clip"):
        check_encoders(build_manifest(facts()), {"text": "clip"})


def test_a_head_that_conf_does_not_declare_is_refused() -> None:
    with pytest.raises(ManifestRefused, match="hate"):
        check_harms(build_manifest(facts()), ["spam"])


def test_a_manifest_from_before_switched_off_loads(model: Path) -> None:
    content = json.loads(model.read_text())
    assert content.pop("switched_off") == {}
    model.write_text(json.dumps(content))
    assert load_manifest(model).switched_off == {}


def test_a_head_that_is_kept_out_is_one_that_the_model_has() -> None:
    assert build_manifest(facts()).kept_out == {}
    assert build_manifest(facts(kept_out={"hate": "few"})).kept_out == {"hate": "few"}
    with pytest.raises(ValueError, match="kept_out names a harm"):
        build_manifest(facts(kept_out={"phishing": "few"}))


def test_switched_off_is_part_of_the_version_and_names_the_columns_kept() -> None:
    features = [{"name": "n_chars", "transform": "log1p"}]
    off = build_manifest(facts(features=features, switched_off={"hate": ["numbers"]}))
    assert off.model_version != build_manifest(facts(features=features)).model_version
    assert off.visible_columns["hate"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("off", "reason"),
    [
        ({"spam": ["numbers"]}, "without a head"),
        ({"hate": ["sound"]}, "'sound'"),
        ({"hate": ["text", "numbers"]}, "one modality at least"),
    ],
)
def test_what_cannot_be_switched_off_is_refused(off: dict[str, list[str]], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        build_manifest(facts(switched_off=off))


@pytest.mark.torch
def test_weights_of_another_network_are_refused_by_name(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from harmsweep.model.manifest import HeadsConfig
    from harmsweep.model.network import Heads, load_heads, serialized

    content = serialized(Heads(HeadsConfig(harms=("hate",), width=5, hidden=2, dropout=0.0)))
    (tmp_path / "model.safetensors").write_bytes(content)
    (tmp_path / "evaluation.json").write_bytes(EVALUATION)
    named = {"name": "model.safetensors", "sha256": hashlib.sha256(content).hexdigest()}
    path = write_manifest(build_manifest(facts(weights=named)), tmp_path)
    with pytest.raises(ManifestRefused, match="weights are not those of this network"):
        load_heads(path)

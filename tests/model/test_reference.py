"""What a stage knows of a model: its version, and where it may act."""

import json
import shutil
from pathlib import Path

import pytest

from harmsweep.digests import as_json
from harmsweep.errors import DataRefused
from harmsweep.files import sha256_of
from harmsweep.model.manifest import ManifestRefused, digest_of, load_manifest, write_manifest
from harmsweep.model.reference import check_evaluated, load_model_ref
from harmsweep.paths import DEFAULT_MODEL


def with_evaluation(folder: Path, content: object) -> Path:
    """The shipped model with another evaluation."""
    shutil.copytree(DEFAULT_MODEL.parent, folder)
    manifest = load_manifest(folder / "manifest.json")
    path = folder / manifest.evaluation.name
    path.write_text(as_json(content), encoding="utf-8")
    of = manifest.evaluation.model_copy(update={"sha256": sha256_of(path)})
    changed = manifest.model_copy(update={"evaluation": of})
    return write_manifest(changed.model_copy(update={"digest": digest_of(changed)}), folder)


def test_the_shipped_model_has_figures_in_english_alone() -> None:
    """Beside those of pictures without words."""
    figures = load_model_ref(DEFAULT_MODEL).figures
    assert figures
    assert {("hate", "en"), ("spam", "en"), ("sexism", "en")} <= figures
    assert {language for _, language in figures} == {"en", "und"}


def test_a_language_with_too_few_groups_of_a_class_has_no_figures(tmp_path: Path) -> None:
    rows = [
        {"harm": "hate", "language": "en", "auroc": 0.8, "low": 0.7, "high": 0.9},
        {"harm": "hate", "language": "de", "auroc": 0.8, "note": "groups of a class < 20"},
    ]
    path = with_evaluation(tmp_path / "m", {"languages": rows})
    assert load_model_ref(path).figures == {("hate", "en")}


def test_an_evaluation_without_languages_has_figures_in_none(tmp_path: Path) -> None:
    assert load_model_ref(with_evaluation(tmp_path / "m", {"records": []})).figures == frozenset()


def test_a_changed_evaluation_is_refused(tmp_path: Path) -> None:
    path = with_evaluation(tmp_path / "m", {})
    evaluation = path.parent / "evaluation.json"
    evaluation.write_text(json.dumps({"languages": [{"harm": "hate", "language": "de", "low": 1}]}))
    with pytest.raises(ManifestRefused, match=r"evaluation\.json"):
        load_model_ref(path)


def test_nothing_is_certified_where_nothing_may_act() -> None:
    model = load_model_ref(DEFAULT_MODEL)
    check_evaluated(model, "hate", "en")
    with pytest.raises(DataRefused, match="has no figures of hate in pt: its posts go to people"):
        check_evaluated(model, "hate", "pt")

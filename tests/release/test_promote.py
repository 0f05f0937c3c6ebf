"""A model becomes champion through the gates alone, and the one before can come back."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from harmsweep.encoders.conf import load_encoders
from harmsweep.model.manifest import (
    Manifest,
    ManifestRefused,
    build_manifest,
    load_manifest,
    write_manifest,
)
from harmsweep.model.registry import (
    BEST,
    CHAMPION,
    RegistryRefused,
    manifest_of,
    model_path,
    roll_back,
    set_champion,
)
from harmsweep.release.conf import load_release
from harmsweep.release.gates import CANDIDATE, Gate
from harmsweep.release.hatecheck import CasesRefused, load_cases
from harmsweep.release.judge import _snapshots, _test_rows
from harmsweep.release.promote import PromotionRefused, promote
from harmsweep.release.text_probe import text_encoder

pytestmark = [pytest.mark.torch, pytest.mark.slow]
MakeModel = Callable[..., Path]
ENCODERS = ("minilm-l6-v2", "minilm-tuned", "mpnet-ngrams")


@pytest.fixture
def lenient(tmp_path: Path) -> Path:
    """conf/release.yaml without limits on what these models and sentences can't meet."""
    limits = load_release().model_dump() | {"disguise_drop": 1.0, "calibration_error": 1.0}
    limits |= {"hatecheck_auroc": 0.0, "least_found": 0.0}
    limits["min_speed"] = 0  # two short times on a busy machine: test_gates has it on numbers
    path = tmp_path / "release.yaml"
    path.write_text(yaml.safe_dump(limits))
    return path


def test_only_what_passes_every_gate_becomes_champion_and_the_former_champion_comes_back(
    tmp_path: Path, make_model: MakeModel, snapshot: Path, hatecheck: Path, lenient: Path
) -> None:
    first = make_model(tmp_path / "first", sense=0.5)
    worse = make_model(tmp_path / "worse", sense=0.0)
    better = make_model(tmp_path / "better", sense=1.5)
    tracking = tmp_path / "mlflow"
    given = {"snapshot": snapshot, "tracking": tracking, "hatecheck": hatecheck, "config": lenient}

    tried = list(promote(first, **given, dry_run=True))
    assert tried and not (tracking / "mlflow.db").exists()
    assert "heads" in {gate.name for gate in promote(first, **given)}
    assert manifest_of(CHAMPION, tracking) == first
    assert list(promote(first, **given)) == []  # the champion is not judged again

    told: list[Gate] = []
    with pytest.raises(PromotionRefused, match=r"heads \(hate\)"):
        for gate in promote(worse, **given):
            told.append(gate)
    assert any(gate.passed is False and "against" in gate.figures for gate in told)
    assert "REFUSED" in (worse.parent / "card.md").read_text()
    assert model_path(f"champion@{tracking}") == first

    list(promote(better, **given))
    assert manifest_of(CHAMPION, tracking) == manifest_of(BEST, tracking) == better
    back = roll_back(tracking)
    assert back.model_version == load_manifest(first).model_version
    assert manifest_of(CHAMPION, tracking) == first
    assert manifest_of(BEST, tracking) == better
    assert roll_back(tracking).model_version == load_manifest(better).model_version

    weights = better.parent / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ManifestRefused, match="SHA-256"):
        manifest_of(CHAMPION, tracking)


def test_a_champion_that_reads_another_encoder_is_judged_on_the_same_posts_by_its_own(
    tmp_path: Path, make_model: MakeModel, snapshot: Path, former: Path, lenient: Path
) -> None:
    champion = make_model(tmp_path / "champion", sense=0.5, encoder="mpnet-ngrams")
    candidate = make_model(tmp_path / "candidate", sense=0.5)
    manifests = {CANDIDATE: load_manifest(candidate), CHAMPION: load_manifest(champion)}
    models = {CANDIDATE: candidate, CHAMPION: champion}
    snapshots = _snapshots(manifests, snapshot, former)
    assert snapshots == {CANDIDATE: snapshot, CHAMPION: former}
    (rows,) = _test_rows(snapshot / "test", models, manifests, snapshots)
    # Both encoders' first numbers are the same here, and so are the models.
    assert len(rows.truth) == 400
    np.testing.assert_allclose(rows.scores[CANDIDATE], rows.scores[CHAMPION], atol=1e-6)
    with pytest.raises(ManifestRefused, match=r"champion: the snapshot \w+ has no \['text'\]"):
        _snapshots(manifests, snapshot, None)
    with pytest.raises(ManifestRefused, match=r"candidate: the snapshot"):
        _snapshots(manifests, former, snapshot)


def test_texts_are_embedded_by_the_encoder_that_a_model_reads(
    tmp_path: Path, make_model: MakeModel
) -> None:
    of = {name: make_model(tmp_path / name, sense=1.0, encoder=name) for name in ENCODERS}
    assert [text_encoder(path).name for path in of.values()] == [*ENCODERS]
    blind = load_manifest(of["minilm-tuned"])
    pictures = blind.model_copy(
        update={"inputs": (blind.inputs[0].model_copy(update={"name": "image"}),)}
    )
    (tmp_path / "blind").mkdir()
    for name in ("model.safetensors", "evaluation.json"):
        shutil.copy(of["minilm-tuned"].with_name(name), tmp_path / "blind" / name)
    facts = {name: getattr(pictures, name) for name in Manifest.model_fields}
    del facts["model_version"], facts["digest"]
    path = write_manifest(build_manifest(facts), tmp_path / "blind")
    assert text_encoder(path).name == load_encoders()["text"].name


def test_a_champion_whose_folder_holds_another_model_is_refused(
    tmp_path: Path, make_model: MakeModel, snapshot: Path, hatecheck: Path, lenient: Path
) -> None:
    tracking = tmp_path / "mlflow"
    first, other = (make_model(tmp_path / n, sense=s) for n, s in (("first", 0.5), ("other", 2.0)))
    given = {"snapshot": snapshot, "hatecheck": hatecheck, "config": lenient}
    list(promote(first, tracking=tracking, **given))
    for path in other.parent.iterdir():
        (first.parent / path.name).write_bytes(path.read_bytes())
    with pytest.raises(RegistryRefused, match="not the model that was registered"):
        manifest_of(CHAMPION, tracking)


def test_posts_that_either_model_was_trained_on_judge_neither(
    tmp_path: Path, make_model: MakeModel, snapshot: Path, hatecheck: Path
) -> None:
    groups = tuple(f"test-{n}" for n in range(400))
    model = make_model(tmp_path / "leaked", sense=0.5, groups=groups)
    judged = promote(model, snapshot=snapshot, tracking=tmp_path / "mlflow", hatecheck=hatecheck)
    with pytest.raises(ManifestRefused, match="every group of hate was trained on"):
        list(judged)


def test_the_best_champion_stays_the_best_until_one_is_as_good(
    tmp_path: Path, make_model: MakeModel
) -> None:
    tracking = tmp_path / "mlflow"
    models = [make_model(tmp_path / str(n), sense=1.0 + n) for n in range(3)]
    for model, is_best, best in zip(models, (False, False, True), (0, 0, 2), strict=True):
        set_champion(model, tracking, is_best=is_best)
        assert manifest_of(CHAMPION, tracking) == model
        assert manifest_of(BEST, tracking) == models[best]


def test_a_registry_without_a_champion_says_so(tmp_path: Path) -> None:
    with pytest.raises(RegistryRefused, match=r"no model is champion there; jobs/promote\.py"):
        model_path(f"champion@{tmp_path}")
    assert model_path("models/m1/manifest.json") == Path("models/m1/manifest.json")


@pytest.mark.parametrize("content", ["", "functionality,test_case\n", None], ids=str)
def test_another_table_than_hatechecks_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "cases.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CasesRefused, match=r"cases\.csv"):
        load_cases(path)

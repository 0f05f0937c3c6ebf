"""A trained model on its way to a stage: read once, where a command takes its options."""

import json
from dataclasses import dataclass
from pathlib import Path

from harmsweep.errors import DataRefused
from harmsweep.model.manifest import Manifest, load_manifest, verified_bytes
from harmsweep.model.registry import model_path
from harmsweep.policy.certificates import folder_beside


@dataclass(frozen=True)
class ModelRef:
    """A model's version, and where its manifest is."""

    model_version: str
    manifest: Path
    # Heads that no production policy may use.
    kept_out: tuple[str, ...] = ()
    # The harms and languages of which its evaluation has figures: in others no production policy
    # acts. None, where nobody read the evaluation, keeps nothing from acting.
    figures: frozenset[tuple[str, str]] | None = None

    @property
    def certificates(self) -> Path:
        """The folder of its certificates, whether it has any or not."""
        return folder_beside(self.manifest)


def load_model_ref(value: str | Path) -> ModelRef:
    """The model of a manifest's path or of `champion@FOLDER`.

    Raises:
        ManifestRefused: the manifest is no valid one, or a file of the model differs.
        RegistryRefused: that registry has no champion.
    """
    path = model_path(str(value))
    manifest = load_manifest(path)
    kept_out, figures = tuple(manifest.kept_out), evaluated_languages(manifest, path.parent)
    return ModelRef(manifest.model_version, path, kept_out, figures)


def evaluated_languages(manifest: Manifest, folder: Path) -> frozenset[tuple[str, str]]:
    """Each harm and language whose AUROC has an interval: enough test groups of each class.

    Raises:
        ManifestRefused: the evaluation is not what the manifest says.
    """
    of = manifest.evaluation
    evaluation = json.loads(verified_bytes(folder / of.name, of.sha256))
    rows = evaluation.get("languages", [])
    return frozenset((row["harm"], row["language"]) for row in rows if "low" in row)


def check_evaluated(model: ModelRef, harm: str, language: str) -> None:
    """Refuse to certify what can never be used: production acts in no language without figures.

    Raises:
        DataRefused: the model's evaluation has none of the harm in the language.
    """
    if model.figures is not None and (harm, language) not in model.figures:
        raise DataRefused(
            f"the evaluation of {model.model_version} has no figures of {harm} in {language}: its"
            " posts go to people whatever is certified; train on a snapshot with labels in it"
        )

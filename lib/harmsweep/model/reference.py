"""A trained model on its way to a stage: read once, where a command takes its options."""

from dataclasses import dataclass
from pathlib import Path

from harmsweep.model.manifest import load_manifest
from harmsweep.model.registry import model_path
from harmsweep.policy.certificates import folder_beside


@dataclass(frozen=True)
class ModelRef:
    """A model's version, and where its manifest is."""

    model_version: str
    manifest: Path
    # Heads that no production policy may use.
    kept_out: tuple[str, ...] = ()

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
    return ModelRef(manifest.model_version, path, tuple(manifest.kept_out))

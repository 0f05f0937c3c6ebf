"""A trained model's manifest: what it predicts, from which inputs, and the hashes of its files.

Nothing of a model is parsed before its hash was compared. The version is a digest of all that the
scores depend on, so a changed statistic is another version, or a manifest that is refused.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, JsonValue, ValidationError, model_validator

from harmsweep.conf import Frozen, fault_lines
from harmsweep.digests import DIGITS, NAMED
from harmsweep.errors import Refused
from harmsweep.model.calibration import Calibration
from harmsweep.model.conf import check_switched_off
from harmsweep.model.fusion import Feature, Input, fused_width, modalities_of, visible_columns
from harmsweep.model.windows import windows_of

SHA256 = r"^[0-9a-f]{64}$"
NAME = "manifest.json"


class ManifestRefused(Refused):
    """The model's files are not what its manifest says, or it does not fit the platform."""


class HeadsConfig(Frozen):
    """The shape of the network: a wide part from the fused vector, a deep part through a trunk."""

    harms: tuple[str, ...] = Field(min_length=1)
    width: int = Field(gt=0)
    hidden: int = Field(gt=0)
    dropout: float = Field(ge=0, lt=1)


class File(Frozen):
    """A file beside the manifest."""

    name: str = Field(pattern=r"^[\w.-]+$")
    sha256: str = Field(pattern=SHA256)


class HeadCounts(Frozen):
    """How many training rows of each class a harm had, and why it has no head if it has none."""

    harm: str
    positives: int
    negatives: int
    reason: str = ""


class SnapshotFacts(Frozen):
    """The training snapshot: the Delta version of each table that it was taken from."""

    id: str
    versions: Mapping[str, int]
    first: date
    last: date
    rows: Mapping[str, int]


class Manifest(Frozen):
    """Everything about a model but its weights."""

    model_version: str = Field(pattern=rf"^m{NAMED}$")
    network: HeadsConfig
    inputs: tuple[Input, ...] = Field(min_length=1)
    features: tuple[Feature, ...]
    heads: tuple[HeadCounts, ...]
    skipped: tuple[HeadCounts, ...]
    # Modalities that a harm's head does not see; a manifest from before has none.
    switched_off: Mapping[str, tuple[str, ...]] = {}
    # How a head's logits become probabilities; a manifest from before has none.
    calibrations: Mapping[str, Calibration] = {}
    # Heads that no production policy may use, and why; a manifest from before has none.
    kept_out: Mapping[str, str] = {}
    # Whether a post's score is the greatest over its whole text and its windows; a manifest from
    # before scores the whole text alone.
    text_windows: bool = False
    # Groups of the training and validation parts, each as `group_hash`; sorted.
    groups: tuple[str, ...]
    snapshot: SnapshotFacts
    training: Mapping[str, JsonValue]
    metrics: Mapping[str, float]
    weights: File
    evaluation: File
    code_version: str
    libraries: Mapping[str, str]
    digest: str = Field(pattern=SHA256)

    @model_validator(mode="after")
    def _consistent(self) -> "Manifest":
        if tuple(head.harm for head in self.heads) != self.network.harms:
            raise ValueError("heads and network.harms differ")
        if self.network.width != fused_width(self.inputs, self.features):
            raise ValueError(f"network.width is not {fused_width(self.inputs, self.features)}")
        if not self.switched_off.keys() <= set(self.network.harms):
            raise ValueError("switched_off names a harm without a head")
        if not self.calibrations.keys() <= set(self.network.harms):
            raise ValueError("calibrations names a harm without a head")
        if not self.kept_out.keys() <= set(self.network.harms):
            raise ValueError("kept_out names a harm without a head")
        names = modalities_of([s.name for s in self.inputs], [f.name for f in self.features])
        check_switched_off(self.switched_off, names)
        if self.text_windows and "text" not in {source.name for source in self.inputs}:
            raise ValueError("text_windows needs the input text")
        return self

    @property
    def windows(self) -> Input | None:
        """The input that holds a text's windows, where the model reads them."""
        return windows_of(self.inputs, self.text_windows)

    @property
    def harms(self) -> tuple[str, ...]:
        """The harms that the model has a head for, in the order of its outputs."""
        return self.network.harms

    @property
    def visible_columns(self) -> dict[str, NDArray[np.int64]]:
        """The columns of the fused vector that a head sees, for heads that do not see all."""
        return {
            harm: visible_columns(self.inputs, self.features, off)
            for harm, off in self.switched_off.items()
        }


def group_hash(split_group: str) -> str:
    """A split group's name as the manifest lists it: 16 hexadecimal digits, no ids."""
    return hashlib.sha256(split_group.encode()).hexdigest()[:16]


def build_manifest(facts: Mapping[str, Any]) -> Manifest:
    """A manifest from its facts, with its version and digest computed."""
    draft = Manifest(**facts, model_version="m" + "0" * DIGITS, digest="0" * 64)
    named = draft.model_copy(update={"model_version": version_of(draft)})
    return named.model_copy(update={"digest": digest_of(named)})


def version_of(manifest: Manifest) -> str:
    """ "m" and 32 hexadecimal digits over all that the scores depend on."""
    core = {
        "weights",
        "network",
        "inputs",
        "features",
        "groups",
        "snapshot",
        "training",
        "switched_off",
        "calibrations",
        "text_windows",
    }
    return "m" + _sha256(_canonical(manifest.model_dump(mode="json", include=core)))[:DIGITS]


def digest_of(manifest: Manifest) -> str:
    """A hash of everything that the manifest says."""
    return _sha256(_canonical(manifest.model_dump(mode="json", exclude={"digest"})))


def write_manifest(manifest: Manifest, folder: Path) -> Path:
    """Write manifest.json in a model's folder; give its path."""
    path = folder / NAME
    path.write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return path


def load_manifest(path: Path) -> Manifest:
    """The manifest at `path`, once its own digest and the hashes of its files agree.

    Raises:
        ManifestRefused: the manifest is no valid one, or a file is missing or differs; it is named.
    """
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ManifestRefused(f"{path}: {_reason(error)}") from None
    # A model from before is named by the first 12 digits: no policy approves of it.
    named = version_of(manifest).startswith(manifest.model_version)
    if digest_of(manifest) != manifest.digest or not named:
        raise ManifestRefused(f"{path}: its content is not what its digest was taken of")
    for file in (manifest.weights, manifest.evaluation):
        verified_bytes(path.parent / file.name, file.sha256)
    return manifest


def verified_bytes(path: Path, sha256: str) -> bytes:
    """A file's bytes, read once and compared with their hash before anything parses them.

    Raises:
        ManifestRefused: the file is missing or its hash differs.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ManifestRefused(f"{path}: {error.strerror}") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ManifestRefused(f"{path}: SHA-256 is not {sha256[:12]}… as the manifest says")
    return content


def check_encoders(manifest: Manifest, encoder_ids: Mapping[str, str]) -> None:
    """Refuse a model whose inputs were made by other encoders than the platform's.

    Raises:
        ManifestRefused: an input's encoder differs or is not there; it is named.
    """
    wrong = [
        f"{source.name} was trained on {source.encoder_id},"
        f" conf has {encoder_ids.get(source.name, 'none')}"
        for source in manifest.inputs
        if encoder_ids.get(source.name) != source.encoder_id
    ]
    if wrong:
        raise ManifestRefused(f"model {manifest.model_version}: {'; '.join(wrong)}")


def check_harms(manifest: Manifest, harms: Iterable[str]) -> None:
    """Refuse a model with a head that the scores table has no column for.

    Raises:
        ManifestRefused: the heads that conf does not declare, by name.
    """
    unknown = sorted(set(manifest.harms) - set(harms))
    if unknown:
        raise ManifestRefused(f"model {manifest.model_version}: conf declares no {unknown}")


def _canonical(content: dict[str, Any]) -> bytes:
    # A manifest from before one of these keeps its version and digest.
    later = {"switched_off", "calibrations", "text_windows", "kept_out"}
    content = {n: v for n, v in content.items() if v or n not in later}
    return json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False).encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return fault_lines(error)[0]
    return getattr(error, "strerror", None) or str(error).splitlines()[0]

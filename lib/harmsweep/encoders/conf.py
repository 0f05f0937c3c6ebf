"""The frozen encoders that conf names: where their weights are, what they must hash to, their ids.

Nothing here imports torch: the driver plans with an encoder's id and width, and the workers load
it. Weights are found on this machine only, and hashed before anything parses them.
"""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from harmsweep.files import check_file, resolve
from harmsweep.paths import CONF

# What of a post or its author is embedded. text is normalised; raw_text is the clean text of a post
# whose disguises were undone; media_text is what was read in its images; caption is the clean text
# in the space of the image encoder (CLIP's text encoder), where conf names one.
INPUTS = ("text", "raw_text", "media_text", "description", "image")
OPTIONAL_INPUTS = ("video", "caption")
# Inputs of a post that may share an encoder with `text` and are told apart by their id.
_DERIVED_TEXTS = ("raw_text", "media_text", "caption")
Sha256 = Field(pattern=r"^[0-9a-f]{64}$")


class Source(BaseModel):
    """A package's pickle from which `scripts/convert_encoders` makes the safetensors file once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    sha256: str = Sha256


class Encoder(BaseModel):
    """A frozen encoder: its files, their hashes, its preprocessing and the width of its vectors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    # The input that this encoder embeds, where conf gives it one.
    input: str = "text"
    modality: Literal["text", "image", "video"]
    # Which architecture the modality's loader builds.
    kind: Literal[
        "mean_pooling",
        "clip_text",
        "efficientnet_lite0",
        "clip_vision",
        "sampled_frames",
        "videomoco",
    ]
    # A folder: `package:NAME/FOLDER` lies inside an installed package, else beneath the project.
    path: str
    # Every file that is loaded, the weights among them, with its SHA-256.
    files: dict[str, str] = Field(min_length=1)
    source: Source | None = None
    width: int = Field(gt=0)
    precision: Literal["fp32", "bf16"] = "fp32"
    preprocessing: dict[str, int | float | str | tuple[float, ...]]

    @model_validator(mode="after")
    def _weights_are_pinned(self) -> "Encoder":
        if "model.safetensors" not in self.files:
            raise ValueError(f"{self.name}: files lacks model.safetensors")
        return self

    @property
    def folder(self) -> Path:
        """Where the files lie on this machine."""
        return resolve(self.path)

    @property
    def encoder_id(self) -> str:
        """The id of a post's vectors: `cache_id`, and which text of the post where it has several.

        Such as `minilm-l6-v2-53aa51172d14-5d0c1f7e-fp32:raw_text`.
        """
        return f"{self.cache_id}:{self.input}" if self.input in _DERIVED_TEXTS else self.cache_id

    @property
    def cache_id(self) -> str:
        """Name, weights, preprocessing with the other files, precision: other vectors, other id.

        Such as `minilm-l6-v2-53aa51172d14-5d0c1f7e-fp32`: equal inputs share a vector under it.
        """
        others = [self.kind, self.preprocessing, sorted(self.files.items())]
        preprocessing = hashlib.sha256(json.dumps(others, sort_keys=True).encode()).hexdigest()
        weights = self.files["model.safetensors"]
        return f"{self.name}-{weights[:12]}-{preprocessing[:8]}-{self.precision}"

    def number(self, name: str) -> int:
        """An integer of the preprocessing, such as the window in tokens or the size in pixels."""
        value = self.preprocessing[name]
        if not isinstance(value, int):
            raise TypeError(f"{self.name}: {name} is {value!r}, not an integer")
        return value


@cache
def load_encoders(path: Path = CONF / "encoders.yaml") -> dict[str, Encoder]:
    """The encoder of each input of INPUTS, and of the optional ones that conf names.

    Raises:
        pydantic.ValidationError: an encoder lacks a field, or has one that is not known.
        ValueError: an input has no encoder, or one that the file does not declare; or `caption` is
            not in the space of `image`.
    """
    encoders = declared_encoders(path)
    chosen = yaml.safe_load(path.read_text(encoding="utf-8"))["inputs"]
    unknown = sorted(set(chosen.values()) - encoders.keys())
    if set(chosen) - set(OPTIONAL_INPUTS) != set(INPUTS) or unknown:
        raise ValueError(
            f"{path}: inputs must be {INPUTS}, and may be {OPTIONAL_INPUTS}, each one of"
            f" {sorted(encoders)}; found {chosen}"
        )
    names = [name for name in (*INPUTS, *OPTIONAL_INPUTS) if name in chosen]
    found = {name: encoders[chosen[name]].model_copy(update={"input": name}) for name in names}
    _check_caption(found, path)
    return found


def declared_encoders(path: Path = CONF / "encoders.yaml") -> dict[str, Encoder]:
    """Every encoder that the file declares, whether an input names it or not.

    Raises:
        pydantic.ValidationError: an encoder lacks a field, or has one that is not known.
    """
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))["encoders"]
    return {name: Encoder(name=name, **entry) for name, entry in declared.items()}


def _check_caption(encoders: dict[str, Encoder], path: Path) -> None:
    if "caption" not in encoders:
        return
    caption, image = encoders["caption"], encoders["image"]
    if (caption.kind, image.kind, caption.width) != ("clip_text", "clip_vision", image.width):
        raise ValueError(
            f"{path}: caption needs CLIP's two encoders of one width; found {caption.kind} of"
            f" {caption.width} for caption, {image.kind} of {image.width} for image"
        )


def verify(encoder: Encoder) -> Path:
    """The encoder's folder, once every file in it has the SHA-256 that conf pins.

    Raises:
        FileRefused: naming the file, the hash expected and the hash found.
    """
    for name, expected in encoder.files.items():
        check_file(encoder.folder / name, expected)
    return encoder.folder

"""The frozen encoders that conf names: where their weights are, what they must hash to, their ids.

Nothing here imports torch: the driver plans with an encoder's id and width, and the workers load
it. Weights are found on this machine only, and hashed before anything parses them.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from harmsweep.conf import FieldFault, Frozen, load
from harmsweep.files import check_file, resolve
from harmsweep.paths import CONF

# What of a post or its author is embedded. text is normalised; raw_text is the clean text of a post
# whose disguises were undone; media_text is what was read in its images; caption is the clean text
# in the space of the image encoder (CLIP's text encoder), where conf names one.
INPUTS = ("text", "raw_text", "media_text", "description", "image")
OPTIONAL_INPUTS = ("video", "caption")
# Inputs of a post that may share an encoder with `text` and are told apart by their id.
_DERIVED_TEXTS = ("raw_text", "media_text", "caption")
# How n-grams are hashed, as encoders/ngrams.py says: other places for a text, another number.
_NGRAMS = 1
# The kinds of encoders/bert.py, whose weights have the names that tuned layers have.
_TUNABLE = ("mean_pooling", "mpnet_mean_pooling")
Name = Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
Sha256 = Field(pattern=r"^[0-9a-f]{64}$")


class Source(Frozen):
    """A package's pickle from which `scripts/convert_encoders` makes the safetensors file once."""

    path: str
    sha256: str = Sha256


class TunedLayers(Frozen):
    """Weights that take the place of the encoder's own, as jobs/fine_tune.py makes them."""

    path: str
    sha256: str = Sha256

    @property
    def file(self) -> Path:
        """Where the file lies on this machine."""
        return resolve(self.path)


class EncoderEntry(Frozen):
    """What the file says of an encoder beneath its name."""

    modality: Literal["text", "image", "video"]
    # Which architecture the modality's loader builds.
    kind: Literal[
        "mean_pooling",
        "mpnet_mean_pooling",
        "xlmr_mean_pooling",
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
    tuned: TunedLayers | None = None
    width: int = Field(gt=0)
    precision: Literal["fp32", "bf16"] = "fp32"
    preprocessing: dict[str, int | float | str | tuple[float, ...]]

    @model_validator(mode="after")
    def _weights_are_pinned(self) -> Self:
        if "model.safetensors" not in self.files:
            raise FieldFault(("files",), "lacks model.safetensors")
        if self.tuned and self.kind not in _TUNABLE:
            raise FieldFault(("tuned",), f"takes kind {' or '.join(_TUNABLE)}")
        return self


class EncodersFile(Frozen):
    """The keys of the file: the name of each input's encoder, and the encoders by name."""

    inputs: Mapping[str, str]
    encoders: Mapping[Name, EncoderEntry]

    @model_validator(mode="after")
    def _every_input_has_its_encoder(self) -> Self:
        unknown = sorted(set(self.inputs.values()) - self.encoders.keys())
        if set(self.inputs) - set(OPTIONAL_INPUTS) != set(INPUTS) or unknown:
            message = (
                f"inputs must be {INPUTS}, and may be {OPTIONAL_INPUTS}, each one of"
                f" {sorted(self.encoders)}; found {dict(self.inputs)}"
            )
            raise FieldFault(("inputs",), message)
        return self

    @model_validator(mode="after")
    def _caption_is_in_the_space_of_image(self) -> Self:
        if "caption" not in self.inputs:
            return self
        caption, image = (self.encoders[self.inputs[name]] for name in ("caption", "image"))
        if (caption.kind, image.kind, caption.width) != ("clip_text", "clip_vision", image.width):
            message = (
                f"needs CLIP's two encoders of one width; found {caption.kind} of"
                f" {caption.width} for caption, {image.kind} of {image.width} for image"
            )
            raise FieldFault(("inputs", "caption"), message)
        return self


class Encoder(EncoderEntry):
    """A frozen encoder: its files, their hashes, its preprocessing and the width of its vectors."""

    name: Name
    # The input that this encoder embeds, where conf gives it one.
    input: str = "text"

    @property
    def folder(self) -> Path:
        """Where the files lie on this machine."""
        return resolve(self.path)

    @property
    def ngrams(self) -> int:
        """How many places of a text's vector, its last, are hashed n-grams."""
        return self.number("ngrams") if "ngrams" in self.preprocessing else 0

    @property
    def prefix(self) -> str:
        """What each window of a text begins with, as the weights were trained."""
        return str(self.preprocessing.get("prefix", ""))

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
        others: list[object] = [self.kind, self.preprocessing, sorted(self.files.items())]
        others += [_NGRAMS] if self.ngrams else []
        others += [self.tuned.sha256] if self.tuned else []
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
        ConfRefused: its line, its key and what would be allowed; also where an input has no encoder
            that the file declares, or `caption` is not in the space of `image`.
    """
    content = load(path, EncodersFile)
    names = [name for name in (*INPUTS, *OPTIONAL_INPUTS) if name in content.inputs]
    encoders = _encoders(content)
    return {n: encoders[content.inputs[n]].model_copy(update={"input": n}) for n in names}


def declared_encoders(path: Path = CONF / "encoders.yaml") -> dict[str, Encoder]:
    """Every encoder that the file declares, whether an input names it or not.

    Raises:
        ConfRefused: as load_encoders.
    """
    return _encoders(load(path, EncodersFile))


def _encoders(content: EncodersFile) -> dict[str, Encoder]:
    return {name: Encoder(name=name, **dict(entry)) for name, entry in content.encoders.items()}


def verify(encoder: Encoder) -> Path:
    """The encoder's folder, once every file in it has the SHA-256 that conf pins.

    Raises:
        FileRefused: naming the file, the hash expected and the hash found.
    """
    for name, expected in encoder.files.items():
        check_file(encoder.folder / name, expected)
    if encoder.tuned:
        check_file(encoder.tuned.file, encoder.tuned.sha256)
    return encoder.folder

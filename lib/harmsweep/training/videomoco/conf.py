"""The typed form of conf/videomoco.yaml: the options of pre-training."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from harmsweep.conf import FieldFault, Frozen, fault_lines, load
from harmsweep.errors import Refused, WrongUse
from harmsweep.paths import CONF


class VideoMocoRefused(Refused):
    """The clips, the options or a checkpoint can't be used for VideoMoCo."""


class Options(Frozen):
    """Everything that the weights depend on, the clips apart."""

    seed: int
    epochs: int = Field(gt=0)
    # The generator joins after this share of the epochs.
    warm_up: float = Field(ge=0, le=1)
    batch: int = Field(ge=2)
    # Frames and pixels of a view; a view is cut from at most `kept_frames` frames of a clip.
    frames: int = Field(ge=2)
    kept_frames: int = Field(ge=2)
    size: int = Field(ge=16)
    # The smallest share of the picture that a view shows.
    crop: float = Field(gt=0, le=1)
    # How much of brightness, contrast, saturation and hue changes, and how often all colour goes.
    colour: float = Field(ge=0, le=0.5)
    grey: float = Field(ge=0, le=1)
    width: int = Field(gt=0)
    queue: int = Field(gt=0)
    momentum: float = Field(ge=0, lt=1)
    temperature: float = Field(gt=0)
    decay: float = Field(gt=0, le=1)
    # The share of the query's frames that the generator drops.
    drop: float = Field(gt=0, lt=1)
    rate: float = Field(gt=0)
    generator_rate: float = Field(gt=0)
    sgd_momentum: float = Field(ge=0, lt=1)
    weight_decay: float = Field(ge=0)

    @model_validator(mode="after")
    def _a_view_fits(self) -> "Options":
        if self.frames > self.kept_frames:
            raise FieldFault(("frames",), f"{self.frames} is over kept_frames: {self.kept_frames}")
        if self.dropped == 0:
            raise FieldFault(
                ("drop",), f"{self.drop} of {self.frames} frames is less than one frame"
            )
        return self

    @property
    def dropped(self) -> int:
        """How many frames of a view the generator drops."""
        return int(self.frames * self.drop)


def load_options(
    path: Path = CONF / "videomoco.yaml", *, changes: Mapping[str, Any] | None = None
) -> Options:
    """The options of a file, with changes laid over them.

    Raises:
        ConfRefused: the file's line, the key and what would be allowed.
        WrongUse: a change is no option, or out of range.
    """
    options = load(path, Options)
    try:
        return Options(**options.model_dump() | dict(changes or {}))
    except ValidationError as error:
        raise WrongUse(fault_lines(error)[0]) from None

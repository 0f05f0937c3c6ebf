"""conf/media.yaml: what a medium may be, how much of it is decoded, and which stores are listed."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import Field

from harmsweep.conf import Frozen, load
from harmsweep.paths import CONF


class Store(Frozen):
    """An object store that references may name: `scheme://bucket/…`; options are pyarrow.fs's."""

    scheme: str = Field(pattern=r"^[a-z][a-z0-9]*$")
    bucket: str = Field(min_length=1)
    options: Mapping[str, str | bool | int | float] = {}


class AnimationLimits(Frozen):
    """How many pixels a frame of an animation may have, and all its frames together."""

    pixels: int = Field(gt=0)
    decoded_pixels: int = Field(gt=0)


class DearLimits(Frozen):
    """What a picture may be whose format asks more of a decoder than others."""

    bytes: int = Field(gt=0)
    pixels: int = Field(gt=0)


class ImageLimits(Frozen):
    """What an image file may be, and how many pixels of all the scans of a JPEG are decoded."""

    bytes: int = Field(gt=0)
    pixels: int = Field(gt=0)
    decoded_pixels: int = Field(gt=0)
    animation: AnimationLimits
    webp_avif: DearLimits


class VideoLimits(Frozen):
    """What a video file may be, and how much of it is decoded."""

    bytes: int = Field(gt=0)
    pixels: int = Field(gt=0)
    seconds: float = Field(gt=0)
    decoded_frames: int = Field(gt=0)
    decoded_pixels: int = Field(gt=0)
    decoded_bytes: int = Field(gt=0)
    codecs: tuple[str, ...] = Field(min_length=1)


class Seconds(Frozen):
    """Processor time for a file of each kind."""

    image: float = Field(gt=0)
    video: float = Field(gt=0)


class ChildLimits(Frozen):
    """What one file may take in the decoding process: memory on top of what it has at its start."""

    megabytes: int = Field(gt=0)
    cpu_seconds: Seconds
    wall_seconds: float = Field(gt=0)


class Limits(Frozen):
    """All of conf/media.yaml."""

    image: ImageLimits
    video: VideoLimits
    child: ChildLimits
    fetch_seconds: float = Field(gt=0)
    stores: tuple[Store, ...] = ()
    preserve_days: int = Field(ge=1)


@cache
def load_limits(path: Path = CONF / "media.yaml") -> Limits:
    """The limits of conf/media.yaml.

    Raises:
        ConfRefused: its line, its key and what would be allowed.
    """
    return load(path, Limits)

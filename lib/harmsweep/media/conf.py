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


class ImageLimits(Frozen):
    """What an image file may be, and how many pixels of all its scans or frames are decoded."""

    bytes: int = Field(gt=0)
    pixels: int = Field(gt=0)
    decoded_pixels: int = Field(gt=0)


class VideoLimits(Frozen):
    """What a video file may be, and how much of it is decoded."""

    bytes: int = Field(gt=0)
    pixels: int = Field(gt=0)
    seconds: float = Field(gt=0)
    decoded_frames: int = Field(gt=0)
    decoded_pixels: int = Field(gt=0)
    codecs: tuple[str, ...] = Field(min_length=1)


class ChildLimits(Frozen):
    """What one file may take in the decoding process: memory on top of what it has at its start."""

    megabytes: int = Field(gt=0)
    cpu_seconds: float = Field(gt=0)
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

"""Images by a frozen backbone: EfficientNet-lite0, or CLIP's visual encoder from a local folder.

Methods: Tan and Le, EfficientNet, ICML 2019 (pooled features before the classifier); Radford et
al., CLIP, ICML 2021 (the projected image embedding).
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import methodcaller
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from harmsweep.encoders.conf import Encoder, verify
from harmsweep.encoders.convolutions import compiled
from harmsweep.encoders.device import kind_of
from harmsweep.encoders.embedding import Embedded, Floats
from harmsweep.media.images import decode_frames

Pixels = NDArray[np.uint8]

# Pictures held at once: 19 MB of prepared pixels, up to 32 times that where all are animations.
BUFFER = 128
# Pictures a forward pass: a core's cache holds few; a GPU wants many.
PICTURES_PER_PASS = {"cpu": 4, "cuda": 128}


@dataclass(frozen=True)
class Model:
    """A loaded image encoder on a device; `features` maps [n, 3, size, size] to [n, width]."""

    encoder: Encoder
    features: Callable[[Floats], Floats]
    device: str


def load(encoder: Encoder, device: str) -> Model:
    """The encoder on the device, once its files have the pinned hashes.

    Raises:
        FileRefused: a file is missing or another one.
    """
    return load_backbone(encoder, encoder.kind, verify(encoder), device)


def load_backbone(encoder: Encoder, kind: str, folder: Path, device: str) -> Model:
    """The backbone of a kind from a verified folder, with the encoder's size and precision."""
    size, precision = encoder.number("size"), encoder.precision
    net = BACKBONES[kind](folder)
    return Model(encoder, compiled(net, size=size, device=device, precision=precision), device)


def prepare(encoder: Encoder, raw: bytes) -> Pixels:
    """Pixels [n, 3, size, size] of all that an encoded picture shows, squeezed into the square.

    Bytes, not floats: they come back from another process, and floats are four times as many.

    Raises:
        MediaProblem: the picture cannot be decoded or is refused.
    """
    size = encoder.number("size")
    resample = Image.Resampling[str(encoder.preprocessing["resample"]).upper()]
    # `map` keeps no frame while the next is made: each may have 100 MB.
    small = map(methodcaller("resize", (size, size), resample), decode_frames(raw))
    frames = [np.asarray(frame) for frame in small]
    return np.ascontiguousarray(np.stack(frames).transpose(0, 3, 1, 2))


def embed(model: Model, pictures: Sequence[Pixels]) -> Embedded:
    """The backbone's vectors of prepared pictures, each the mean over its frames."""
    of_frames = features(model, [frame for picture in pictures for frame in picture])
    windows = np.asarray([len(picture) for picture in pictures], np.int32)
    parts = np.split(of_frames, np.cumsum(windows)[:-1])
    return Embedded(np.stack([part.mean(0) for part in parts]), windows)


def features(model: Model, frames: Sequence[Pixels]) -> Floats:
    """The backbone's vector of each of the frames [3, size, size]."""
    size = PICTURES_PER_PASS[kind_of(model.device)]
    passes = [frames[first : first + size] for first in range(0, len(frames), size)]
    return np.concatenate(
        [model.features(normalised(model.encoder, np.stack(part))) for part in passes]
    )


def normalised(encoder: Encoder, pictures: Pixels) -> Floats:
    """Pixels [n, 3, size, size] as the encoder was trained on them: less the mean, by the scale."""
    mean, std = (
        np.asarray(encoder.preprocessing[name], np.float32)[:, None, None]
        for name in ("mean", "std")
    )
    return (pictures - mean) / std


def _examples() -> tuple[bytes, ...]:
    """Three small pictures as PNG: dark, a gradient, light."""
    ramp = np.tile(np.arange(64, dtype=np.uint8), (48, 1))
    pictures = [
        Image.fromarray(ramp * factor + base) for factor, base in ((0, 9), (4, 0), (0, 250))
    ]
    files = [io.BytesIO() for _ in pictures]
    for picture, file in zip(pictures, files, strict=True):
        picture.save(file, "PNG")
    return tuple(file.getvalue() for file in files)


EXAMPLES = _examples()


def _efficientnet(folder: Path) -> Any:
    import torch
    from efficientnet_lite_pytorch import EfficientNet
    from safetensors.torch import load_file

    class Pooled(torch.nn.Module):
        def __init__(self, net: torch.nn.Module) -> None:
            super().__init__()
            self.net = net

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            features: torch.Tensor = self.net.extract_features(pixels)  # type: ignore[operator]
            return features.mean((2, 3))

    net = EfficientNet.from_name("efficientnet-lite0")
    net.load_state_dict(load_file(folder / "model.safetensors"))
    return Pooled(net)


def _clip_vision(folder: Path) -> Any:
    import torch
    from transformers import CLIPVisionModelWithProjection

    class Projected(torch.nn.Module):
        def __init__(self, net: torch.nn.Module) -> None:
            super().__init__()
            self.net = net

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            embeds: torch.Tensor = self.net(pixels).image_embeds
            return embeds

    return Projected(
        CLIPVisionModelWithProjection.from_pretrained(
            folder, local_files_only=True, use_safetensors=True
        )
    )


BACKBONES: dict[str, Callable[[Path], Any]] = {
    "efficientnet_lite0": _efficientnet,
    "clip_vision": _clip_vision,
}

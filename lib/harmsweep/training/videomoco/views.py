"""Two views of a clip: other frames, another part of the picture, other colours."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import v2

from harmsweep.training.videomoco.conf import Options

# Of ImageNet, as the published code has them, for pixels from 0 to 1.
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def augmentation(options: Options) -> v2.Compose:
    """A random change of frames [frames, 3, h, w], the same for each of them.

    The authors' augmentation: crop, grey, colours, mirror. It draws from torch's own generator.
    """
    return v2.Compose(
        [
            v2.RandomResizedCrop(options.size, scale=(options.crop, 1.0), antialias=True),
            v2.RandomGrayscale(options.grey),
            v2.ColorJitter(*[options.colour] * 4),
            v2.RandomHorizontalFlip(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, STD),
        ]
    )


def view(frames: Path, options: Options, change: v2.Compose) -> Tensor:
    """A random view [3, frames, size, size] of the kept frames in a file, uint8 [n, h, w, 3].

    A clip of fewer frames is played again from its start.
    """
    stored = np.load(frames, mmap_mode="r", allow_pickle=False)
    first = int(torch.randint(max(1, len(stored) - options.frames + 1), ()))
    shown = stored[(first + np.arange(options.frames)) % len(stored)]
    pixels: Tensor = change(torch.from_numpy(shown).permute(0, 3, 1, 2))
    return pixels.transpose(0, 1)


def views(clips: list[Path], options: Options, change: v2.Compose) -> Tensor:
    """One random view of each clip, [n, 3, frames, size, size]."""
    return torch.stack([view(clip, options, change) for clip in clips])

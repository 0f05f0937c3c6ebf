"""The network: early fusion, a shared trunk and one head per harm.

After MBMT-Net (Ciubotariu and Czibula, IEEE Access 2022): frozen parallel backbones whose outputs
are joined, then multi-task heads. Each head also has a linear term on the fused vector itself (wide
and deep, Cheng et al., 2016), so that it starts from logistic regression and the trunk adds to it.

Imports torch: for workers and the trainer, never for a driver that forks workers.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load as parse_safetensors
from safetensors.torch import save as to_safetensors
from torch import Tensor, nn

from harmsweep.fusion import Columns, Matrix, fuse
from harmsweep.manifest import HeadCounts, HeadsConfig, Manifest, load_manifest, verified_bytes


class Heads(nn.Module):
    """Fused vectors to one logit per harm."""

    def __init__(self, config: HeadsConfig) -> None:
        super().__init__()
        self.wide = nn.Linear(config.width, len(config.harms))
        self.trunk = nn.Sequential(
            nn.LayerNorm(config.width, elementwise_affine=False),
            nn.Dropout(config.dropout),
            nn.Linear(config.width, config.hidden),
            nn.GELU(),
            nn.Dropout(config.dropout),
        )
        self.deep = nn.Linear(config.hidden, len(config.harms))
        # Zero weights: the first step is that of plain logistic regression for every head.
        for layer in (self.wide, self.deep):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, fused: Tensor) -> Tensor:
        """Logits, rows by harms."""
        wide: Tensor = self.wide(fused)
        deep: Tensor = self.deep(self.trunk(fused))
        return wide + deep

    def start_from(self, counts: Sequence[HeadCounts]) -> None:
        """Put each head's bias at the log-odds of its training rows: rare harms start rare."""
        odds = [math.log(count.positives / count.negatives) for count in counts]
        with torch.no_grad():
            self.wide.bias.copy_(torch.tensor(odds))

    def wide_penalty(self, rows: Tensor, c: float) -> Tensor:
        """Logistic regression's L2 term of strength `c`, for losses that are means over `rows`."""
        return (self.wide.weight.square().sum(dim=1) / (2 * c * rows)).sum()


def masked_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Binary cross-entropy of each harm; a NaN label is absent and costs nothing.

    Each harm's mean is over its own labels in the batch, so a harm with few labels counts like one
    with many.
    """
    known = ~torch.isnan(labels)
    targets = torch.where(known, labels, torch.zeros_like(labels))
    costs = nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return (costs * known).sum(dim=0) / known.sum(dim=0).clamp(min=1)


def serialized(heads: Heads) -> bytes:
    """The weights as safetensors; equal weights give equal bytes."""
    return to_safetensors({name: t.contiguous() for name, t in heads.state_dict().items()})


@lru_cache(maxsize=2)
def load_heads(path: Path) -> tuple[Manifest, Heads]:
    """The model of a manifest, once a process.

    Raises:
        ManifestRefused: a hash differs, or the weights are not of the network's shape.
    """
    manifest = load_manifest(path)
    content = verified_bytes(path.parent / manifest.weights.name, manifest.weights.sha256)
    heads = Heads(manifest.network)
    heads.load_state_dict(parse_safetensors(content))
    return manifest, heads.eval()


def predict(heads: Heads, fused: Matrix) -> NDArray[np.float64]:
    """Probabilities, rows by harms."""
    with torch.inference_mode():
        logits: Tensor = heads(torch.from_numpy(fused))
        return torch.sigmoid(logits.double()).numpy()


def score_columns(manifest: Manifest, heads: Heads, columns: Columns) -> NDArray[np.float64]:
    """Probabilities, rows by harms, of rows given as columns."""
    return predict(heads, fuse(columns, manifest.inputs, manifest.features))

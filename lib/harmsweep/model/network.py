"""The network: early fusion, a shared trunk and one head per harm.

After MBMT-Net (Ciubotariu and Czibula, IEEE Access 2022): frozen parallel backbones whose outputs
are joined, then multi-task heads. Each head also has a linear term on the fused vector itself (wide
and deep, Cheng et al., 2016), so that it starts from logistic regression and the trunk adds to it.

Imports torch: for workers and the trainer, never for a driver that forks workers.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load as parse_safetensors
from safetensors.torch import save as to_safetensors
from torch import Tensor, nn
from torch.nn import functional

from harmsweep.model.calibration import IDENTITY, Calibration
from harmsweep.model.fusion import Columns, Feature, Input, Matrix, fuse
from harmsweep.model.manifest import (
    HeadCounts,
    HeadsConfig,
    Manifest,
    ManifestRefused,
    load_manifest,
    verified_bytes,
)
from harmsweep.model.windows import window_columns

# What dropout leaves of the trunk's input and of its output, as factors; rows by columns.
Noise = tuple[Tensor, Tensor]


class Heads(nn.Module):
    """Fused vectors to one logit per harm.

    `visible_columns` gives the columns that a harm's head sees, for heads that do not see all: the
    trunk then runs once more for each distinct set, with the same weights, as if there were no
    other columns.
    """

    def __init__(
        self,
        config: HeadsConfig,
        *,
        visible_columns: Mapping[str, NDArray[np.int64]] | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.wide = nn.Linear(config.width, len(config.harms))
        self.trunk = nn.Linear(config.width, config.hidden)
        self.deep = nn.Linear(config.hidden, len(config.harms))
        self._passes = _passes(config.harms, visible_columns or {})
        # Zero weights: the first step is that of plain logistic regression for every head.
        for layer in (self.wide, self.deep):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, fused: Tensor, noise: Noise | None = None) -> Tensor:
        """Logits, rows by harms; with dropout where its `noise` is given."""
        if len(self._passes) == 1:
            return self._logits(fused, noise, self._passes[0][1])
        logits = [self._logits(fused, noise, columns)[:, heads] for heads, columns in self._passes]
        order = torch.cat([heads for heads, _ in self._passes]).argsort()
        return torch.cat(logits, dim=1)[:, order]

    def _logits(self, fused: Tensor, noise: Noise | None, columns: Tensor | None) -> Tensor:
        """What every head would say if it saw these columns only."""
        dropped, out = noise or (None, None)
        wide, trunk = self.wide.weight, self.trunk.weight
        if columns is not None:
            fused, wide, trunk = (t.index_select(1, columns) for t in (fused, wide, trunk))
            dropped = None if dropped is None else dropped.index_select(1, columns)
        normal = functional.layer_norm(fused, fused.shape[1:])
        normal = normal if dropped is None else normal * dropped
        hidden = functional.gelu(functional.linear(normal, trunk, self.trunk.bias))
        deep: Tensor = self.deep(hidden if out is None else hidden * out)
        return functional.linear(fused, wide, self.wide.bias) + deep

    def start_from(self, counts: Sequence[HeadCounts]) -> None:
        """Put each head's bias at the log-odds of its training rows: rare harms start rare."""
        odds = [math.log(count.positives / count.negatives) for count in counts]
        with torch.no_grad():
            self.wide.bias.copy_(torch.tensor(odds))

    def wide_penalty(self, rows: Tensor, c: float) -> Tensor:
        """Logistic regression's L2 term of strength `c`, for losses that are means over `rows`."""
        return l2_penalty(self.wide.weight, rows, c)


def l2_penalty(weight: Tensor, rows: Tensor, c: float) -> Tensor:
    """Logistic regression's L2 term of strength `c`, for losses that are means over `rows`.

    `weight` is heads by columns, `rows` by head; the terms of all heads are added.
    """
    return (weight.square().sum(dim=1) / (2 * c * rows)).sum()


def _passes(
    harms: Sequence[str], visible: Mapping[str, NDArray[np.int64]]
) -> list[tuple[Tensor, Tensor | None]]:
    """The heads of each distinct set of columns; None stands for all columns."""
    together: dict[bytes, list[int]] = {}
    for place, harm in enumerate(harms):
        together.setdefault(visible[harm].tobytes() if harm in visible else b"", []).append(place)
    return [
        (torch.tensor(places), _columns(visible.get(harms[places[0]])))
        for places in together.values()
    ]


def _columns(visible: NDArray[np.int64] | None) -> Tensor | None:
    return None if visible is None else torch.from_numpy(visible)


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
    heads = Heads(manifest.network, visible_columns=manifest.visible_columns)
    try:
        heads.load_state_dict(parse_safetensors(content))
    except RuntimeError:
        raise ManifestRefused(f"{path}: the weights are not those of this network") from None
    return manifest, heads.eval()


def logits_of(heads: Heads, fused: Matrix) -> NDArray[np.float64]:
    """Logits, rows by harms."""
    with torch.inference_mode():
        logits: Tensor = heads(torch.from_numpy(fused))
        return logits.double().numpy()


def predict(
    heads: Heads, fused: Matrix, calibrations: Mapping[str, Calibration] | None = None
) -> NDArray[np.float64]:
    """Probabilities, rows by harms; a harm without a calibration has its logit's."""
    return probabilities(heads.config.harms, logits_of(heads, fused), calibrations or {})


def probabilities(
    harms: Sequence[str], logits: NDArray[np.float64], calibrations: Mapping[str, Calibration]
) -> NDArray[np.float64]:
    """Logits as probabilities, rows by harms; calibrations keep their order."""
    columns = [
        calibrations.get(harm, IDENTITY).probabilities(logits[:, place])
        for place, harm in enumerate(harms)
    ]
    return np.stack(columns, axis=1)


def greatest_logits(
    heads: Heads,
    columns: Columns,
    inputs: Sequence[Input],
    features: Sequence[Feature],
    *,
    windows: Input | None,
) -> NDArray[np.float64]:
    """Logits, rows by harms, each the greatest over the row and its text's `windows`, if any.

    Everything that is made for a model's scores goes through here: the scores themselves,
    calibrations, thresholds, evaluations and gates.
    """
    logits = logits_of(heads, fuse(columns, inputs, features))
    if windows is not None:
        for owners, rows in window_columns(columns, windows):
            # NaN stays NaN: an output that is no number must not be passed over.
            np.maximum.at(logits, owners, logits_of(heads, fuse(rows, inputs, features)))
    return logits


def score_columns(manifest: Manifest, heads: Heads, columns: Columns) -> NDArray[np.float64]:
    """Probabilities, rows by harms, of rows given as columns."""
    read = manifest.inputs, manifest.features
    logits = greatest_logits(heads, columns, *read, windows=manifest.windows)
    return probabilities(manifest.harms, logits, manifest.calibrations)

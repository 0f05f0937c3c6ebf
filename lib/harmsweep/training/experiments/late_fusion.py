"""Late fusion: a network per modality, and the weighted mean of what they say."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor

from harmsweep.evaluation.intervals import Floats
from harmsweep.evaluation.scored import ScoredRows, score_labelled_rows
from harmsweep.model.conf import Fit
from harmsweep.model.fusion import Columns
from harmsweep.training.experiments.variants import Variant, plain
from harmsweep.training.learner import Network, network
from harmsweep.training.presence import Present, modality_rows
from harmsweep.training.task import Task


def single_modality_networks(task: Task, fit: Fit, present: Present) -> dict[str, Network]:
    """A network of each modality that a labelled row has, trained on the rows that have it."""
    options, networks = plain(fit), dict[str, Network]()
    for modality in task.modalities:
        rows = modality_rows(present, task.harms, modality)
        if any(rows):
            columns = task.without([m for m in task.modalities if m != modality])
            networks[modality] = network(task, options, columns=columns, own_rows=rows)
    return networks


def late_fusion(
    part: Path, task: Task, networks: Mapping[str, Network]
) -> tuple[Variant, dict[str, float]]:
    """The mean logit of the modalities that a row has, with weights fitted on a part.

    One weight per modality for all harms: some harms have five positives there.
    """

    def of(rows: Columns) -> dict[str, NDArray[Any]]:
        fused = torch.from_numpy(task.fused(rows))
        with torch.inference_mode():
            logits = {("logits", n): one.logits(fused) for n, one in networks.items()}
        has = {("has", n): one.branches[0].has(fused) for n, one in networks.items()}
        spread = {key: there[:, None].expand(-1, len(task.harms)) for key, there in has.items()}
        return {" ".join(key): t.double().numpy() for key, t in {**logits, **spread}.items()}

    checked = list(score_labelled_rows(part, task.harms, of, **task.sources))
    weights = late_weights(checked, list(networks))
    combine = partial(_late, networks=[*networks.values()], weights=torch.tensor(weights))
    fitted = dict(zip(networks, map(float, weights), strict=True))
    return Variant((*networks.values(),), combine), fitted


def late_weights(checked: Sequence[ScoredRows], names: Sequence[str]) -> Floats:
    """Positive weights of modalities, of sum 1, that minimise cross-entropy summed over harms.

    Rows have "logits NAME" and "has NAME" (1 or 0) as scores.
    """

    def loss(free: Floats) -> float:
        weights, total = _softmax(free), 0.0
        for rows in checked:
            logits = np.stack([rows.scores[f"logits {name}"] for name in names], axis=1)
            has = np.stack([rows.scores[f"has {name}"] for name in names], axis=1)
            mean = weighted_mean(torch.tensor(logits), torch.tensor(has), torch.tensor(weights))
            if len(rows.truth):
                signed = np.where(rows.truth, -mean.numpy(), mean.numpy())
                total += float(np.logaddexp(0, signed).mean())
        return total

    return _softmax(minimize(loss, np.zeros(len(names)), method="L-BFGS-B").x)


def weighted_mean(logits: Tensor, has: Tensor, weights: Tensor) -> Tensor:
    """The mean over the last axis of what a row has; over all where it has nothing."""
    counts = torch.where((has > 0).any(dim=-1, keepdim=True), has * weights, weights)
    return (logits * counts).sum(dim=-1) / counts.sum(dim=-1)


def _softmax(free: Floats) -> Floats:
    powers = np.exp(free - free.max())
    return np.asarray(powers / powers.sum())


def _late(
    logits: Sequence[Tensor],
    fused: Tensor,
    labels: Tensor,
    *,
    networks: Sequence[Network],
    weights: Tensor,
) -> Tensor:
    has = torch.stack([one.branches[0].has(fused) for one in networks], dim=-1).double()
    return weighted_mean(torch.stack([*logits], dim=-1).double(), has[:, None, :], weights)

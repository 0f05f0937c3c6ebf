"""Gradient blending: a head per modality beside the fused one, weighted by how well it generalises.

After Wang, Tran and Feiszli, "What makes training multi-modal classification networks hard?", CVPR
2020: modalities overfit at different rates, so one rate for all is wrong for each. The loss becomes
a weighted sum of the fused head's and of one auxiliary head's per modality.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# An overfitting below this many nats is taken for this many: a modality that few rows have hardly
# moves either loss, and the ratio of two numbers near zero would give it all the weight.
LEAST_OVERFITTING = 0.01


@dataclass(frozen=True)
class Losses:
    """The losses of one head over the training and the validation part, in nats."""

    train: float
    validation: float


def overfitting_and_generalisation(before: Losses, after: Losses) -> tuple[float, float]:
    """How far the gap between the parts grew, and how far the validation loss fell."""
    gaps = after.validation - after.train, before.validation - before.train
    return gaps[0] - gaps[1], before.validation - after.validation


def ratio(before: Losses, after: Losses) -> float:
    """The overfitting-to-generalisation ratio: 0 is best; infinite where nothing was gained."""
    overfitting, generalisation = overfitting_and_generalisation(before, after)
    return abs(overfitting / generalisation) if generalisation > 0 else math.inf


def blend_weights(before: Sequence[Losses], after: Sequence[Losses]) -> tuple[float, ...]:
    """The weight of each head's loss: generalisation over squared overfitting, with sum 1.

    The fused head is the first, and has all the weight where no head generalises. Proposition 1 of
    the paper.
    """
    raw = []
    for pair in zip(before, after, strict=True):
        overfitting, generalisation = overfitting_and_generalisation(*pair)
        raw.append(max(generalisation, 0.0) / max(abs(overfitting), LEAST_OVERFITTING) ** 2)
    total = sum(raw)
    return tuple(r / total for r in raw) if total > 0 else (1.0,) + (0.0,) * (len(raw) - 1)

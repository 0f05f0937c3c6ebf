"""Losses of training: masked, weighted by label, class and task; cross-entropy or focal.

All are sums over harms of a mean over the harm's own labels; an absent label costs nothing.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from harmsweep.model.conf import Fit
from harmsweep.model.manifest import HeadCounts

# What each target costs: logits and targets, both rows by heads, to costs of that shape.
Costs = Callable[[Tensor, Tensor], Tensor]


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy of each target, in nats."""
    return functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")


def focal(logits: Tensor, targets: Tensor, *, gamma: float, alpha: float | None = None) -> Tensor:
    """Cross-entropy times (1 - p)^gamma, with p what the head gives to the true class.

    With `alpha`, positives count alpha and negatives 1 - alpha. Lin et al., "Focal loss for dense
    object detection", ICCV 2017, equation 5.
    """
    missed = torch.sigmoid(torch.where(targets > 0.5, -logits, logits))
    costs = missed**gamma * cross_entropy(logits, targets)
    return costs if alpha is None else costs * torch.where(targets > 0.5, alpha, 1 - alpha)


def one_of(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of a softmax over the heads, of which exactly one is right.

    A row's targets are shares that sum to 1; the sum over heads is the row's cost.
    """
    return -targets * functional.log_softmax(logits, dim=1)


def masked_loss(
    logits: Tensor, labels: Tensor, weights: Tensor | None = None, *, costs: Costs = cross_entropy
) -> Tensor:
    """The loss of each harm; a NaN label is absent and costs nothing.

    Each harm's mean is over its own labels in the batch, so a harm with few labels counts like one
    with many; with `weights` of labels, rows by harms, it is the weighted mean.
    """
    known = ~torch.isnan(labels)
    targets = torch.where(known, labels, torch.zeros_like(labels))
    counted = known.to(logits.dtype) if weights is None else torch.where(known, weights, 0.0)
    total = counted.sum(dim=0)
    return (costs(logits, targets) * counted).sum(dim=0) / torch.where(total > 0, total, 1.0)


def costs_of(options: Fit) -> Costs:
    """The cost that `fit.loss` names."""
    if options.loss == "focal":
        return partial(focal, gamma=options.focal_gamma, alpha=options.focal_alpha)
    return cross_entropy


def class_weights(counts: Sequence[HeadCounts]) -> Tensor:
    """Weights of a positive and of a negative, 2 by heads, that make both classes count alike.

    As scikit-learn's "balanced": the mean weight over the training rows is 1.
    """
    rows = torch.tensor([[c.positives for c in counts], [c.negatives for c in counts]])
    return rows.sum(dim=0) / (2.0 * rows)


def balanced(costs: Costs, counts: Sequence[HeadCounts]) -> Costs:
    """Costs with class weights, of logits that still say the true odds.

    Weighting shifts the odds that are learned by the ratio of the weights (Elkan, IJCAI 2001); the
    shift is added before the cost, so a head starts at its base rate and is judged like any other.
    """
    positive, negative = class_weights(counts)
    shift = torch.log(positive / negative)

    def weighted(logits: Tensor, targets: Tensor) -> Tensor:
        return costs(logits + shift, targets) * torch.where(targets > 0.5, positive, negative)

    return weighted


def task_weights(counts: Sequence[HeadCounts], options: Fit) -> Tensor:
    """What each harm's loss counts: 1, or in proportion to the square root of its labels.

    The mean is 1. Weights by uncertainty are learned, not given: see `uncertain`.
    """
    if options.task_weights != "sqrt_labels":
        return torch.ones(len(counts))
    roots = torch.tensor([float(c.positives + c.negatives) for c in counts]).sqrt()
    return roots / roots.mean()


def uncertain(losses: Tensor, log_variances: Tensor, present: Tensor) -> Tensor:
    """Losses of tasks weighted by a learned uncertainty: exp(-s) L + s / 2 with s = log variance.

    A harm without a label in the batch adds nothing: its s would fall without end. Kendall, Gal and
    Cipolla, "Multi-task learning using uncertainty to weigh losses", CVPR 2018, equation 10.
    """
    return ((-log_variances).exp() * losses + log_variances / 2) * present

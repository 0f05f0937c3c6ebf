"""A network in training: what it sees, what it learns, and its best weights so far."""

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call

from harmsweep.model.conf import Fit
from harmsweep.model.manifest import HeadCounts, HeadsConfig
from harmsweep.model.network import Heads, Noise
from harmsweep.training.batch import Batch
from harmsweep.training.losses import (
    Costs,
    balanced,
    costs_of,
    cross_entropy,
    masked_loss,
    task_weights,
    uncertain,
)
from harmsweep.training.task import Task

Columns = NDArray[np.int64]


@dataclass(frozen=True)
class Targets:
    """What a network learns if not one label per harm: its heads, and how labels become targets.

    `costs` are what it is judged by. `weights` turns labels' weights into those of targets; without
    it neither they nor background posts are used.
    """

    heads: tuple[HeadCounts, ...]
    of: Callable[[Tensor], Tensor]
    costs: Costs = cross_entropy
    weights: Callable[[Tensor], Tensor] | None = None


@dataclass
class Branch:
    """Output layers and the columns that they see: the network's own, or an auxiliary head's.

    An auxiliary one borrows the network's trunk; its own trunk is never used.
    """

    heads: Heads
    # Training rows with a target, by head.
    rows: Tensor
    # The columns of the fused matrix that it sees at all; None stands for every one.
    columns: Tensor | None = None
    # Whether it learns from those rows only that have a target of its own, and something in its
    # columns: a row without any picture teaches pictures nothing.
    own_rows: bool = False
    trunk: nn.Linear | None = None

    def seen(self, whole: Tensor) -> Tensor:
        """Its columns."""
        return whole if self.columns is None else whole.index_select(1, self.columns)

    def has(self, fused: Tensor) -> Tensor:
        """Which rows have something in its columns."""
        return _is_something(self.seen(fused))

    def logits(self, fused: Tensor) -> Tensor:
        """Logits, rows by heads, of rows with every column."""
        return self.trained(self.seen(fused), None)

    def trained(self, seen: Tensor, noise: Noise | None) -> Tensor:
        """Logits of rows with its columns only, and what dropout leaves of them."""
        borrowed: dict[str, Tensor] = {}
        if self.trunk is not None:
            weight = self.seen(self.trunk.weight)
            borrowed = {"trunk.weight": weight, "trunk.bias": self.trunk.bias}
        logits: Tensor = functional_call(self.heads, borrowed, (seen, noise))
        return logits


def _is_something(seen: Tensor) -> Tensor:
    return (seen != 0).any(dim=1)


@dataclass
class Network:
    """A network in training: its best weights so far, and for how long they were the best."""

    # Its own, then the auxiliary ones, which are thrown away.
    branches: list[Branch]
    options: Fit
    targets: Targets
    # What each branch's loss counts, and which of the branches is judged.
    blend: tuple[float, ...] = (1.0,)
    judged_branch: int = 0
    # The blends that it was trained with, by their first epochs: weights and ratios by branch.
    blends: dict[int, dict[str, list[float]]] = field(default_factory=dict)
    best: float = math.inf
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    epochs_since_best: int = 0

    def __post_init__(self) -> None:
        heads, options = self.targets.heads, self.options
        is_plain = self.targets.costs is cross_entropy
        costs = costs_of(options) if is_plain else self.targets.costs
        self.costs = balanced(costs, heads) if options.class_weights == "balanced" else costs
        self.weights = task_weights(heads, options)
        learned = options.task_weights == "uncertainty"
        self.log_variances = nn.Parameter(torch.zeros(len(heads))) if learned else None
        self.restart()

    @property
    def heads(self) -> Heads:
        """What remains of it after training."""
        return self.branches[0].heads

    @property
    def modules(self) -> nn.ModuleList:
        """The heads of all branches."""
        return nn.ModuleList([one.heads for one in self.branches])

    def restart(self) -> None:
        """Begin at the rates of the first epoch, with the branches as they are now."""
        self.optimiser = _optimiser(self)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
            self.optimiser, self.options.epochs
        )

    def logits(self, fused: Tensor) -> Tensor:
        """Logits, rows by heads, of rows with every column."""
        return self.branches[0].logits(fused)

    def step(self, batch: Batch, noise: Noise) -> float:
        """One step down the loss of a batch; gives the loss, NaN where no row says anything."""
        parts = [
            weight * loss
            for weight, one in zip(self.blend, self.branches, strict=True)
            if weight and (loss := self._loss(one, batch, noise)) is not None
        ]
        if not parts:
            return math.nan
        loss = torch.stack(parts).sum()
        self.optimiser.zero_grad()
        torch.autograd.backward(loss)
        self.optimiser.step()
        return float(loss.detach())

    def _loss(self, one: Branch, batch: Batch, noise: Noise) -> Tensor | None:
        labels, weights, known = batch.labels, batch.weights, self.targets.weights
        if known and not one.own_rows:
            labels, weights = batch.with_background()
        targets = self.targets.of(labels)
        weights = known(weights) if known and weights is not None else None
        if one.own_rows:
            # Columns before rows: a branch has few of either, and copies take most of the time.
            seen, dropped, left = one.seen(batch.whole), one.seen(noise[0]), noise[1]
            keep = _is_something(seen) & ~targets.isnan().all(dim=1)
            if not keep.any():
                return None
            seen, dropped, left, targets = (t[keep] for t in (seen, dropped, left, targets))
            weights = None if weights is None else weights[keep]
            readings = [one.trained(seen, (dropped, left))]
        else:
            dropped, left = batch.spread(one.seen(noise[0])), batch.spread(noise[1])
            readings = batch.readings(one.trained(one.seen(batch.fused), (dropped, left)))
        each = [masked_loss(logits, targets, weights, costs=self.costs) for logits in readings]
        losses = torch.stack(each).mean(dim=0)
        counts = self.weights
        if self.log_variances is not None:
            losses = uncertain(losses, self.log_variances, ~targets.isnan().all(dim=0))
            counts = (-self.log_variances.detach()).exp()
        # A head's L2 term counts as much as its loss does.
        penalty = one.heads.wide_penalty(one.rows / counts, self.options.c)
        return (losses * self.weights).sum() + penalty

    def predicted(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The logits that are judged, and their targets; those of others' rows are NaN."""
        one = self.branches[self.judged_branch]
        with torch.inference_mode():  # of this thread
            targets = self.targets.of(batch.labels)
            if one.own_rows:
                targets = torch.where(one.has(batch.whole)[:, None], targets, math.nan)
                return one.logits(batch.whole), targets
            return batch.greatest(one.logits(batch.fused)), targets

    def observe(self, held_out: float) -> None:
        """Keep the weights where the validation loss fell, else count the epoch."""
        self.epochs_since_best += 1
        if not held_out >= self.best:
            self.best, self.best_weights = held_out, copy.deepcopy(self.modules.state_dict())
            self.epochs_since_best = 0

    def restore_best(self) -> None:
        """Take the best weights back."""
        self.modules.load_state_dict(self.best_weights)
        self.modules.eval()

    def fork(self, place: int) -> "Network":
        """A copy that goes on from here with the loss of one branch alone."""
        other = copy.deepcopy(self)
        other.blend = tuple(float(p == place) for p in range(len(self.branches)))
        other.judged_branch, other.best = place, math.inf
        other.best_weights, other.epochs_since_best = {}, 0
        return other


def network(
    task: Task,
    options: Fit,
    *,
    columns: Columns | None = None,
    visible_columns: Mapping[str, Columns] | None = None,
    targets: Targets | None = None,
    own_rows: Sequence[int] | bool = False,
) -> Network:
    """A network to be trained: of all inputs or of some columns; `visible_columns` as Heads has it.

    `own_rows` as Branch has it; the numbers are how many labelled training rows each head has then.
    """
    learned = targets or Targets(task.heads, lambda labels: labels, weights=lambda given: given)
    torch.manual_seed(options.seed)
    width = task.width if columns is None else len(columns)
    heads = _heads(learned.heads, width, options, visible_columns)
    counts = [c.positives + c.negatives for c in learned.heads]
    rows = torch.tensor(counts if isinstance(own_rows, bool) else own_rows).clamp(min=1)
    seen = None if columns is None else torch.from_numpy(columns)
    return Network([Branch(heads, rows, seen, own_rows is not False)], options, learned)


def assist(one: Network, columns: Columns, rows: Sequence[int]) -> None:
    """Give a network an auxiliary branch of some columns, which `rows` labelled rows have."""
    heads = _heads(one.targets.heads, len(columns), one.options, None)
    seen, counts = torch.from_numpy(columns), torch.tensor(rows).clamp(min=1)
    one.branches.append(Branch(heads, counts, seen, own_rows=True, trunk=one.heads.trunk))
    one.blend = (*one.blend, 0.0)
    one.restart()


def _heads(
    counts: Sequence[HeadCounts],
    width: int,
    options: Fit,
    visible_columns: Mapping[str, Columns] | None,
) -> Heads:
    config = HeadsConfig(
        harms=tuple(c.harm for c in counts),
        width=width,
        hidden=options.hidden,
        dropout=options.dropout,
    )
    heads = Heads(config, visible_columns=visible_columns)
    heads.start_from(counts)
    return heads


def _optimiser(one: Network) -> torch.optim.Optimizer:
    wide = [p for branch in one.branches for p in branch.heads.wide.parameters()]
    deep = [p for branch in one.branches for p in branch.heads.deep.parameters()]
    wide += [] if one.log_variances is None else [one.log_variances]
    # The wide part has an L2 term of its own; decay on top would count twice.
    slow: dict[str, Any] = {"params": [*one.heads.trunk.parameters(), *deep]}
    fast: dict[str, Any] = {"params": wide, "lr": one.options.wide_rate, "weight_decay": 0.0}
    return torch.optim.AdamW(
        [fast, slow],
        lr=one.options.deep_rate,
        weight_decay=one.options.weight_decay,
        fused=True,
    )

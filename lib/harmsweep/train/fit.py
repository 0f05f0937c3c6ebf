"""Fit the network: masked cross-entropy per harm, early stopping on the validation part."""

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harmsweep.manifest import HeadCounts, HeadsConfig
from harmsweep.model import Heads, masked_loss
from harmsweep.snapshots import label_column
from harmsweep.train.data import Task, batches
from harmsweep.training import Fit

Pair = tuple[Tensor, Tensor]
# Called after each epoch with its number, its training loss and its validation loss.
Report = Callable[[int, float, float], None]


def class_counts(part: Path, harms: Sequence[str], *, batch: int) -> list[HeadCounts]:
    """Rows of each class that a part has, by harm."""
    totals = np.zeros((2, len(harms)), dtype=int)
    columns = [label_column(harm) for harm in harms]
    for rows in batches(part, columns, batch=batch):
        labels = np.stack([rows[column] for column in columns], axis=1)
        totals += np.stack([(labels == 1).sum(axis=0), (labels == 0).sum(axis=0)])
    return [
        HeadCounts(harm=harm, positives=int(p), negatives=int(n))
        for harm, p, n in zip(harms, *totals, strict=True)
    ]


def choose_heads(
    counts: Sequence[HeadCounts], least: int
) -> tuple[tuple[HeadCounts, ...], tuple[HeadCounts, ...]]:
    """The harms that get a head, and those that do not, with the reason."""
    chosen = tuple(c for c in counts if min(c.positives, c.negatives) >= least)
    reason = f"fewer than {least} training rows of a class"
    skipped = tuple(c.model_copy(update={"reason": reason}) for c in counts if c not in chosen)
    return chosen, skipped


def fit(snapshot: Path, task: Task, config: HeadsConfig, options: Fit, *, report: Report) -> Heads:
    """The network with the lowest validation loss; equal data and seed give equal bits on a CPU.

    Without a validation part, the network after the last epoch.
    """
    # One thread: sums over several come in an order that depends on the machine's load.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(options.seed)
    heads = Heads(config)
    heads.start_from(task.heads)
    optimiser = _optimiser(heads, options)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, options.epochs)
    best, kept, since = math.inf, heads.state_dict(), 0
    for epoch in range(options.epochs):
        pairs = _pairs(snapshot / "train", task, options, epoch=epoch)
        loss = _train_epoch(heads, optimiser, pairs, task, options)
        schedule.step()
        checked = _pairs(snapshot / "validation", task, options)
        held_out = validation_loss(heads, checked)
        report(epoch, loss, held_out)
        if not held_out >= best:
            best, kept, since = held_out, copy.deepcopy(heads.state_dict()), 0
        elif (since := since + 1) >= options.patience:
            break
    heads.load_state_dict(kept)
    return heads.eval()


def _optimiser(heads: Heads, options: Fit) -> torch.optim.Optimizer:
    wide: dict[str, Any] = {"params": [*heads.wide.parameters()], "lr": options.wide_rate}
    deep: dict[str, Any] = {"params": [*heads.trunk.parameters(), *heads.deep.parameters()]}
    # The wide part has an L2 term of its own; decay on top would count twice.
    return torch.optim.AdamW(
        [wide | {"weight_decay": 0.0}, deep],
        lr=options.deep_rate,
        weight_decay=options.weight_decay,
    )


def _pairs(part: Path, task: Task, options: Fit, *, epoch: int | None = None) -> Iterator[Pair]:
    """Fused rows and their labels by batch, shuffled for an epoch."""
    read = batches(
        part,
        task.columns,
        batch=options.batch,
        seed=None if epoch is None else options.seed + epoch,
        shuffle_rows=options.shuffle_rows,
    )
    for rows in read:
        yield torch.from_numpy(task.fused(rows)), torch.from_numpy(task.labels(rows))


def _train_epoch(
    heads: Heads,
    optimiser: torch.optim.Optimizer,
    pairs: Iterator[Pair],
    task: Task,
    options: Fit,
) -> float:
    heads.train()
    rows = torch.tensor([c.positives + c.negatives for c in task.heads])
    losses = []
    for fused, labels in pairs:
        loss = masked_loss(heads(fused), labels).sum() + heads.wide_penalty(rows, options.c)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        losses.append(float(loss.detach()))
    return float(np.mean(losses))


def validation_loss(heads: Heads, pairs: Iterator[Pair]) -> float:
    """The masked loss over all rows; NaN where there are none."""
    heads.eval()
    with torch.inference_mode():
        found = [(heads(fused), labels) for fused, labels in pairs]
    if not found:
        return math.nan
    logits, labels = (torch.cat(column) for column in zip(*found, strict=True))
    return float(masked_loss(logits, labels).sum())

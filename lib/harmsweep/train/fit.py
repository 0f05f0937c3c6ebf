"""Fit networks: masked cross-entropy per harm, early stopping on the validation part."""

import copy
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harmsweep.manifest import HeadCounts, HeadsConfig
from harmsweep.model import Heads, Noise, masked_loss
from harmsweep.snapshots import label_column
from harmsweep.train.data import Task, batches
from harmsweep.training import Fit

Pair = tuple[Tensor, Tensor]
Columns = NDArray[np.int64]
# Called after each epoch with its number, and the mean training and validation loss of the networks
# that were still training.
Report = Callable[[int, float, float], None]
# Does something for each network, and gives the results in their order.
Each = Callable[[Callable[["Network"], Any], Sequence["Network"]], list[Any]]
THREADS = 2


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


@dataclass
class Network:
    """A network in training: its best weights so far, and for how long they were the best."""

    heads: Heads
    optimiser: torch.optim.Optimizer
    # The columns of the fused matrix that it sees at all; None stands for every one.
    columns: Tensor | None = None
    best: float = math.inf
    kept: dict[str, Tensor] = field(default_factory=dict)
    since: int = 0

    def logits(self, fused: Tensor, noise: Noise | None = None) -> Tensor:
        """Logits, rows by harms, of rows with every column."""
        seen = noise and (self._seen(noise[0]), noise[1])
        found: Tensor = self.heads(self._seen(fused), seen)
        return found

    def step(self, pair: Pair, noise: Noise, rows: Tensor, options: Fit) -> float:
        """One step down the loss of a batch; gives the loss."""
        fused, labels = pair
        loss = masked_loss(self.logits(fused, noise), labels).sum()
        loss = loss + self.heads.wide_penalty(rows, options.c)
        self.optimiser.zero_grad()
        torch.autograd.backward(loss)
        self.optimiser.step()
        return float(loss.detach())

    def judge(self, held_out: float) -> None:
        """Keep the weights where the validation loss fell, else count the epoch."""
        self.since += 1
        if not held_out >= self.best:
            self.best, self.kept = held_out, copy.deepcopy(self.heads.state_dict())
            self.since = 0

    def _seen(self, whole: Tensor) -> Tensor:
        return whole if self.columns is None else whole.index_select(1, self.columns)


def network(
    task: Task,
    options: Fit,
    *,
    columns: Columns | None = None,
    kept: Mapping[str, Columns] | None = None,
) -> Network:
    """A network to be trained: of all inputs or of some columns; `kept` as Heads has it."""
    width = task.width if columns is None else len(columns)
    config = HeadsConfig(
        harms=task.harms, width=width, hidden=options.hidden, dropout=options.dropout
    )
    torch.manual_seed(options.seed)
    heads = Heads(config, kept=kept)
    heads.start_from(task.heads)
    seen = None if columns is None else torch.from_numpy(columns)
    return Network(heads, _optimiser(heads, options), seen)


def fit(
    snapshot: Path, task: Task, networks: Sequence[Network], options: Fit, *, report: Report
) -> None:
    """Train networks side by side, each until its validation loss no longer falls.

    One reading of the snapshot feeds them all, and they share what dropout leaves out: equal data
    and seed give equal bits on a CPU, for a network alone as among others. Each ends with the
    weights of its lowest validation loss; without a validation part, with those of its last epoch.
    """
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    schedules = [_schedule(one, options) for one in networks]
    with _threads() as each:
        for epoch in range(options.epochs):
            active = [one for one in networks if one.since < options.patience]
            if not active:
                break
            train = _pairs(snapshot / "train", task, options, epoch=epoch)
            loss = _train_epoch(active, train, task, options, rng=rng, each=each)
            for schedule in schedules:
                schedule.step()
            checked = _pairs(snapshot / "validation", task, options)
            losses = validation_losses(active, checked, each=each)
            for one, held_out in zip(active, losses, strict=True):
                one.judge(held_out)
            report(epoch, loss, float(np.mean(losses)))
    for one in networks:
        one.heads.load_state_dict(one.kept)
        one.heads.eval()


@contextmanager
def _threads() -> Iterator[Each]:
    """A way to do something for each network, on two threads of the process.

    Each network is computed by one thread: sums over several come in an order that depends on the
    machine's load.
    """
    torch.set_num_threads(1)
    with ThreadPoolExecutor(THREADS, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        yield lambda work, networks: list(pool.map(work, networks))


def _optimiser(heads: Heads, options: Fit) -> torch.optim.Optimizer:
    wide: dict[str, Any] = {"params": [*heads.wide.parameters()], "lr": options.wide_rate}
    deep: dict[str, Any] = {"params": [*heads.trunk.parameters(), *heads.deep.parameters()]}
    # The wide part has an L2 term of its own; decay on top would count twice.
    return torch.optim.AdamW(
        [wide | {"weight_decay": 0.0}, deep],
        lr=options.deep_rate,
        weight_decay=options.weight_decay,
        fused=True,
    )


def _schedule(one: Network, options: Fit) -> torch.optim.lr_scheduler.LRScheduler:
    return torch.optim.lr_scheduler.CosineAnnealingLR(one.optimiser, options.epochs)


def _pairs(part: Path, task: Task, options: Fit, *, epoch: int | None = None) -> Iterator[Pair]:
    """Fused rows and their labels by batch, shuffled for an epoch."""
    read = batches(
        part,
        task.columns,
        inputs=task.inputs,
        batch=options.batch,
        seed=None if epoch is None else options.seed + epoch,
        shuffle_rows=options.shuffle_rows,
    )
    for rows in read:
        yield torch.from_numpy(task.fused(rows)), torch.from_numpy(task.labels(rows))


def _train_epoch(
    networks: Sequence[Network],
    pairs: Iterator[Pair],
    task: Task,
    options: Fit,
    *,
    rng: np.random.Generator,
    each: Each,
) -> float:
    rows = torch.tensor([c.positives + c.negatives for c in task.heads])
    losses = []
    for pair in pairs:
        shape = pair[0].shape
        noise = _left(rng, shape, options), _left(rng, (shape[0], options.hidden), options)
        step = partial(Network.step, pair=pair, noise=noise, rows=rows, options=options)
        losses += each(step, networks)
    return float(np.mean(losses))


def _left(rng: np.random.Generator, shape: tuple[int, ...], options: Fit) -> Tensor:
    """What dropout leaves: 0, or 1 over the share that is left.

    By numpy: torch's own dropout takes 21 ms for a batch of 256 rows of 6,426, this 5 ms, and
    networks side by side can share it.
    """
    left = rng.random(shape, dtype=np.float32) >= options.dropout
    return torch.from_numpy(left.astype(np.float32) / np.float32(1 - options.dropout))


def validation_losses(
    networks: Sequence[Network], pairs: Iterator[Pair], *, each: Each
) -> list[float]:
    """Each network's masked loss over all rows; NaN where there are none."""
    found = [(each(partial(_judged, fused=fused), networks), labels) for fused, labels in pairs]
    if not found:
        return [math.nan] * len(networks)
    labels = torch.cat([known for _, known in found])
    logits = (torch.cat(one) for one in zip(*(of_all for of_all, _ in found), strict=True))
    return [float(masked_loss(one, labels).sum()) for one in logits]


def _judged(one: Network, fused: Tensor) -> Tensor:
    with torch.inference_mode():  # of this thread
        return one.logits(fused)

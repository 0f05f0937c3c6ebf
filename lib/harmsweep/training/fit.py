"""Fit networks: early stopping on the validation part, blends of modalities on the way."""

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
from torch import Tensor

from harmsweep.model.conf import Fit
from harmsweep.model.snapshot import weight_column
from harmsweep.training.batch import Batch
from harmsweep.training.blending import Losses, blend_weights, ratio
from harmsweep.training.calibration_fit import judged
from harmsweep.training.data import batches
from harmsweep.training.learner import Network, assist
from harmsweep.training.losses import cross_entropy, masked_loss
from harmsweep.training.presence import modality_rows, presence
from harmsweep.training.task import Task

# Called after each epoch with its number, and the mean training and validation loss of the networks
# that were still training.
Report = Callable[[int, float, float], None]
# Does something for each network, and gives the results in their order.
Each = Callable[[Callable[[Network], Any], Sequence[Network]], list[Any]]
THREADS = 2


@dataclass(frozen=True)
class _Run:
    """What all epochs of a fit share."""

    snapshot: Path
    task: Task
    options: Fit
    each: Each


def fit(
    snapshot: Path, task: Task, networks: Sequence[Network], options: Fit, *, report: Report
) -> None:
    """Train networks side by side, each until its validation loss no longer falls.

    One reading of the snapshot feeds them all, and they share what dropout leaves out: equal data
    and seed give equal bits on a CPU, for a network alone as among others. Whatever a network
    minimises, it is judged by the plain loss of its targets as `judged` has them: a head that grows
    too sure on its training rows would stop the others, though it ranks posts no worse, and one of
    few rows by chance. Each ends with the weights of its lowest validation loss; without a
    validation part, with those of its last epoch.
    """
    torch.use_deterministic_algorithms(True)
    _assist(snapshot / "train", task, [one for one in networks if one.options.blending != "none"])
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    with _threads() as each:
        run = _Run(snapshot, task, options, each)
        for epoch in range(options.epochs):
            active = [one for one in networks if one.epochs_since_best < options.patience]
            if not active:
                break
            for one in active:
                _blend(run, one, epoch)
            report(epoch, *_epoch(run, active, epoch, rng))
    for one in networks:
        one.restore_best()


def _assist(part: Path, task: Task, networks: Sequence[Network]) -> None:
    """Give networks an auxiliary branch for each modality that a labelled row has."""
    present = presence(part, task) if networks else {}
    for modality in task.modalities:
        rows = modality_rows(present, task.harms, modality)
        for one in networks if any(rows) else []:
            others = [m for m in task.modalities if m != modality]
            assist(one, task.without(others), rows)


def _blend(run: _Run, one: Network, epoch: int) -> None:
    """Estimate a network's blend anew where its options say so.

    Each branch is trained alone from here, for a super-epoch or (offline) for as long as the
    network itself, and measured at its lowest validation loss. Algorithms 1 to 3 of Wang, Tran and
    Feiszli, 2020.
    """
    options = one.options
    period = options.super_epoch if options.blending == "online" else options.epochs
    if options.blending == "none" or epoch % period:
        return
    forks = [one.fork(place) for place in range(len(one.branches))]
    # The reading's own order must not hang on who else is trained beside it.
    with torch.random.fork_rng(devices=[]):
        rng = np.random.default_rng([options.seed, epoch])
        before = _losses(run, forks)
        for number in range(epoch, min(epoch + period, options.epochs)):
            active = [fork for fork in forks if fork.epochs_since_best < options.patience]
            if active:
                _epoch(run, active, number, rng)
        for fork in forks:
            fork.restore_best()
        after = _losses(run, forks)
    one.blend = blend_weights(before, after)
    ratios = [ratio(*pair) for pair in zip(before, after, strict=True)]
    one.blends[epoch] = {"weights": list(one.blend), "ratios": ratios}


def _losses(run: _Run, networks: Sequence[Network]) -> list[Losses]:
    """The losses of networks as they are, over both parts."""
    parts = [
        validation_losses(networks, _batches(run, part), each=run.each)
        for part in ("train", "validation")
    ]
    return [Losses(*pair) for pair in zip(*parts, strict=True)]


def _epoch(
    run: _Run, networks: Sequence[Network], epoch: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Train networks for an epoch and judge them; gives their mean losses."""
    options, losses = run.options, list[float]()
    for batch in _batches(run, "train", epoch=epoch):
        shape = batch.whole.shape
        noise = _left(rng, shape, options), _left(rng, (shape[0], options.hidden), options)
        losses += run.each(partial(Network.step, batch=batch, noise=noise), networks)
    for one in networks:
        one.schedule.step()
    read = _batches(run, "validation")
    held_out = validation_losses(networks, read, each=run.each, compare=True)
    for one, loss in zip(networks, held_out, strict=True):
        one.observe(loss)
    return float(np.nanmean(losses)), float(np.mean(held_out))


@contextmanager
def _threads() -> Iterator[Each]:
    """A way to do something for each network, on two threads of the process.

    Each network is computed by one thread: sums over several come in an order that depends on the
    machine's load.
    """
    started = list[int]()

    def start() -> None:
        started.append(threading.get_native_id())
        torch.set_num_threads(1)

    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(THREADS, initializer=start) as pool:
            yield lambda work, networks: list(pool.map(work, networks))
    finally:
        _wait_for_end(started)


def _wait_for_end(threads: Iterable[int]) -> None:
    """Wait until the system has no such threads of this process any more.

    Joining says that a thread's Python has ended. After it torch still drops the Python objects
    that a backward pass left with the thread, and one that does so while the interpreter ends
    aborts the process: 1 of some 15 runs that ended with a fit (pytorch issue 117762).
    """
    for thread in threads:
        while Path(f"/proc/self/task/{thread}").exists():
            time.sleep(0.001)


def _batches(run: _Run, part: str, *, epoch: int | None = None) -> Iterator[Batch]:
    """Fused rows, their labels and these labels' weights by batch.

    For an epoch they are shuffled, and have what background posts count.
    """
    task, options = run.task, run.options
    learns = epoch is not None and task.background.weight > 0
    weights = weight_columns(run.snapshot / part, task.harms)
    read = batches(
        run.snapshot / part,
        [*task.columns, *weights],
        inputs=task.inputs,
        windows=task.windows,
        names=["dataset"] if learns else [],
        batch=options.batch,
        seed=None if epoch is None else options.seed + epoch,
        shuffle_rows=options.shuffle_rows,
    )
    for rows in read:
        weighed = np.stack([rows[name] for name in weights], axis=1) if weights else None
        fused, owners = task.fused_with_windows(rows)
        background = task.background_weights(rows) if learns else None
        yield Batch(
            torch.from_numpy(fused),
            torch.from_numpy(task.labels(rows)),
            None if weighed is None else torch.from_numpy(weighed.astype(np.float32)),
            None if owners is None else torch.from_numpy(owners),
            None if background is None else torch.from_numpy(background),
        )


def weight_columns(part: Path, harms: Sequence[str]) -> list[str]:
    """The columns of the labels' weights, by harm; none where the snapshot has no weights."""
    names = [weight_column(harm) for harm in harms]
    files = sorted(part.glob("*.parquet"))
    return names if files and {*names} <= {*pq.read_schema(files[0]).names} else []


def _left(rng: np.random.Generator, shape: tuple[int, ...], options: Fit) -> Tensor:
    """What dropout leaves: 0, or 1 over the share that is left.

    By numpy: torch's own dropout takes 21 ms for a batch of 256 rows of 6,426, this 5 ms, and
    networks side by side can share it.
    """
    left = rng.random(shape, dtype=np.float32) >= options.dropout
    return torch.from_numpy(left.astype(np.float32) / np.float32(1 - options.dropout))


def validation_losses(
    networks: Sequence[Network], read: Iterator[Batch], *, each: Each, compare: bool = False
) -> list[float]:
    """Each network's plain loss over all rows, as `judged` to `compare` epochs; NaN of no rows."""
    pairs_by_batch = [each(partial(Network.predicted, batch=batch), networks) for batch in read]
    if not pairs_by_batch:
        return [math.nan] * len(networks)
    losses = []
    for one, pairs in zip(networks, zip(*pairs_by_batch, strict=True), strict=True):
        logits, targets = (torch.cat(tensors) for tensors in zip(*pairs, strict=True))
        # A softmax over the heads has one scale for all.
        if compare and one.targets.costs is cross_entropy:
            logits, targets = judged(logits, targets)
        losses.append(float(masked_loss(logits, targets, costs=one.targets.costs).sum()))
    return losses

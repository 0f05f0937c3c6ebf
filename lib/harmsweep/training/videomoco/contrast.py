"""The adversarial training: the generator hides frames, the encoders learn not to miss them."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from harmsweep.training.videomoco.conf import Options, VideoMocoRefused
from harmsweep.training.videomoco.generator import Generator, drop, dropped_frames
from harmsweep.training.videomoco.momentum import Moco
from harmsweep.training.videomoco.views import augmentation, views


class Losses(NamedTuple):
    """An epoch's means: the contrastive loss, and how far dropping frames moved a query (L1)."""

    contrast: float
    moved: float


@dataclass
class State:
    """All that the next epoch depends on, the clips and options apart."""

    moco: Moco
    generator: Generator
    encoder_steps: torch.optim.SGD
    generator_steps: torch.optim.SGD
    history: list[Losses] = field(default_factory=list)


# Called after each epoch with the state that the next one starts from.
Report = Callable[[State], None]


def fresh_state(options: Options, *, clips: int, device: str) -> State:
    """Encoders and generator with random weights of the options' seed, and an empty queue.

    Raises:
        VideoMocoRefused: fewer clips than two batches: a query would have no negatives.
    """
    if clips < 2 * options.batch:
        raise VideoMocoRefused(f"{clips} clips are fewer than two batches of {options.batch}")
    torch.manual_seed(options.seed)
    moco = Moco(options, queue=min(options.queue, clips)).to(device)
    generator = Generator().to(device)
    return State(
        moco,
        generator,
        _sgd(moco.encoder_q, options.rate, options),
        _sgd(generator, options.generator_rate, options),
    )


def fit(state: State, clips: Sequence[Path], options: Options, *, report: Report) -> None:
    """Train the state's remaining epochs on kept frames; equal seeds give equal bits on a CPU."""
    # One thread: sums over several come in an order that depends on the machine's load.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True, warn_only=True)
    for epoch in range(len(state.history), options.epochs):
        # Every epoch has a seed of its own: one that is taken up again draws what it would have.
        torch.manual_seed(_seed(options.seed, epoch))
        if epoch == 0:
            _fill_queue(state.moco, clips, options)
        state.history.append(_train_epoch(state, clips, options, epoch=epoch))
        report(state)


def _sgd(module: torch.nn.Module, rate: float, options: Options) -> torch.optim.SGD:
    return torch.optim.SGD(
        module.parameters(),
        lr=rate,
        momentum=options.sgd_momentum,
        weight_decay=options.weight_decay,
    )


def _seed(seed: int, epoch: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{epoch}".encode()).digest()[:7])


def rate_factor(epoch: int, epochs: int) -> float:
    """A tenth from 60 % of the epochs, a hundredth from 80 %: as 120 and 160 of the paper's 200."""
    return 0.1 ** ((epoch >= 0.6 * epochs) + (epoch >= 0.8 * epochs))


def _batches(count: int, size: int) -> Iterator[Tensor]:
    """Random whole batches of clip numbers."""
    order = torch.randperm(count)
    yield from (order[first : first + size] for first in range(0, count - size + 1, size))


def _fill_queue(moco: Moco, clips: Sequence[Path], options: Options) -> None:
    """Keys of random views, so that the first queries have negatives."""
    moco.train()
    change, device = augmentation(options), moco.keys.device
    for batch in _batches(len(clips), options.batch):
        seen = views([clips[i] for i in batch], options, change).to(device)
        moco.enqueue(moco.encode_keys(seen), batch.to(device))


def _train_epoch(state: State, clips: Sequence[Path], options: Options, *, epoch: int) -> Losses:
    factor = rate_factor(epoch, options.epochs)
    for steps, rate in (
        (state.encoder_steps, options.rate),
        (state.generator_steps, options.generator_rate),
    ):
        steps.param_groups[0]["lr"] = rate * factor
    state.moco.train()
    state.generator.train()
    change, device = augmentation(options), state.moco.keys.device
    adversarial = epoch >= options.warm_up * options.epochs
    losses = []
    for batch in _batches(len(clips), options.batch):
        chosen = [clips[i] for i in batch]
        query, key = (views(chosen, options, change).to(device) for _ in range(2))
        losses.append(_step(state, query, key, batch.to(device), adversarial=adversarial))
    return Losses(*(sum(column) / len(losses) for column in zip(*losses, strict=True)))


def _step(
    state: State, query_view: Tensor, key_view: Tensor, owners: Tensor, *, adversarial: bool
) -> Losses:
    """One step of the encoders and, where adversarial, of the generator against them."""
    moco = state.moco
    seen = hidden = query_view
    if adversarial:
        scores = state.generator(query_view)
        hidden = drop(query_view, dropped_frames(scores, moco.options.dropped))
        # Cut here: the encoders' loss must not reach the generator.
        seen = hidden.detach().requires_grad_()
    queries = moco.queries(seen)
    moved = _teach_generator(state, queries, seen, hidden, query_view) if adversarial else 0.0
    moco.update_key_encoder()
    keys = moco.encode_keys(key_view)
    loss = moco.contrast(queries, keys, owners)
    state.encoder_steps.zero_grad()
    torch.autograd.backward(loss)
    state.encoder_steps.step()
    moco.enqueue(keys, owners)
    return Losses(float(loss.detach()), moved)


def _teach_generator(
    state: State, queries: Tensor, seen: Tensor, hidden: Tensor, query_view: Tensor
) -> float:
    """Step the generator towards frames whose loss moves the query more; give how far it moved.

    The distance is the mean absolute difference to the whole view's vector, times 100 as in the
    authors' code. The encoders get no gradient of it.
    """
    with torch.no_grad():
        whole = state.moco.queries(query_view)
    moved = F.l1_loss(queries, whole)
    (towards,) = torch.autograd.grad(-100 * moved, seen, retain_graph=True)
    state.generator_steps.zero_grad()
    torch.autograd.backward(hidden, towards)
    state.generator_steps.step()
    return float(moved.detach())

"""Fit the top layers of a text encoder, under a linear head a harm that is thrown away.

Method: Howard and Ruder, ULMFiT, ACL 2018 (rates that rise, then fall; layers beneath stay as they
came); the heads see the text's n-grams too, so that the layers learn what those do not say.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from harmsweep.encoders.bert import (
    NAMES,
    Bert,
    Layer,
    mean_states,
    next_states,
    read_bert,
    states_beneath,
)
from harmsweep.encoders.conf import Encoder, verify
from harmsweep.encoders.ngrams import sparse_ngrams
from harmsweep.encoders.text import load_reader, windows_of
from harmsweep.model.network import l2_penalty
from harmsweep.training.fine_tuning.conf import FineTuning
from harmsweep.training.fine_tuning.lessons import Lessons

# Tokens whose lower states are computed at once.
TOKENS = 2048
# Batches are of texts of about one length: so many batches' texts are sorted together.
SORTED_TOGETHER = 16
MOST_GRADIENT = 1.0
Report = Callable[[int, float], None]
Parts = tuple[tuple[Tensor, Tensor], ...]


@dataclass(frozen=True)
class Readings:
    """Texts as the layers beneath leave them: the states of each one's tokens, and its n-grams."""

    states: Sequence[Tensor]
    ngrams: Tensor

    def of(self, places: NDArray[np.int64]) -> "Readings":
        """Those of some of the texts."""
        return Readings([self.states[place] for place in places], self.ngrams[places])

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many tokens each text has."""
        return np.array([len(each) for each in self.states])


@dataclass(frozen=True)
class Tuned:
    """Layers that have learned, and the heads on top of them."""

    bert: Bert
    layers: tuple[Layer, ...]
    heads: nn.Linear


def read_encoder(encoder: Encoder) -> Bert:
    """The encoder to go on with, in fp32.

    Raises:
        FileRefused: its files are others than conf pins.
    """
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    return read_bert(verify(encoder), device="cpu", bf16=False, tokens=TOKENS)


def readings(bert: Bert, encoder: Encoder, texts: Sequence[str], layers: int) -> Readings:
    """What the layers beneath the last `layers` make of the first window of each text."""
    reader = load_reader(encoder)
    encodings = reader.tokenizer.encode_batch(list(texts), add_special_tokens=False)
    ids = [windows_of(reader, encoding.ids)[0] for encoding in encodings]
    order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
    sorted_states = states_beneath(bert, [ids[n] for n in order], len(bert.layers) - layers)
    # Half of the room, and eleven bits of each number.
    states = dict(zip(order, (each.half() for each in sorted_states), strict=True))
    ngrams = torch.from_numpy(sparse_ngrams(texts, encoder.ngrams).toarray().astype(np.float32))
    return Readings([states[n] for n in range(len(ids))], ngrams)


def fine_tune(
    bert: Bert, read: Readings, lessons: Lessons, options: FineTuning, *, report: Report
) -> Tuned:
    """The last layers after training; `report` is told of each epoch and its mean loss."""
    torch.manual_seed(options.seed)
    layers = tuple(_learning(layer) for layer in bert.layers[len(bert.layers) - options.layers :])
    width = bert.words.shape[1] + read.ngrams.shape[1]
    heads = nn.Linear(width, len(lessons.harms))
    labels, weights = torch.from_numpy(lessons.labels), torch.from_numpy(lessons.weights)
    _start(heads, labels, weights)
    rows = weights.sum(dim=0)
    rows = torch.where(rows > 0, rows, 1.0)
    tuned = Tuned(bert, layers, heads)
    optimiser, schedule = _optimiser(tuned, options, steps=_steps(len(labels), options))
    rng, lengths, mean = np.random.default_rng(options.seed), read.lengths, weights.mean(dim=0)
    for epoch in range(options.epochs):
        losses = []
        for some in _batches(lengths, options.batch, rng):
            logits = heads(_vectors(tuned, read, some, options.dropout))
            loss = _loss(logits, labels[some], weights[some], mean)
            loss = loss + l2_penalty(heads.weight, rows, options.c)
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(_tensors(layers), MOST_GRADIENT)
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        report(epoch, float(np.mean(losses)))
    return tuned


def vectors(tuned: Tuned, read: Readings) -> NDArray[np.float32]:
    """What the tuned layers and the n-grams make of texts: [texts, width], both of length 1."""
    order = np.argsort(read.lengths, kind="stable")
    found = np.zeros((len(order), tuned.heads.in_features), np.float32)
    with torch.inference_mode():
        for first in range(0, len(order), TOKENS // 16):
            some = order[first : first + TOKENS // 16]
            found[some] = _vectors(tuned, read, some, 0.0).numpy()
    return found


def tuned_weights(tuned: Tuned, *, kind: str = "bert") -> dict[str, Tensor]:
    """The layers' weights in bf16, in which they are read, by their names in the encoder's file."""
    names, first = NAMES[kind], len(tuned.bert.layers) - len(tuned.layers)
    found: dict[str, Tensor] = {}
    for place, layer in enumerate(tuned.layers, first):
        three = zip(*(each.chunk(3) for each in layer.query_key_value), strict=True)
        others = (names.joined, names.norm, "intermediate.dense", "output.dense")
        parts = dict(zip(names.query_key_value, three, strict=True))
        parts |= dict(zip((*others, "output.LayerNorm"), _parts(layer)[1:], strict=True))
        for part, (weight, bias) in parts.items():
            found[f"encoder.layer.{place}.{part}.weight"] = weight
            found[f"encoder.layer.{place}.{part}.bias"] = bias
    return {name: t.detach().to(torch.bfloat16).contiguous() for name, t in found.items()}


def _parts(layer: Layer) -> Parts:
    halves = layer.query_key_value, layer.joined, layer.first_norm
    return (*halves, layer.wide, layer.narrow, layer.second_norm)


def _learning(layer: Layer) -> Layer:
    """A copy of a layer whose weights learn."""
    pairs = [(w.clone().requires_grad_(), b.clone().requires_grad_()) for w, b in _parts(layer)]
    return Layer(*pairs)


def _tensors(layers: Sequence[Layer]) -> list[Tensor]:
    return [tensor for layer in layers for pair in _parts(layer) for tensor in pair]


def _start(heads: nn.Linear, labels: Tensor, weights: Tensor) -> None:
    """Zero weights, and biases at the log-odds of the lessons, one more of each class."""
    right = (labels * weights).sum(dim=0) + 1
    nn.init.zeros_(heads.weight)
    with torch.no_grad():
        heads.bias.copy_(torch.log(right / ((1 - labels) * weights).sum(dim=0).add(1)))


def _steps(rows: int, options: FineTuning) -> int:
    return options.epochs * -(-rows // options.batch)


def _optimiser(
    tuned: Tuned, options: FineTuning, *, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    rates = [options.rate, options.head_rate]
    optimiser = torch.optim.AdamW(
        [
            {"params": _tensors(tuned.layers), "weight_decay": options.weight_decay},
            # The heads have an L2 term of their own.
            {"params": [*tuned.heads.parameters()], "weight_decay": 0.0},
        ]
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rates, total_steps=steps, pct_start=options.warm_up, anneal_strategy="linear"
    )
    return optimiser, schedule


def _batches(
    lengths: NDArray[np.int64], batch: int, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Every text once, in batches of about one length that come in a random order."""
    order = rng.permutation(len(lengths))
    for first in range(0, len(order), batch * SORTED_TOGETHER):
        some = order[first : first + batch * SORTED_TOGETHER]
        some = some[np.argsort(lengths[some], kind="stable")]
        parts = [some[n : n + batch] for n in range(0, len(some), batch)]
        yield from (parts[place] for place in rng.permutation(len(parts)))


def _vectors(tuned: Tuned, read: Readings, places: NDArray[np.int64], dropout: float) -> Tensor:
    lengths = [len(read.states[place]) for place in places]
    states = torch.cat([read.states[place] for place in places]).float()
    for layer in tuned.layers:
        states = next_states(tuned.bert, layer, functional.dropout(states, dropout), lengths)
    means = functional.normalize(mean_states(states, lengths))
    return torch.cat([means, read.ngrams[torch.from_numpy(places)]], dim=1)


def _loss(logits: Tensor, labels: Tensor, weights: Tensor, mean: Tensor) -> Tensor:
    """The sum of the harms' losses, each over its own mean weight of a text.

    Not over that of the batch: a harm whose labels are rare would count as much in a batch without
    any as in one of nothing else.
    """
    costs = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    of_harms = (costs * weights).mean(dim=0) / torch.where(mean > 0, mean, 1.0)
    return of_harms.sum()

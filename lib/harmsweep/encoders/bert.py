"""BERT and MPNet on packed tokens: the texts of a pass lie end to end, without padding between.

Every pass has the same number of tokens, and so the same kernels: a text's vector is the same to
the last bit in whatever company, also in bf16. Padded, it varied there by 9e-4, and a backfill
would not have given the first run's scores.

Method: Devlin et al., BERT, NAACL 2019; Song et al., MPNet, NeurIPS 2020, whose attention has a
bias by distance; the layout of Krell et al., Efficient Sequence Packing without
Cross-contamination, 2021, with attention taken text by text instead of under a mask.
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harmsweep.encoders.device import pinned
from harmsweep.encoders.embedding import Floats
from harmsweep.files import FileRefused

if TYPE_CHECKING:
    from torch import Tensor

Windows = Sequence[Sequence[int]]
Linear = tuple["Tensor", "Tensor"]


@dataclass(frozen=True)
class Names:
    """What an architecture calls the parts of a layer's attention, and its first position."""

    query_key_value: tuple[str, str, str]
    joined: str
    norm: str
    first_position: int


NAMES = {
    "bert": Names(
        ("attention.self.query", "attention.self.key", "attention.self.value"),
        joined="attention.output.dense",
        norm="attention.output.LayerNorm",
        first_position=0,
    ),
    "mpnet": Names(
        ("attention.attn.q", "attention.attn.k", "attention.attn.v"),
        joined="attention.attn.o",
        norm="attention.LayerNorm",
        # The two before are those of padding, as fairseq counts.
        first_position=2,
    ),
}
# Beyond this distance MPNet's buckets are one: T5's bias, Raffel et al., JMLR 2020.
FARTHEST = 128


@dataclass(frozen=True)
class Layer:
    """Weight and bias of each part of a layer; query, key and value are one matrix."""

    query_key_value: Linear
    joined: Linear
    first_norm: Linear
    wide: Linear
    narrow: Linear
    second_norm: Linear


@dataclass(frozen=True)
class Bert:
    """A loaded encoder; `positions` has the embedding of the one token type added, if any.

    `bias` is added to attention, heads by positions by positions; None where there is none.
    """

    words: "Tensor"
    positions: "Tensor"
    bias: "Tensor | None"
    norm: Linear
    layers: tuple[Layer, ...]
    heads: int
    epsilon: float
    tokens: int


def load_bert(
    folder: Path, *, device: str, bf16: bool, tokens: int, tuned: Path | None = None
) -> Callable[[Windows], Floats]:
    """A function from windows of token ids, sorted by length, to the mean of their last states.

    As `read_bert`.
    """
    bert = read_bert(folder, device=device, bf16=bf16, tokens=tokens, tuned=tuned)
    return partial(_embed, bert)


def read_bert(
    folder: Path, *, device: str, bf16: bool, tokens: int, tuned: Path | None = None
) -> Bert:
    """The encoder of a folder; weights in the file `tuned` take the place of its own.

    `tokens` is the size of a pass, at least that of the longest window.

    Raises:
        FileRefused: config.json names another architecture, or `tuned` has weights of another.
    """
    import torch
    from safetensors.torch import load_file

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    _check(config)
    dtype = torch.bfloat16 if bf16 else torch.float32
    stored = load_file(folder / "model.safetensors")
    for name, weight in load_file(tuned).items() if tuned else ():
        if name not in stored or stored[name].shape != weight.shape:
            raise FileRefused(f"{tuned}: {name} is no weight of the encoder in {folder}")
        stored[name] = weight
    return _built(stored, config, tokens, lambda weight: weight.to(device, dtype))


def states_beneath(bert: Bert, windows: Windows, layers: int) -> "list[Tensor]":
    """The states of each window's tokens after the lowest layers, [tokens, width]."""
    import torch

    found: list[Tensor] = []
    # Not in inference mode: what is trained on them could not be saved for its backward pass.
    with torch.no_grad():
        for some in _passes(windows, bert.tokens):
            states = _states(bert, some, bert.layers[:layers])
            lengths = [len(window) for window in some]
            found += (part.clone() for part in torch.split(states[: sum(lengths)], lengths))
    return found


def _embed(bert: Bert, windows: Windows) -> Floats:
    import torch

    with torch.inference_mode():
        return np.concatenate([_mean_states(bert, some) for some in _passes(windows, bert.tokens)])


def _check(config: dict[str, Any]) -> None:
    wanted = {"hidden_act": ["gelu"], "position_embedding_type": ["absolute"]}
    for name, values in ({"model_type": [*NAMES]} | wanted).items():
        if config.get(name, values[0]) not in values:
            found = f"config.json: {name} is {config[name]!r}"
            raise FileRefused(f"{found}, expected {' or '.join(map(repr, values))}")


def _built(
    weights: dict[str, "Tensor"],
    config: dict[str, Any],
    tokens: int,
    placed: Callable[["Tensor"], "Tensor"],
) -> Bert:
    import torch

    names = NAMES[config.get("model_type", "bert")]

    def part(name: str) -> Linear:
        return placed(weights[f"{name}.weight"]), placed(weights[f"{name}.bias"])

    def layer(name: str) -> Layer:
        three = [part(f"{name}.{which}") for which in names.query_key_value]
        return Layer(
            (torch.cat([w for w, _ in three]), torch.cat([b for _, b in three])),
            part(f"{name}.{names.joined}"),
            part(f"{name}.{names.norm}"),
            part(f"{name}.intermediate.dense"),
            part(f"{name}.output.dense"),
            part(f"{name}.output.LayerNorm"),
        )

    positions = weights["embeddings.position_embeddings.weight"][names.first_position :]
    types = weights.get("embeddings.token_type_embeddings.weight")
    by_distance = weights.get("encoder.relative_attention_bias.weight")
    return Bert(
        words=placed(weights["embeddings.word_embeddings.weight"]),
        positions=placed(positions if types is None else positions + types[0]),
        bias=None if by_distance is None else placed(_bias(by_distance, len(positions))),
        norm=part("embeddings.LayerNorm"),
        layers=tuple(layer(f"encoder.layer.{n}") for n in range(config["num_hidden_layers"])),
        heads=config["num_attention_heads"],
        epsilon=config["layer_norm_eps"],
        tokens=tokens,
    )


def _bias(by_distance: "Tensor", positions: int) -> "Tensor":
    """What attention gains by how far a key stands behind its query, [heads, queries, keys].

    The first half of the buckets, of those that stand before it: each distance up to a half of
    them its own, then by logarithm up to FARTHEST; the second half, of those behind.
    """
    import torch

    half = len(by_distance) // 2
    places = torch.arange(positions)
    behind = places[None] - places[:, None]
    distance = behind.abs()
    near = half // 2
    growth = torch.log(distance.clamp(min=1) / near) / math.log(FARTHEST / near)
    far = near + (growth * (half - near)).long()
    bucket = torch.where(distance < near, distance, far.clamp(max=half - 1))
    return by_distance[bucket + half * (behind > 0)].permute(2, 0, 1).contiguous()


def _passes(windows: Windows, tokens: int) -> Iterator[Windows]:
    """Windows that fill a pass together, in their order."""
    first = held = 0
    for position, window in enumerate(windows):
        if held + len(window) > tokens:
            yield windows[first:position]
            first, held = position, 0
        held += len(window)
    yield windows[first:]


def _mean_states(bert: Bert, windows: Windows) -> Floats:
    """The mean over each window's tokens of the last layer's states, [windows, width]."""
    lengths = [len(window) for window in windows]
    used = _states(bert, windows, bert.layers)[: sum(lengths)]
    means: Floats = mean_states(used, lengths).cpu().numpy()
    return means


def mean_states(states: "Tensor", lengths: Sequence[int]) -> "Tensor":
    """The mean over the tokens of each window, [windows, width], of states end to end."""
    import torch

    counts = torch.tensor(lengths, device=states.device)
    return torch.segment_reduce(states.float(), "mean", lengths=counts)


def _states(bert: Bert, windows: Windows, layers: Sequence[Layer]) -> "Tensor":
    """What layers make of the windows' tokens, [tokens of a pass, width]."""
    import torch

    lengths = [len(window) for window in windows]
    ids = np.zeros((2, bert.tokens), np.int64)  # of the tokens, and their places in their windows
    ids[0, : sum(lengths)] = np.concatenate(windows)
    ids[1, : sum(lengths)] = np.concatenate([np.arange(length) for length in lengths])
    given = pinned(torch.from_numpy(ids), str(bert.words.device))
    words, places = given.to(bert.words.device, non_blocking=True)
    states = _norm(bert, bert.words[words] + bert.positions[places], bert.norm)
    for layer in layers:
        states = next_states(bert, layer, states, lengths)
    return states


def next_states(bert: Bert, layer: Layer, states: "Tensor", lengths: Sequence[int]) -> "Tensor":
    """What a layer makes of states, [tokens, width]; windows of one length lie side by side."""
    from torch.nn.functional import gelu, linear

    attended = linear(_attention(bert, layer, states, lengths), *layer.joined)
    states = _norm(bert, states + attended, layer.first_norm)
    transformed = linear(gelu(linear(states, *layer.wide)), *layer.narrow)
    return _norm(bert, states + transformed, layer.second_norm)


def _attention(bert: Bert, layer: Layer, states: "Tensor", lengths: Sequence[int]) -> "Tensor":
    """Attention within each window; those of one length are taken together."""
    import torch
    from torch.nn.functional import linear, scaled_dot_product_attention

    width = states.shape[1]
    three = linear(states, *layer.query_key_value)
    joined = torch.zeros_like(states)
    first = 0
    for length, same in groupby(lengths):
        count = len(list(same))
        end = first + count * length
        shape = (count, length, 3, bert.heads, width // bert.heads)
        query, key, value = three[first:end].view(shape).permute(2, 0, 3, 1, 4)
        bias = None if bert.bias is None else bert.bias[:, :length, :length]
        found = scaled_dot_product_attention(query, key, value, bias).transpose(1, 2)
        joined[first:end] = found.reshape(end - first, width)
        first = end
    return joined


def _norm(bert: Bert, states: "Tensor", norm: Linear) -> "Tensor":
    from torch.nn.functional import layer_norm

    return layer_norm(states, states.shape[1:], *norm, bert.epsilon)

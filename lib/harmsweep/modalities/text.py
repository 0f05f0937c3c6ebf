"""Text by a sentence encoder, or by CLIP's text encoder from a local folder; L2 norm, in windows.

Methods: Reimers and Gurevych, Sentence-BERT, EMNLP 2019, as the configuration of all-MiniLM-L6-v2
has it (mean pooling over the attention mask, then normalisation); Radford et al., CLIP, ICML 2021
(the projected embedding of the last token).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from harmsweep.encoders import Encoder, verify
from harmsweep.modalities.device import kind_of
from harmsweep.modalities.vectors import Embedded, Floats

if TYPE_CHECKING:
    import torch

EXAMPLES = ("a quiet afternoon by the lake", "you won a prize, call now", "lake " * 400)
# Padded tokens a forward pass. On a core 1,024 embed 128 posts/s and 8,192 only 102; a GPU wants
# many.
TOKENS_PER_PASS = {"cpu": 1024, "cuda": 65536}
# Inputs whose windows are sorted by length together; more pads little less.
BUFFER = 2048


@dataclass(frozen=True)
class Model:
    """A loaded text encoder with its tokenizer, on a device."""

    encoder: Encoder
    net: Any
    tokenizer: Any
    device: str


def load(encoder: Encoder, device: str) -> Model:
    """The encoder on the device, once its files have the pinned hashes.

    Raises:
        EncoderRefused: a file is missing or another one.
    """
    from tokenizers import Tokenizer
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    folder = verify(encoder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    net = KINDS[encoder.kind].load(folder)
    return Model(encoder, net.to(device).eval(), tokenizer, device)


def prepare(encoder: Encoder, raw: str) -> str:
    """The text itself: it was cleaned by the features stage and is the hashed input."""
    return raw


def embed(model: Model, texts: Sequence[str]) -> Embedded:
    """Unit vectors of the texts: the mean over a text's windows, normalised again."""
    windows = [_windows(model, text) for text in texts]
    owner = np.repeat(np.arange(len(texts)), [len(w) for w in windows])
    flat = [ids for text in windows for ids in text]
    vectors = np.zeros((len(flat), model.encoder.width), np.float32)
    for chosen in _passes([len(ids) for ids in flat], TOKENS_PER_PASS[kind_of(model.device)]):
        vectors[chosen] = _forward(model, [flat[i] for i in chosen])
    sums = np.zeros((len(texts), model.encoder.width), np.float32)
    np.add.at(sums, owner, vectors)
    return Embedded(_normalised(sums), np.bincount(owner, minlength=len(texts)).astype(np.int32))


def _windows(model: Model, text: str) -> list[list[int]]:
    """Token ids of the text's overlapping windows, each between the tokens that end a text."""
    length, stride = model.encoder.number("window") - 2, model.encoder.number("stride")
    ids = model.tokenizer.encode(text, add_special_tokens=False).ids
    start, end = map(model.tokenizer.token_to_id, KINDS[model.encoder.kind].ends)
    starts = range(0, max(1, len(ids) - length + stride), stride)
    return [[start, *ids[first : first + length], end] for first in starts]


def _passes(lengths: Sequence[int], limit: int) -> Iterator[list[int]]:
    """Positions to embed together: of like length, so that little is padding."""
    chosen: list[int] = []
    for position in sorted(range(len(lengths)), key=lengths.__getitem__):
        if chosen and (len(chosen) + 1) * lengths[position] > limit:
            yield chosen
            chosen = []
        chosen.append(position)
    if chosen:
        yield chosen


def _forward(model: Model, windows: Sequence[Sequence[int]]) -> Floats:
    import torch

    ids = torch.zeros((len(windows), max(map(len, windows))), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, window in enumerate(windows):
        ids[row, : len(window)] = torch.tensor(window)
        mask[row, : len(window)] = 1
    bf16 = model.encoder.precision == "bf16"
    with (
        torch.inference_mode(),
        torch.autocast(kind_of(model.device), torch.bfloat16, enabled=bf16),
    ):
        pooled = KINDS[model.encoder.kind].pool(
            model.net, ids.to(model.device), mask.to(model.device)
        )
    vectors: Floats = pooled.float().cpu().numpy()
    return _normalised(vectors)


def _bert(folder: Path) -> Any:
    from transformers import BertModel

    return BertModel.from_pretrained(
        folder, local_files_only=True, use_safetensors=True, add_pooling_layer=False
    )


def _mean(net: Any, ids: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
    tokens: torch.Tensor = net(ids, mask).last_hidden_state.float()
    weights = mask.unsqueeze(-1).float()
    return (tokens * weights).sum(1) / weights.sum(1)


def _clip(folder: Path) -> Any:
    from transformers import CLIPTextModelWithProjection

    return CLIPTextModelWithProjection.from_pretrained(
        folder, local_files_only=True, use_safetensors=True
    )


def _projected(net: Any, ids: "torch.Tensor", mask: "torch.Tensor") -> "torch.Tensor":
    projected: torch.Tensor = net(ids, mask).text_embeds
    return projected


class Kind(NamedTuple):
    """An architecture: how it is loaded and pooled, and the tokens before and after a text."""

    load: Callable[[Path], Any]
    pool: Callable[[Any, "torch.Tensor", "torch.Tensor"], "torch.Tensor"]
    ends: tuple[str, str]


KINDS = {
    "mean_pooling": Kind(_bert, _mean, ("[CLS]", "[SEP]")),
    "clip_text": Kind(_clip, _projected, ("<|startoftext|>", "<|endoftext|>")),
}


def _normalised(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)

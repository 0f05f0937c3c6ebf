"""Text by a sentence encoder, or by CLIP's text encoder from a local folder; L2 norm, in windows.

Where the preprocessing names `ngrams`, a text's hashed n-grams stand behind its vector.

Methods: Reimers and Gurevych, Sentence-BERT, EMNLP 2019, as the configuration of all-MiniLM-L6-v2
has it (mean pooling over the attention mask, then normalisation); Radford et al., CLIP, ICML 2021
(the projected embedding of the last token).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harmsweep.encoders.bert import Windows, load_bert
from harmsweep.encoders.conf import Encoder, verify
from harmsweep.encoders.device import kind_of
from harmsweep.encoders.embedding import Embedded, Floats, unit
from harmsweep.encoders.ngrams import ngram_vectors

EXAMPLES = ("a quiet afternoon by the lake", "you won a prize, call now", "lake " * 400)
# Tokens a forward pass. More leave a core's cache; a GPU wants many.
TOKENS_PER_PASS = {"cpu": 1024, "cuda": 65536}
# Inputs whose windows are sorted by length together: with 2,048 a core embeds a tenth less.
BUFFER = 8192
# What is said of a vector that most words of its text are not in.
UNKNOWN_WORDS = "most of its words are unknown to the encoder"


@dataclass(frozen=True)
class Reader:
    """What a text encoder reads a text by: its tokenizer, and how it cuts windows."""

    encoder: Encoder
    tokenizer: Any
    # The tokens that each window begins with.
    prefix: tuple[int, ...]


@dataclass(frozen=True)
class Model(Reader):
    """A loaded text encoder; `forward` maps windows sorted by length to vectors without n-grams."""

    forward: Callable[[Windows], Floats]


def load(encoder: Encoder, device: str) -> Model:
    """The encoder on the device, once its files have the pinned hashes.

    Raises:
        FileRefused: a file is missing or another one, or the architecture is another.
    """
    reader = load_reader(encoder)
    forward = KINDS[encoder.kind].load(encoder.folder, encoder, device)
    return Model(encoder, reader.tokenizer, reader.prefix, forward)


def load_reader(encoder: Encoder) -> Reader:
    """The encoder's reader, once its files have the pinned hashes.

    Raises:
        FileRefused: a file is missing or another one.
    """
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(verify(encoder) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    prefix = tuple(tokenizer.encode(encoder.prefix, add_special_tokens=False).ids)
    return Reader(encoder, tokenizer, prefix)


def prepare(encoder: Encoder, raw: str) -> str:
    """The text itself: it was cleaned by the features stage and is the hashed input."""
    return raw


def embed(model: Model, texts: Sequence[str]) -> Embedded:
    """Unit vectors of the texts: the mean over a text's windows, normalised again, then n-grams."""
    encodings = [model.tokenizer.encode(text, add_special_tokens=False) for text in texts]
    windows = [windows_of(model, encoding.ids) for encoding in encodings]
    owner = np.repeat(np.arange(len(texts)), [len(w) for w in windows])
    flat = [ids for text in windows for ids in text]
    order = sorted(range(len(flat)), key=lambda n: len(flat[n]))
    width = model.encoder.width - model.encoder.ngrams
    vectors = np.zeros((len(flat), width), np.float32)
    vectors[order] = unit(model.forward([flat[n] for n in order]))
    sums = np.zeros((len(texts), width), np.float32)
    np.add.at(sums, owner, vectors)
    counts = np.bincount(owner, minlength=len(texts)).astype(np.int32)
    reasons = [
        UNKNOWN_WORDS if _is_mostly_unknown(model, text, encoding) else None
        for text, encoding in zip(texts, encodings, strict=True)
    ]
    return Embedded(_with_ngrams(unit(sums), texts, model.encoder.ngrams), counts, reasons)


def _with_ngrams(vectors: Floats, texts: Sequence[str], places: int) -> Floats:
    """Unit vectors with as many places of n-grams behind, together unit vectors again."""
    if not places:
        return vectors
    return unit(np.concatenate([vectors, ngram_vectors(texts, places)], axis=1))


def _is_mostly_unknown(model: Model, text: str, encoding: Any) -> bool:
    """Whether over a half of the words are unknown tokens; symbols are no words."""
    unknown = model.tokenizer.token_to_id(KINDS[model.encoder.kind].unknown)
    if unknown not in encoding.ids:
        return False
    words: dict[int, bool] = {}
    places = zip(encoding.ids, encoding.word_ids, encoding.offsets, strict=True)
    for token, word, (start, end) in places:
        if any(map(str.isalpha, text[start:end])):
            words[word] = words.get(word, False) or token == unknown
    return sum(words.values()) * 2 > len(words)


def windows_of(reader: Reader, ids: Sequence[int]) -> list[list[int]]:
    """The token ids' overlapping windows, each between the tokens that end a text."""
    start, end = map(reader.tokenizer.token_to_id, KINDS[reader.encoder.kind].ends)
    before = [start, *reader.prefix]
    length = reader.encoder.number("window") - len(before) - 1
    stride = reader.encoder.number("stride")
    starts = range(0, max(1, len(ids) - length + stride), stride)
    return [[*before, *ids[first : first + length], end] for first in starts]


def _bert(folder: Path, encoder: Encoder, device: str) -> Callable[[Windows], Floats]:
    bf16, tokens = encoder.precision == "bf16", TOKENS_PER_PASS[kind_of(device)]
    tuned = encoder.tuned.file if encoder.tuned else None
    return load_bert(folder, device=device, bf16=bf16, tokens=tokens, tuned=tuned)


def _clip(folder: Path, encoder: Encoder, device: str) -> Callable[[Windows], Floats]:
    from transformers import CLIPTextModelWithProjection
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    net = CLIPTextModelWithProjection.from_pretrained(
        folder, local_files_only=True, use_safetensors=True
    )
    forward = partial(_projected, net.to(device).eval(), encoder.precision == "bf16", device)
    limit = TOKENS_PER_PASS[kind_of(device)]
    return lambda windows: np.concatenate([forward(some) for some in _padded(windows, limit)])


def _padded(windows: Windows, limit: int) -> Iterator[Windows]:
    """Windows to embed together, each padded to the longest: at most so many tokens."""
    first = 0
    for end in range(1, len(windows) + 1):
        if end == len(windows) or (end + 1 - first) * len(windows[end]) > limit:
            yield windows[first:end]
            first = end


def _projected(net: Any, bf16: bool, device: str, windows: Windows) -> Floats:
    import torch

    ids = torch.zeros((len(windows), max(map(len, windows))), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, window in enumerate(windows):
        ids[row, : len(window)] = torch.tensor(window)
        mask[row, : len(window)] = 1
    kind = kind_of(device)
    with torch.inference_mode(), torch.autocast(kind, torch.bfloat16, enabled=bf16):
        vectors: Floats = net(ids.to(device), mask.to(device)).text_embeds.float().cpu().numpy()
    return vectors


class Kind(NamedTuple):
    """An architecture: how it is loaded, the tokens around a text, and that of unknown words."""

    load: Callable[[Path, Encoder, str], Callable[[Windows], Floats]]
    ends: tuple[str, str]
    unknown: str


KINDS = {
    "mean_pooling": Kind(_bert, ("[CLS]", "[SEP]"), "[UNK]"),
    "mpnet_mean_pooling": Kind(_bert, ("<s>", "</s>"), "[UNK]"),
    # A BERT with the tokenizer of XLM-R (Conneau et al., ACL 2020).
    "xlmr_mean_pooling": Kind(_bert, ("<s>", "</s>"), "<unk>"),
    # Its tokens are bytes at the least: it knows every word.
    "clip_text": Kind(_clip, ("<|startoftext|>", "<|endoftext|>"), "<|unknown|>"),
}

"""What models say of texts that are no posts of the lake: each as a post that is words alone.

Imports torch, with the encoder: for judging models, never for a driver that forks workers.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmsweep.encoders.conf import Encoder, declared_encoders, load_encoders
from harmsweep.encoders.stored import stored
from harmsweep.model.columns import columns_of
from harmsweep.model.manifest import ManifestRefused, load_manifest
from harmsweep.model.network import load_heads, score_columns
from harmsweep.model.text_windows import as_read, embedded_windows, words_and_numbers
from harmsweep.model.windows import NAME

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class EncodedTexts:
    """Texts as the stages would store them: what their features say, and their vectors."""

    words: Sequence[Mapping[str, Any]]
    normal: Vectors
    raw: Vectors
    # Whether the text was disguised: only then a post has its raw text as an input.
    differs: NDArray[np.bool_]
    # The windows of each as they are stored, None of a text that is a single one.
    windows: NDArray[np.object_]


def encode_texts(
    texts: Sequence[str],
    *,
    encoder: Encoder | None = None,
    undo: bool = True,
    raw_too: bool = True,
) -> EncodedTexts:
    """Texts cleaned, normalised, counted and embedded; without `undo` disguises stay.

    `encoder` is conf's encoder of texts by default. Without `raw_too` raw texts are not embedded,
    which no new model reads.
    """
    embed = partial(embedded, encoder=encoder)
    rows = [words_and_numbers(text) for text in texts]
    cleaned = [row["clean_text"] for row in rows]
    normal = [row["normal_text"] for row in rows] if undo else cleaned
    differs = np.array([a != b for a, b in zip(cleaned, normal, strict=True)], dtype=bool)
    normal_vectors = embed([as_read(text) for text in normal])
    raw = np.zeros_like(normal_vectors)
    if raw_too and differs.any():
        raw[differs] = embed([t for t, d in zip(cleaned, differs, strict=True) if d])
    windows = embedded_windows(normal, lambda distinct: stored(embed(distinct)))
    return EncodedTexts(rows, normal_vectors, raw, differs, np.array([*windows, None], object)[:-1])


def reads_raw(models: Iterable[Path]) -> bool:
    """Whether one of the models reads raw_text."""
    return any(s.name == "raw_text" for path in models for s in load_manifest(path).inputs)


def score_texts(manifest: Path, encoded: EncodedTexts) -> NDArray[np.float64]:
    """A model's probabilities, texts by its harms; every other input and number is absent."""
    model, heads = load_heads(manifest)
    count = len(encoded.words)
    vectors = {"text": encoded.normal, "raw_text": encoded.raw, NAME: encoded.windows}
    present = {"text": np.ones(count, dtype=bool), "raw_text": encoded.differs}
    numbers = {
        feature.name: np.array([row.get(feature.name) for row in encoded.words], dtype=float)
        for feature in model.features
    }
    columns = columns_of(model, count, vectors, present, numbers)
    return score_columns(model, heads, columns)


def text_encoder(model: Path) -> Encoder:
    """The encoder whose vectors a model reads of texts; conf's, of a model that reads none.

    Raises:
        ManifestRefused: conf declares none with that id.
    """
    read = {source.name: source.encoder_id for source in load_manifest(model).inputs}
    if "text" not in read:
        return load_encoders()["text"]
    wanted = read["text"]
    for encoder in declared_encoders().values():
        if encoder.encoder_id == wanted:
            return encoder
    raise ManifestRefused(f"{model}: conf/encoders.yaml declares no encoder {wanted}")


def embedded(texts: Sequence[str], *, encoder: Encoder | None = None) -> Vectors:
    """A text encoder's vectors of texts as they are; each text is embedded once in a process.

    Disguised copies mostly read as their plain twins, and mild sentences come again and again.
    """
    from harmsweep.encoders import text

    chosen = encoder or load_encoders()["text"]
    known = _vectors(chosen.cache_id)
    fresh = [each for each in dict.fromkeys(texts) if each not in known]
    if fresh:
        known.update(
            zip(
                fresh, text.embed(_text_model(chosen.model_dump_json()), fresh).vectors, strict=True
            )
        )
    return np.stack([known[each] for each in texts])


@cache
def _vectors(_cache_id: str) -> dict[str, Vectors]:
    return {}


@cache
def _text_model(encoder: str) -> Any:
    """The encoder on every core, also where the schedule gives its tasks one thread each."""
    import torch

    from harmsweep.encoders import text

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    return text.load(Encoder.model_validate_json(encoder), "cpu")

"""What the executors do: read inputs, embed them in bounded buffers, one model load a worker.

Torch is imported by the modalities' loaders, in the worker: never before the fork.
"""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd

from harmsweep.encoders.conf import Encoder
from harmsweep.encoders.device import choose_device, kind_of
from harmsweep.encoders.loading import MODALITIES, load_model
from harmsweep.encoders.stored import STORED, stored
from harmsweep.media.access import local_media, open_media
from harmsweep.media.bounded import FILES_PER_CALL, run_bounded_each
from harmsweep.media.problem import MediaProblem

COLUMNS = ["input_hash", "encoder_id", "status", "reason", "vector", "windows"]
Row = tuple[str, str, str, str | None, Any, int]
Loaded = Callable[[int], None]
Value = TypeVar("Value")


class Item(NamedTuple):
    """A distinct input: `content` is a text, or an image's reference beneath the media root."""

    input_hash: str
    encoder_id: str
    content: str


def embed_batches(
    batches: Iterator[pd.DataFrame],
    *,
    encoders: dict[str, str],
    media_root: Path,
    loaded: Loaded,
) -> Iterator[pd.DataFrame]:
    """Rows of COLUMNS for batches of `Item`; `loaded` is told of each model load.

    An input that no vector can be computed of for good is a row with status undecodable. A file
    that is gone, or changed since it was hashed, gives no row: its hash says nothing of it now.
    """
    buffers = _prepared_buffers(batches, encoders, media_root)
    # A core that embeds has no time to prepare; beside a GPU it has nothing else to do.
    for encoder_id, items, prepared in ahead(buffers) if on_gpu() else buffers:
        rows = _embed(encoders[encoder_id], items, prepared, loaded)
        yield pd.DataFrame(rows, columns=COLUMNS)


def on_gpu() -> bool:
    """Whether this task computes on a GPU."""
    return kind_of(choose_device().name) != "cpu"


def ahead(values: Iterator[Value]) -> Iterator[Value]:
    """The same values, each computed in a thread while the caller still uses the one before."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, values, _END)
        while (value := coming.result()) is not _END:
            coming = pool.submit(next, values, _END)
            yield value  # type: ignore[misc]


_END = object()


def _prepared_buffers(
    batches: Iterator[pd.DataFrame], encoders: dict[str, str], media_root: Path
) -> Iterator[tuple[str, list[Item], list[Any]]]:
    for encoder_id, items in _buffers(batches, encoders):
        encoder = Encoder.model_validate_json(encoders[encoder_id])
        found = _prepared(items, MODALITIES[encoder.modality], encoder, media_root)
        yield encoder_id, items, [*found]


def _buffers(
    batches: Iterator[pd.DataFrame], encoders: dict[str, str]
) -> Iterator[tuple[str, list[Item]]]:
    """Items of one encoder, at most the modality's buffer of them, across Arrow batches."""
    held: dict[str, list[Item]] = {encoder_id: [] for encoder_id in encoders}
    limits = {i: _module(json).BUFFER for i, json in encoders.items()}
    for batch in batches:
        rows = batch[list(Item._fields)].itertuples(index=False, name=None)
        for encoder_id, items in groupby(map(Item._make, rows), key=attrgetter("encoder_id")):
            for item in items:
                held[encoder_id].append(item)
                if len(held[encoder_id]) == limits[encoder_id]:
                    yield encoder_id, held[encoder_id]
                    held[encoder_id] = []
    yield from ((encoder_id, items) for encoder_id, items in held.items() if items)


def _module(encoder: str) -> ModuleType:
    return MODALITIES[Encoder.model_validate_json(encoder).modality]


def _embed(encoder: str, items: list[Item], prepared: list[Any], loaded: Loaded) -> list[Row]:
    misses = load_model.cache_info().misses
    model = load_model(encoder, choose_device())
    loaded(load_model.cache_info().misses - misses)
    module = _module(encoder)
    rows: list[Row] = []
    inputs, owners = [], []
    for item, found in zip(items, prepared, strict=True):
        if isinstance(found, MediaProblem):
            rows.append(_undecodable(item, found.reason))
        elif found is not None:
            inputs.append(found)
            owners.append(item)
    if inputs:
        embedded = module.embed(model, inputs)
        finite = np.isfinite(embedded.vectors.astype(STORED)).all(axis=1)
        reasons = embedded.reasons or [None] * len(owners)
        vectors, windows = stored(embedded.vectors), embedded.windows.tolist()
        rows += map(_row, owners, vectors, finite, windows, reasons)
    return rows


def _prepared(
    items: list[Item], module: ModuleType, encoder: Encoder, media_root: Path
) -> Iterator[Any]:
    """What the modality embeds, an item's problem, or None for a file that is gone or another."""
    if encoder.modality == "text":
        yield from (module.prepare(encoder, item.content) for item in items)
        return
    for first in range(0, len(items), files := FILES_PER_CALL[encoder.modality]):
        with ExitStack() as copies:
            chosen = items[first : first + files]
            contents = [_content(copies, media_root, item, encoder.modality) for item in chosen]
            there = [content for content in contents if content is not None]
            decoded = iter(
                run_bounded_each(partial(module.prepare, encoder), there, kind=encoder.modality)
            )
            yield from [None if content is None else next(decoded) for content in contents]


def _content(copies: ExitStack, media_root: Path, item: Item, kind: str) -> bytes | Path | None:
    """A picture's bytes or a video's file, to be decoded in the bounded child."""
    try:
        path = copies.enter_context(local_media(media_root, item.content, kind))
        with open_media(path, kind) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            content = file.read() if kind == "image" else path
    except MediaProblem:
        return None
    return content if digest == item.input_hash else None


def _row(item: Item, vector: bytes, finite: bool, windows: int, reason: str | None) -> Row:
    if not finite:
        return _undecodable(item, "the vector is not finite")
    return (item.input_hash, item.encoder_id, "ok", reason, vector, windows)


def _undecodable(item: Item, reason: str) -> Row:
    return (item.input_hash, item.encoder_id, "undecodable", reason, None, 0)

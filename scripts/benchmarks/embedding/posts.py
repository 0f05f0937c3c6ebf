"""The texts that every engine embeds, and the vectors that they are held to."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from tokenizers import Tokenizer

from harmsweep.encoders.conf import load_encoders, verify
from harmsweep.encoders.stored import matrix_of
from harmsweep.paths import ROOT
from harmsweep.text.cleaning import clean
from harmsweep.text.disguise import normalise

SHARED = Path(os.environ.get("HARMSWEEP_SHARED", ROOT.parent / "shared")) / "data"
SAMPLE = ROOT / "tests" / "sample"
# Vectors of at most so many posts are compared with the reference.
COMPARED = 300
LEAST_COSINE = 0.999
Vectors = NDArray[np.float32]


class Texts(NamedTuple):
    """Distinct normal texts in the order of their posts, their hashes and tokens."""

    source: str
    texts: list[str]
    hashes: list[str]
    tokens: list[int]
    too_long: int  # posts that were left out


def load(wanted: int | None) -> Texts:
    """So many posts spread over the file, or all; only texts that fit one window.

    The peers cut a longer text where we embed it in windows: it would not be the same work.
    """
    folder = SHARED if (SHARED / "posts.jsonl").exists() else SAMPLE
    found = list(dict.fromkeys(_normal_texts(folder / "posts.jsonl")))
    encoder = load_encoders()["text"]
    tokenizer = Tokenizer.from_file(str(verify(encoder) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokens = [len(encoded.ids) for encoded in tokenizer.encode_batch(found)]
    fitting = [n for n, count in enumerate(tokens) if count <= encoder.number("window")]
    chosen = spread(fitting, wanted)
    return Texts(
        str(folder.name if folder == SAMPLE else folder),
        [found[n] for n in chosen],
        [hashlib.sha256(found[n].encode()).hexdigest() for n in chosen],
        [tokens[n] for n in chosen],
        len(found) - len(fitting),
    )


def spread(items: Sequence[int], wanted: int | None) -> list[int]:
    """So many of the items at equal distances; all where fewer are there or none are asked for."""
    if wanted is None or wanted >= len(items):
        return list(items)
    return [items[place * len(items) // wanted] for place in range(wanted)]


def _normal_texts(path: Path) -> Iterator[str]:
    for line in path.open("rb"):
        try:
            post = json.loads(line.decode("utf-8", "replace"))
        except ValueError:
            continue
        text = post.get("text") if isinstance(post, dict) else None
        if isinstance(text, str) and (normal := normalise(clean(text))).strip():
            yield normal


def write(texts: Texts, folder: Path, files: int) -> None:
    """Parquet files of about equal size, one a core, for each engine's reader to share out."""
    folder.mkdir(parents=True)
    rows = pa.table({"input_hash": texts.hashes, "text": texts.texts})
    length = -(-len(rows) // files)
    for n in range(files):
        pq.write_table(rows.slice(n * length, length), folder / f"part-{n}.parquet")


def reference(texts: Texts) -> dict[str, Vectors]:
    """Vectors by transformers in fp32, one text at a time and so without padding, by hash."""
    import torch
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    folder = verify(load_encoders()["text"])
    net = AutoModel.from_pretrained(folder, local_files_only=True).eval()
    tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    found = {}
    with torch.inference_mode():
        for n in spread(range(len(texts.texts)), COMPARED):
            inputs = tokenizer(texts.texts[n], return_tensors="pt", truncation=False)
            mean = net(**inputs).last_hidden_state[0].mean(0)
            found[texts.hashes[n]] = (mean / mean.norm()).numpy()
    return found


def compared(path: Path, expected: dict[str, Vectors]) -> tuple[int, float]:
    """How many rows a Delta table has, and the least cosine to the reference; 0 where one lacks."""
    import deltalake

    stored = deltalake.DeltaTable(str(path)).to_pyarrow_table(columns=["input_hash", "vector"])
    places = {key: n for n, key in enumerate(stored.column("input_hash").to_pylist())}
    if not expected.keys() <= places.keys():
        return len(stored), 0.0
    vectors = stored.column("vector").take([places[key] for key in expected])
    wanted = np.stack(list(expected.values()))
    # The lake holds vectors as binary values, the peers lists of numbers.
    binary = pa.types.is_binary(vectors.type) or pa.types.is_large_binary(vectors.type)
    found = matrix_of(vectors.to_pylist(), wanted.shape[1]) if binary else vectors.to_pylist()
    return len(stored), least_cosine(np.array(found), wanted)


def least_cosine(found: Vectors, expected: Vectors) -> float:
    """The least cosine between rows of the same place."""
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    return float(((found * expected).sum(1) / np.maximum(lengths, 1e-12)).min())

"""A model with one head, and a day of posts in every state, on literal rows."""

import hashlib
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import features, post, row

from harmsweep.tables.catalog import POST_VECTORS

DAY = date(2026, 10, 1)
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
Row = dict[str, Any]


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Path]:
    """A function that writes a model: its head is the first number of the text's vector."""
    pytest.importorskip("torch")
    import torch

    from harmsweep.encoders.conf import load_encoders
    from harmsweep.model.fusion import Input, fused_width
    from harmsweep.model.manifest import HeadsConfig, build_manifest, group_hash, write_manifest
    from harmsweep.model.network import Heads, serialized

    def write(
        folder: Path, *, bias: float = 0.0, encoder_id: str | None = None, windows: bool = False
    ) -> Path:
        folder.mkdir(parents=True)
        inputs = [
            Input(name=n, encoder_id=encoder_id or e.encoder_id, width=e.width)
            for n, e in load_encoders().items()
        ]
        shape = HeadsConfig(harms=("hate",), width=fused_width(inputs, []), hidden=1, dropout=0.0)
        heads = Heads(shape)
        with torch.no_grad():
            for parameter in heads.parameters():
                parameter.zero_()
            heads.wide.weight[0, 0] = 1.0
            heads.wide.bias.fill_(bias)
        files = {"model.safetensors": serialized(heads), "evaluation.json": b"{}"}
        for name, content in files.items():
            (folder / name).write_bytes(content)
        named = {n: {"name": n, "sha256": hashlib.sha256(c).hexdigest()} for n, c in files.items()}
        manifest = build_manifest(
            {
                "network": shape,
                "inputs": inputs,
                "features": [],
                "text_windows": windows,
                "heads": [{"harm": "hate", "positives": 1, "negatives": 1}],
                "skipped": [],
                "groups": [group_hash("trained")],
                "snapshot": {
                    "id": "s000000000000", "versions": {}, "first": DAY, "last": DAY, "rows": {},
                },
                "training": {},
                "metrics": {},
                "weights": named["model.safetensors"],
                "evaluation": named["evaluation.json"],
                "code_version": "test",
                "libraries": {},
            }
        )  # fmt: skip
        return write_manifest(manifest, folder)

    return write


def of_post(post: Row) -> Row:
    """The row of post_features of a post."""
    return features(post["post_id"], post["text"], post["revision"])


def vector(post: Row, first: float, *, status: str = "ok") -> Row:
    """The row of post_vectors of a post's text."""
    from harmsweep.encoders.conf import load_encoders
    from harmsweep.encoders.stored import stored

    encoder = load_encoders()["text"]
    values = np.zeros((1, encoder.width))
    values[0, 0] = first
    known = {name: post[name] for name in ("post_id", "revision")}
    known |= {"encoder_id": encoder.encoder_id, "input": "text", "status": status}
    return row(POST_VECTORS, vector=None if status == "undecodable" else stored(values)[0], **known)


def windows(post: Row, *firsts: float, status: str = "ok", reason: str | None = None) -> Row:
    """The row of post_vectors of a text's windows, by the first number of each."""
    from harmsweep.encoders.conf import load_encoders
    from harmsweep.encoders.stored import STORED
    from harmsweep.model.fusion import Input
    from harmsweep.model.windows import windows_input

    encoder = load_encoders()["text"]
    text = Input(name="text", encoder_id=encoder.encoder_id, width=encoder.width)
    source = windows_input(text)
    values = np.zeros((len(firsts), source.width), STORED)
    values[:, 0] = firsts
    known = {name: post[name] for name in ("post_id", "revision")}
    known |= {"encoder_id": source.encoder_id, "input": source.name}
    return row(POST_VECTORS, vector=values.tobytes(), status=status, reason=reason, **known)


@pytest.fixture(scope="session")
def rows_of() -> dict[str, Callable[..., Row]]:
    """The functions that make literal rows."""
    return {"post": post, "features": of_post, "vector": vector, "windows": windows}

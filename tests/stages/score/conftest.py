"""A model with one head, and a day of posts in every state, on literal rows."""

import hashlib
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

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

    def write(folder: Path, *, bias: float = 0.0, encoder_id: str | None = None) -> Path:
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


def post(post_id: str, **changes: Any) -> Row:
    """A row of posts."""
    return {
        "day": DAY, "post_id": post_id, "revision": 1, "event_id": f"e{post_id}", "sequence": 1,
        "recorded_at": NOON, "recorded_day": DAY, "created_at": NOON, "status": "accepted",
        "author_id": "a1", "author_origin": "native", "text": "x", "text_flags": [], "media": [],
        "surface": "feed", "country": "ZZ", "dataset": "live", "split_group": post_id,
    } | changes  # fmt: skip


def features(row: Row) -> Row:
    """The row of post_features of a post."""
    shared = ("day", "post_id", "revision", "author_id", "surface", "country", "dataset",
              "author_origin", "split_group", "text_flags")  # fmt: skip
    own = {"cutoff_day": DAY, "language": "en", "simulated": False}
    texts = {"clean_text": row["text"], "normal_text": row["text"]}
    return {name: row[name] for name in shared} | own | texts


def vector(row: Row, first: float, *, status: str = "ok") -> Row:
    """The row of post_vectors of a post's text."""
    from harmsweep.encoders.conf import load_encoders
    from harmsweep.encoders.stored import stored

    encoder = load_encoders()["text"]
    values = np.zeros((1, encoder.width))
    values[0, 0] = first
    return {
        "day": DAY, "post_id": row["post_id"], "revision": row["revision"],
        "encoder_id": encoder.encoder_id, "input": "text", "status": status,
        "vector": None if status == "undecodable" else stored(values)[0], "inputs": 1, "windows": 1,
    }  # fmt: skip


@pytest.fixture(scope="session")
def rows_of() -> dict[str, Callable[..., Row]]:
    """The functions that make literal rows."""
    return {"post": post, "features": features, "vector": vector}

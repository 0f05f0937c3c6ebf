"""A model of random weights with a head for every harm of posts: for timing, never for scores."""

import hashlib
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from harmsweep.harms import HARMS
from harmsweep.model.conf import load_training
from harmsweep.model.fusion import Input, fused_width
from harmsweep.model.manifest import HeadsConfig, build_manifest, write_manifest

DAY = date(2026, 10, 1)


def make_model(folder: Path, inputs: Sequence[Input]) -> Path:
    """Write the model; give the path of its manifest."""
    import torch

    from harmsweep.model.network import Heads, serialized

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    fit = load_training().fit
    width = fused_width(inputs, [])
    shape = HeadsConfig(harms=HARMS, width=width, hidden=fit.hidden, dropout=fit.dropout)
    torch.manual_seed(1)
    heads = Heads(shape)
    torch.nn.init.normal_(heads.wide.weight, std=0.1)
    torch.nn.init.normal_(heads.deep.weight, std=0.1)
    # Few posts pass a threshold: a sweep that would remove most of a day is held.
    torch.nn.init.constant_(heads.wide.bias, -4.0)
    contents = {"model.safetensors": serialized(heads), "evaluation.json": b"{}"}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    files = [{"name": n, "sha256": hashlib.sha256(c).hexdigest()} for n, c in contents.items()]
    facts = {"id": "s000000000000", "versions": {}, "first": DAY, "last": DAY, "rows": {}}
    counts = [{"harm": harm, "positives": 1, "negatives": 1} for harm in HARMS]
    manifest = build_manifest(
        {
            "network": shape, "inputs": list(inputs), "features": [], "heads": counts,
            "skipped": [], "groups": ["0" * 16], "snapshot": facts, "training": {}, "metrics": {},
            "weights": files[0], "evaluation": files[1], "code_version": "", "libraries": {},
        }
    )  # fmt: skip
    return write_manifest(manifest, folder)

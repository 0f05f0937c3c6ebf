"""Makes a model with random weights, and a policy that approves it, for a run of the DAG.

Run with the platform's Python; prints the paths of manifest and policy. The scores mean nothing.
"""

import hashlib
import json
import sys
from datetime import date
from pathlib import Path

import torch

from harmsweep.encoders import load_encoders
from harmsweep.fusion import Feature, Input, fused_width
from harmsweep.manifest import File, HeadCounts, HeadsConfig, SnapshotFacts, sealed, write_manifest
from harmsweep.model import Heads, serialized
from harmsweep.paths import CONF
from harmsweep.policy import approve_for_demonstration, mark_demonstration

HARMS = ("hate", "spam")


def heads(network: HeadsConfig) -> Heads:
    """A network with repeatable random weights: most posts score low, a few high."""
    torch.manual_seed(0)
    made = Heads(network)
    with torch.no_grad():
        made.wide.weight.normal_(std=1.5)
        made.wide.bias.fill_(-2.0)
    return made


def model(folder: Path) -> Path:
    """Write the model; give its manifest."""
    inputs = tuple(
        Input(name=name, encoder_id=encoder.encoder_id, width=encoder.width)
        for name, encoder in load_encoders().items()
    )
    features = (Feature(name="n_words", transform="log1p", mean=2.0, std=1.0),)
    width = fused_width(inputs, features)
    network = HeadsConfig(harms=HARMS, width=width, hidden=4, dropout=0.0)
    files = {"model.safetensors": serialized(heads(network)), "evaluation.json": b"{}"}
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    hashed = [File(name=n, sha256=hashlib.sha256(c).hexdigest()) for n, c in files.items()]
    day = date(2026, 10, 1)
    facts = {
        "network": network,
        "inputs": inputs,
        "features": features,
        "heads": [HeadCounts(harm=harm, positives=1, negatives=1) for harm in HARMS],
        "skipped": [],
        "groups": [],
        "snapshot": SnapshotFacts(id="none", versions={}, first=day, last=day, rows={}),
        "training": {"weights": "random"},
        "metrics": {},
        "weights": hashed[0],
        "evaluation": hashed[1],
        "code_version": "none",
        "libraries": {},
    }
    return write_manifest(sealed(facts), folder)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    manifest = model(target / "model")
    version = json.loads(manifest.read_text())["model_version"]
    mark_demonstration(target / "lake")
    template = CONF / "policy" / "demonstration.yaml"
    print(manifest)
    print(approve_for_demonstration(template, version, target / "policy.yaml"))

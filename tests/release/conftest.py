"""Models of one head whose quality is known, and a snapshot whose truth they see."""

import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytest.importorskip("torch")

import torch

from harmsweep.encoders.conf import declared_encoders, load_encoders
from harmsweep.encoders.stored import stored
from harmsweep.harms import HARMS
from harmsweep.model.conf import Split
from harmsweep.model.fusion import Input, fused_width
from harmsweep.model.manifest import HeadsConfig, build_manifest, group_hash, write_manifest
from harmsweep.model.network import Heads, serialized
from harmsweep.model.snapshot import FACTS, PARTS, Snapshot, file_hashes, label_column

DAY = date(2026, 10, 1)
ROWS = 400
MakeModel = Callable[..., Path]


# Another encoder than that of conf's texts: what a champion from before reads.
FORMER = "mpnet-ngrams"


def text_input(name: str | None = None) -> Input:
    encoder = declared_encoders()[name] if name else load_encoders()["text"]
    return Input(name="text", encoder_id=encoder.encoder_id, width=encoder.width)


@pytest.fixture(scope="session")
def make_model() -> MakeModel:
    """A function that writes a model: its head is `sense` times the first number of the text."""

    def write(
        folder: Path,
        *,
        sense: float,
        groups: tuple[str, ...] = ("trained",),
        encoder: str | None = None,
    ) -> Path:
        folder.mkdir(parents=True)
        source = text_input(encoder)
        shape = HeadsConfig(harms=("hate",), width=fused_width([source], []), hidden=1, dropout=0)
        heads = Heads(shape)
        with torch.no_grad():
            for parameter in heads.parameters():
                parameter.zero_()
            heads.wide.weight[0, 0] = sense
        evaluation = b'{"records": [], "calibration": []}'
        files = {"model.safetensors": serialized(heads), "evaluation.json": evaluation}
        for name, content in files.items():
            (folder / name).write_bytes(content)
        named = {n: {"name": n, "sha256": hashlib.sha256(c).hexdigest()} for n, c in files.items()}
        facts = {"id": "s000000000000", "versions": {}, "first": DAY, "last": DAY, "rows": {}}
        manifest = build_manifest(
            {
                "network": shape, "inputs": [source], "features": [],
                "heads": [{"harm": "hate", "positives": 1, "negatives": 1}], "skipped": [],
                "groups": sorted(group_hash(name) for name in groups), "snapshot": facts,
                "training": {}, "metrics": {}, "weights": named["model.safetensors"],
                "evaluation": named["evaluation.json"], "code_version": "test", "libraries": {},
            }
        )  # fmt: skip
        return write_manifest(manifest, folder)

    return write


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot in which the first number of the text's vector tells hate, with some noise."""
    return write_snapshot(tmp_path_factory.mktemp("release") / "s0123456789ab", text_input())


@pytest.fixture(scope="session")
def former(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same posts by another encoder."""
    return write_snapshot(tmp_path_factory.mktemp("former") / "s0123456789ac", text_input(FORMER))


def write_snapshot(folder: Path, source: Input) -> Path:
    rng = np.random.default_rng(5)
    for part in PARTS:
        truth = np.arange(ROWS) % 4 == 0
        vectors = np.zeros((ROWS, source.width), np.float32)
        vectors[:, 0] = 3 * truth - 1.5 + rng.normal(size=ROWS)
        labels = {label_column(h): np.full(ROWS, np.nan, np.float32) for h in HARMS}
        labels[label_column("hate")] = truth.astype(np.float32)
        columns = {
            "day": [DAY] * ROWS,
            "post_id": [f"{part}-{n}" for n in range(ROWS)],
            "revision": [1] * ROWS,
            "author_origin": ["native"] * ROWS,
            "n_words": [5.0] * ROWS,
            "split_group": [f"{part}-{n}" for n in range(ROWS)],
            "dataset": ["davidson"] * ROWS,
            "language": ["en"] * ROWS,
            "text_present": np.ones(ROWS, bool),
            "text_vector": pa.array(stored(vectors), pa.binary()),
            **labels,
        }
        (folder / part).mkdir(parents=True)
        pq.write_table(pa.table(columns), folder / part / "part-00000.parquet")
    each = dict.fromkeys(PARTS, ROWS)
    facts = Snapshot(
        id=folder.name, versions={}, first=DAY, last=DAY, inputs=(source,), numbers=(),
        split=Split(seed=1, train=0.25, validation=0.25, certify=0.25, test=0.25, few_groups=2),
        harms=HARMS, rows=each, groups=each, duplicates=0, files=file_hashes(folder),
    )  # fmt: skip
    (folder / FACTS).write_text(facts.model_dump_json())
    return folder


@pytest.fixture(scope="session")
def hatecheck(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of HateCheck's form: 29 functions with two harmless sentences each."""
    path = tmp_path_factory.mktemp("hatecheck") / "cases.csv"
    lines = ["functionality,test_case,label_gold,target_ident,templ_id"]
    for n in range(29):
        ending = "_h" if n % 2 else "_nh"
        name = ("ident_neutral_nh", "ident_pos_nh")[n] if n < 2 else f"function_{n}{ending}"
        gold = "hateful" if name.endswith("_h") else "non-hateful"
        lines += [f"{name},The weather is fine today number {n},{gold},{who},{n}" for who in "ab"]
    path.write_text("\n".join(lines) + "\n")
    return path

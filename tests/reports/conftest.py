"""A model of two heads whose scores are known, a snapshot, and a lake with the texts of its posts.

Spam is every second post of the test part and told well; hate has two positives.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import deltalake
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harmsweep.encoders.stored import stored
from harmsweep.harms import HARMS
from harmsweep.model.conf import Evaluation, Split, load_training
from harmsweep.model.fusion import Input, fused_width
from harmsweep.model.manifest import HeadsConfig, build_manifest, group_hash, write_manifest
from harmsweep.model.snapshot import FACTS, Snapshot, file_hashes, label_column

DAY = date(2026, 10, 1)
ROWS = {"train": 4, "certify": 80, "test": 100}
INPUTS = (Input(name="text", encoder_id="tiny", width=3),)
OPTIONS = Evaluation(resamples=200, min_groups=5, baseline_rows=10)
# What a post says; nothing of it may stand in a page unasked.
SECRET = "zanzibar <b>women</b>"


MakeModel = Callable[..., Path]


def _part(part: str) -> pa.Table:
    n = ROWS[part]
    spam = np.arange(n) % 2 == 0
    vectors = np.random.default_rng(len(part)).normal(size=(n, 3))
    vectors[:, 0] += np.where(spam, 1.5, -1.5)
    hate = np.where(np.arange(n) < 2, 1.0, 0.0)
    labels = {"spam": spam.astype("f4"), "hate": hate.astype("f4")}
    none = np.full(n, np.nan, "f4")
    return pa.table(
        {
            "day": [DAY] * n,
            "post_id": [f"{part}-{i}" for i in range(n)],
            "revision": [1] * n,
            "split_group": [f"{part}-{i}" for i in range(n)],
            "dataset": ["sms"] * n,
            "language": ["en" if i % 3 else "de" for i in range(n)],
            "author_origin": ["native"] * n,
            "n_words": [float(i % 40) for i in range(n)],
            "text_vector": pa.array(stored(vectors), pa.binary()),
            "text_present": [True] * n,
        }
        | {label_column(harm): labels.get(harm, none) for harm in HARMS}
    )  # fmt: skip


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("snapshots") / "s0123456789ab"
    for part in ROWS:
        (folder / part).mkdir(parents=True)
        pq.write_table(_part(part), folder / part / "part-00000.parquet")
    facts = Snapshot(
        id=folder.name, versions={}, first=DAY, last=DAY, inputs=INPUTS, numbers=(),
        split=Split(seed=1, train=0.5, validation=0.1, certify=0.2, test=0.2, few_groups=100),
        harms=HARMS, rows=ROWS, groups=ROWS, duplicates=0, files=file_hashes(folder),
    )  # fmt: skip
    (folder / FACTS).write_text(facts.model_dump_json())
    return folder


@pytest.fixture(scope="session")
def make_model() -> MakeModel:
    """A function that writes a model: spam's logit is the text's first number, hate's the second.

    `evaluation` is what it says of itself, and `groups` what it was trained on.
    """

    def write(folder: Path, *, evaluation: Any = None, groups: tuple[str, ...] = ("a",)) -> Path:
        import torch

        from harmsweep.model.network import Heads, serialized

        shape = HeadsConfig(
            harms=("spam", "hate"), width=fused_width(INPUTS, []), hidden=1, dropout=0
        )
        heads = Heads(shape)
        with torch.no_grad():
            for parameter in heads.parameters():
                parameter.zero_()
            heads.wide.weight[0, 0] = heads.wide.weight[1, 1] = 1.0
        files = {
            "model.safetensors": serialized(heads),
            "evaluation.json": json.dumps(evaluation or {}).encode(),
        }
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        named = {n: {"name": n, "sha256": hashlib.sha256(c).hexdigest()} for n, c in files.items()}
        options = load_training().model_dump(mode="json")
        options["evaluation"] = OPTIONS.model_dump()
        source = {"id": "s0123456789ab", "versions": {}, "first": DAY, "last": DAY, "rows": ROWS}
        manifest = build_manifest(
            {
                "network": shape, "inputs": INPUTS, "features": (), "skipped": [],
                "snapshot": source,
                "heads": [{"harm": harm, "positives": 9, "negatives": 9} for harm in shape.harms],
                "groups": sorted(map(group_hash, groups)), "training": options, "metrics": {},
                "weights": named["model.safetensors"], "evaluation": named["evaluation.json"],
                "code_version": "test", "libraries": {},
            }
        )  # fmt: skip
        return write_manifest(manifest, folder)

    return write


@pytest.fixture(scope="session")
def texts_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The texts of the test part's posts."""
    folder = tmp_path_factory.mktemp("lake")
    n = ROWS["test"]
    texts = pa.table(
        {
            "day": pa.array([DAY] * n, pa.date32()),
            "post_id": [f"test-{i}" for i in range(n)],
            "revision": pa.array([1] * n, pa.int32()),
            "clean_text": [f"{SECRET} {i}" if i % 4 else f"zanzibar {i}" for i in range(n)],
        }
    )
    deltalake.write_deltalake(str(folder / "post_features_v1"), texts)
    return folder

"""A tiny snapshot as Parquet, made without Spark: vectors that tell the class, labels, ids."""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from harmsweep.encoders.stored import stored
from harmsweep.harms import HARMS
from harmsweep.model.conf import Split
from harmsweep.model.fusion import Input
from harmsweep.model.inputs import NUMBERS
from harmsweep.model.snapshot import FACTS, PARTS, Snapshot, file_hashes, label_column
from harmsweep.paths import CONF, ROOT

INPUTS = tuple(
    Input(name=name, encoder_id="tiny", width=width)
    for name, width in (("text", 6), ("raw_text", 6), ("media_text", 6), ("description", 6),
                        ("image", 4))
)  # fmt: skip
# Which rows have an input: text all, with the class; the words in pictures a fifth, without it.
PRESENT = {"text": 1, "media_text": 5}
ROWS = {"train": 160, "validation": 40, "certify": 40, "test": 80}


def _part(part: str, rng: np.random.Generator) -> pa.Table:
    n = ROWS[part]
    spam = (np.arange(n) % 3 == 0).astype(np.float32)
    columns: dict[str, object] = {
        "day": [date(2026, 10, 1)] * n,
        "post_id": [f"{part}-{i}" for i in range(n)],
        "revision": [1] * n,
        "dataset": ["sms"] * n,
        "language": ["de" if i % 4 else "en" for i in range(n)],
        "author_origin": ["native"] * n,
        "split_group": [f"{part}-group-{i // 2}" for i in range(n)],
        "split": [part] * n,
    }
    for source in INPUTS:
        every = PRESENT.get(source.name, n + 1)
        present = np.arange(1, n + 1) % every == 0
        vectors = rng.normal(size=(n, source.width)).astype(np.float32)
        vectors[:, 0] += 2 * spam * (source.name == "text")
        columns[f"{source.name}_present"] = present
        kept = [v if there else None for v, there in zip(stored(vectors), present, strict=True)]
        columns[f"{source.name}_vector"] = pa.array(kept, pa.binary())
    for name in NUMBERS:
        known = name == "n_chars"
        columns[name] = pa.array(
            rng.integers(1, 90, n).astype(float) if known else [None] * n, "f8"
        )
    for harm in HARMS:
        # Half the rows have a label for spam; one single row is known to be hate.
        labels = np.full(n, np.nan, dtype=np.float32)
        if harm == "spam":
            labels[: n // 2 * 2] = np.where(np.arange(n) % 2 == 0, spam, np.nan)
        elif harm == "hate":
            labels[:1] = 1.0
        columns[label_column(harm)] = labels
    return pa.table(columns)


@pytest.fixture(scope="session")
def tiny_snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("snapshots") / "s0123456789ab"
    rng = np.random.default_rng(1)
    for part in PARTS:
        (folder / part).mkdir(parents=True)
        table = _part(part, rng)
        for place in range(4):
            rows = table.take(list(range(place, len(table), 4)))
            pq.write_table(rows, folder / part / f"part-{place:05d}.parquet")
    groups = {part: n // 2 for part, n in ROWS.items()}
    facts = Snapshot(
        id=folder.name, versions={"posts_v1": 1}, first=date(2026, 10, 1), last=date(2026, 10, 1),
        split=Split(seed=1, train=0.5, validation=0.1, certify=0.2, test=0.2, few_groups=100),
        inputs=INPUTS, numbers=NUMBERS, harms=HARMS, rows=ROWS, groups=groups, duplicates=0,
        files=file_hashes(folder),
    )  # fmt: skip
    (folder / FACTS).write_text(facts.model_dump_json())
    return folder


@pytest.fixture(scope="session")
def small_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """conf/training.yaml with a small network and few epochs."""
    content = yaml.safe_load((CONF / "training.yaml").read_text())
    content["inputs"] = [source.name for source in INPUTS]
    content["fit"] |= {"seed": 11, "hidden": 8, "epochs": 8, "batch": 32, "shuffle_rows": 64}
    # The validation part has seven groups of the rarer class.
    content["evaluation"] |= {"min_groups": 5}
    # Thirty steps in all.
    content["fit"] |= {"wide_rate": 0.1, "c": 10.0}
    path = tmp_path_factory.mktemp("conf") / "training.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture(scope="session")
def trainer() -> Path:
    """The Python of the trainer's environment."""
    python = ROOT / ".venv-trainer" / "bin" / "python"
    if not python.exists():
        pytest.skip("needs the trainer's environment: scripts/quickstart sets it up")
    return python

"""How long training and the ablation take on a made-up snapshot; run with the trainer's Python.

Vectors are noise that leans to the class, so the times are real and the figures mean nothing.
Prints one line of JSON: rows, widths, the snapshot's megabytes, seconds and CPU seconds of a step.
"""

import argparse
import json
import resource
import tempfile
import time
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harmsweep.encoders.stored import stored
from harmsweep.harms import HARMS
from harmsweep.model.conf import load_training
from harmsweep.model.fusion import Input
from harmsweep.model.inputs import NUMBERS
from harmsweep.model.snapshot import FACTS, PARTS, Snapshot, file_hashes, label_column
from harmsweep.paths import CONF

# Each input's width, and the share of the posts that have it: as in 14,000 posts of eight datasets,
# of which 40 are videos.
INPUTS = {
    "text": (384, 0.87),
    "raw_text": (384, 0.02),
    "media_text": (384, 0.24),
    "description": (384, 0.15),
    "image": (1280, 0.24),
    "video": (3584, 0.003),
}
ROWS_PER_FILE = 1000
DAY = date(2026, 10, 1)


def snapshot(folder: Path, *, rows: int, names: list[str]) -> Path:
    """A snapshot of so many rows, in the layout that the snapshot stage writes."""
    rng = np.random.default_rng(1)
    inputs = tuple(Input(name=n, encoder_id="noise", width=INPUTS[n][0]) for n in names)
    split = load_training().split
    counts = {part: int(rows * getattr(split, part)) for part in PARTS}
    for part, count in counts.items():
        (folder / part).mkdir(parents=True)
        for place, start in enumerate(range(0, count, ROWS_PER_FILE)):
            table = _rows(part, start, min(ROWS_PER_FILE, count - start), inputs, rng)
            pq.write_table(table, folder / part / f"part-{place:05d}.parquet")
    facts = Snapshot(
        id="s" + "0" * 12, versions={}, first=DAY, last=DAY, split=split, inputs=inputs,
        numbers=NUMBERS, harms=HARMS, rows=counts, groups=counts, duplicates=0,
        files=file_hashes(folder),
    )  # fmt: skip
    (folder / FACTS).write_text(facts.model_dump_json(), encoding="utf-8")
    return folder


def _rows(
    part: str, start: int, n: int, inputs: tuple[Input, ...], rng: np.random.Generator
) -> pa.Table:
    names = [f"{part}-{start + i}" for i in range(n)]
    # One dataset per harm, each row labelled for the harm of its own.
    harm = rng.integers(0, len(HARMS), n)
    label = rng.random(n) < 0.3
    columns: dict[str, Any] = {
        "day": [DAY] * n, "post_id": names, "revision": [1] * n, "split_group": names,
        "dataset": [f"d{h}" for h in harm], "language": ["en"] * n,
    }  # fmt: skip
    for source in inputs:
        present = rng.random(n) < INPUTS[source.name][1]
        vectors = rng.normal(size=(n, source.width)).astype(np.float32)
        vectors[:, 0] += 2 * label
        vectors /= np.sqrt(source.width)
        columns[f"{source.name}_present"] = present
        kept = [v if there else None for v, there in zip(stored(vectors), present, strict=True)]
        columns[f"{source.name}_vector"] = pa.array(kept, pa.binary())
    columns |= {name: rng.integers(0, 90, n).astype(float) for name in NUMBERS}
    for place, name in enumerate(HARMS):
        known = np.where(harm == place, label.astype(np.float32), np.nan)
        columns[label_column(name)] = known.astype(np.float32)
    return pa.table(columns)


def timed(work: Callable[[], object]) -> dict[str, float]:
    """Seconds and CPU seconds of this process."""
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
    work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": round(time.monotonic() - start, 1), "cpu_seconds": round(cpu, 1)}


def main(*, step: str, rows: int, inputs: list[str], config: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        config = _with_inputs(config, inputs, Path(folder))
        taken = snapshot(Path(folder) / "snapshots" / ("s" + "0" * 12), rows=rows, names=inputs)
        size = sum(path.stat().st_size for path in taken.rglob("*.parquet"))
        facts = {"step": step, "rows": rows, "widths": {n: INPUTS[n][0] for n in inputs}}
        facts["megabytes"] = round(size / 1e6, 1)
        return facts | timed(lambda: STEPS[step](taken, config))


def _with_inputs(config: Path, inputs: list[str], folder: Path) -> Path:
    import yaml

    content = yaml.safe_load(config.read_text(encoding="utf-8"))
    path = folder / "training.yaml"
    path.write_text(yaml.safe_dump(content | {"inputs": inputs}), encoding="utf-8")
    return path


def _read(taken: Path, config: Path) -> None:
    """One pass over the training part, fused."""
    from harmsweep.training.data import batches
    from harmsweep.training.task import Task

    options = load_training(config)
    inputs = json.loads((taken / FACTS).read_text())["inputs"]
    task = Task((), tuple(Input(**source) for source in inputs), ())
    read = batches(
        taken / "train",
        task.columns,
        inputs=task.inputs,
        batch=options.fit.batch,
        seed=1,
        shuffle_rows=options.fit.shuffle_rows,
    )
    for rows in read:
        task.fused(rows)


def _train(taken: Path, config: Path) -> None:
    from harmsweep.training.train import train

    out = taken.parents[1]
    train(taken, models=out / "models", tracking=out / "tracking", config=config)


def _ablate(taken: Path, config: Path) -> None:
    from harmsweep.training.experiments.ablation import ablate

    ablate(taken, out=taken.parent, config=config)


STEPS: dict[str, Callable[[Path, Path], None]] = {
    "read": _read,
    "train": _train,
    "ablate": _ablate,
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("step", choices=sorted(STEPS))
    parser.add_argument("--rows", type=int, default=14_000)
    parser.add_argument("--inputs", nargs="+", choices=INPUTS, default=list(INPUTS))
    parser.add_argument("--config", type=Path, default=CONF / "training.yaml")
    warnings.simplefilter("ignore", FutureWarning)
    print(json.dumps(main(**vars(parser.parse_args()))))

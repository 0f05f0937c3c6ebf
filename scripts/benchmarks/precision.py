"""What another precision of an encoder costs in accuracy, and what it gains in speed.

Over the last training snapshot of a lake: each post's input is embedded in fp32 and in bf16, a
logistic regression per harm is fitted on the training part, and the AUROC on the test part is
compared by a paired bootstrap over whole groups. A head with under 30 positives in the test part
is informational. Prints a table and exits with 1 where a head loses by more than its interval.

    .venv/bin/python scripts/benchmarks/precision.py --lake LAKE --input text
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from harmsweep.encoders import image
from harmsweep.encoders.conf import load_encoders, verify
from harmsweep.encoders.convolutions import in_torch
from harmsweep.encoders.loading import MODALITIES
from harmsweep.evaluation.intervals import auroc_auprc, bootstrap_auroc_auprc, interval
from harmsweep.lake import delta
from harmsweep.media.access import read_image, resolve_media
from harmsweep.media.problem import MediaProblem
from harmsweep.model.snapshot import label_column, load_snapshot

PRECISIONS = ("fp32", "bf16")
TORCH_INPUTS = 200
FEW_POSITIVES, RESAMPLES, SEED = 30, 1000, 7
CONTENT = {
    "text": "SELECT day, post_id, revision, normal_text AS content FROM post_features_v1"
    " WHERE normal_text <> ''",
    "image": "SELECT day, post_id, revision, uri AS content FROM media_v1"
    " WHERE kind = 'image' AND status = 'ok' AND position = 0",
}
Floats = NDArray[np.float32]


def main(*, lake: Path, media_root: Path, name: str, posts: int | None) -> int:
    """Print the speeds and the table; 1 where a head with enough positives loses for sure."""
    folder = max((lake / "snapshots").glob("s*/snapshot.json")).parent
    harms = load_snapshot(folder).harms
    rows = _rows(lake, folder, name, harms)[:posts]
    prepared = _prepared(name, media_root, rows.column("content").to_pylist())
    kept = [n for n, value in enumerate(prepared) if value is not None]
    rows, inputs = rows.take(kept), [prepared[n] for n in kept]
    if name == "image":
        _torch_rate(inputs[:TORCH_INPUTS])
    vectors = {precision: _embedded(name, precision, inputs) for precision in PRECISIONS}
    cosines = _cosines(*vectors.values())
    print(f"cosine of the two: mean {cosines.mean():.5f}, least {cosines.min():.5f}")
    print("| head | test positives | fp32 | bf16 | bf16 - fp32 (95 %) |\n|---|---|---|---|---|")
    lost = [_compare(harm, rows, vectors) for harm in harms]
    return int(any(lost))


def _rows(lake: Path, folder: Path, name: str, harms: Sequence[str]) -> pa.Table:
    labels = [label_column(harm) for harm in harms]
    key = ["day", "post_id", "revision"]
    files = [str(path) for path in folder.glob("*/*.parquet")]
    stored = ds.dataset(files).to_table(columns=[*key, "split", "split_group", *labels])
    content = delta.query(lake, CONTENT[name])
    return stored.join(content.cast(_like(content, stored)), keys=key, join_type="inner")


def _like(content: pa.Table, stored: pa.Table) -> pa.Schema:
    """The content's schema with the key's types as the snapshot has them."""
    types = {field.name: field.type for field in stored.schema} | {"content": pa.string()}
    return pa.schema([(column, types[column]) for column in content.schema.names])


def _prepared(name: str, media_root: Path, contents: Sequence[str]) -> list[Any]:
    encoder = load_encoders()[name]
    if name == "text":
        return list(contents)
    found = []
    for uri in contents:
        try:
            raw = read_image(resolve_media(media_root, uri))
            found.append(MODALITIES[name].prepare(encoder, raw))
        except MediaProblem:
            found.append(None)
    return found


def _torch_rate(inputs: Sequence[Any]) -> None:
    """Print the rate of torch itself, in fp32, for comparison."""
    encoder = load_encoders()["image"]
    net = image.BACKBONES[encoder.kind](verify(encoder)).eval()
    features = in_torch(net, device="cpu", precision="fp32")
    _timed("image fp32 in torch", image, image.Model(encoder, features, "cpu"), inputs)


def _embedded(name: str, precision: str, inputs: Sequence[Any]) -> Floats:
    encoder = load_encoders()[name].model_copy(update={"precision": precision})
    module = MODALITIES[name]
    return _timed(f"{name} {precision}", module, module.load(encoder, "cpu"), inputs)


def _timed(what: str, module: Any, model: Any, inputs: Sequence[Any]) -> Floats:
    module.embed(model, inputs[:64])
    started = time.perf_counter()
    found = [
        module.embed(model, inputs[first : first + module.BUFFER]).vectors
        for first in range(0, len(inputs), module.BUFFER)
    ]
    rate = len(inputs) / (time.perf_counter() - started)
    print(f"{what}: {len(inputs)} inputs, {rate:.0f} a second on one core", flush=True)
    return np.concatenate(found)


def _cosines(one: Floats, other: Floats) -> Floats:
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray((one * other).sum(1) / lengths)


def _compare(harm: str, rows: pa.Table, vectors: dict[str, Floats]) -> bool:
    labels = rows.column(label_column(harm)).to_numpy()
    split = rows.column("split").to_numpy(zero_copy_only=False)
    train, test = ((split == part) & (labels >= 0) for part in ("train", "test"))
    truth = labels[test] > 0.5
    if min(np.bincount(labels[train] > 0.5, minlength=2)) < 2 or truth.all() or not truth.any():
        return False
    scores = {}
    for precision, found in vectors.items():
        fitted = LogisticRegression(max_iter=300).fit(found[train], labels[train] > 0.5)
        scores[precision] = fitted.decision_function(found[test])
    groups = rows.column("split_group").to_numpy(zero_copy_only=False)[test]
    areas = bootstrap_auroc_auprc(truth, scores, groups, resamples=RESAMPLES, seed=SEED)
    low, high = interval(areas["bf16"][0] - areas["fp32"][0])
    full, half = (auroc_auprc(truth, scores[precision])[0] for precision in PRECISIONS)
    note = "" if truth.sum() >= FEW_POSITIVES else " (informational)"
    difference = f"{half - full:+.4f} ({low:+.4f} to {high:+.4f})"
    print(f"| {harm}{note} | {truth.sum()} | {full:.4f} | {half:.4f} | {difference} |", flush=True)
    return high < 0 and not note


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--media-root", type=Path, default=Path("../shared/data"))
    parser.add_argument("--input", dest="name", choices=sorted(CONTENT), default="text")
    parser.add_argument("--posts", type=int, help="at most so many (default: all)")
    sys.exit(main(**vars(parser.parse_args())))

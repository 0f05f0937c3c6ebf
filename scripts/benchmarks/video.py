"""What the video encoders tell of fights, and what they cost: a table in Markdown.

Leave one source video out, a logistic regression on each encoder's vectors, AUROC pooled over the
folds. VideoMoCo is pre-trained for some minutes on the same clips, without their labels.
"""

import argparse
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

# One core: what a clip costs is said by core. Set before torch is imported.
os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from harmsweep.encoders import video
from harmsweep.encoders.conf import Encoder, load_encoders

Vectors = NDArray[np.float32]
SHUFFLES, RESAMPLES, SEED = 20, 1000, 11
# The interval by groups means nothing with fewer.
MIN_GROUPS = 20
# What 40 clips and some minutes on one core allow; everything else as conf/videomoco.yaml.
BUDGET: dict[str, float] = {
    "batch": 8,
    "frames": 8,
    "size": 32,
    "crop": 0.5,
    "colour": 0.2,
    "queue": 32,
    "momentum": 0.97,
    "temperature": 0.2,
    "rate": 0.01,
    "generator_rate": 0.01,
}


class Rows(NamedTuple):
    """The labelled clips: files, labels and the source video of each."""

    paths: list[Path]
    truth: NDArray[np.bool_]
    groups: NDArray[np.str_]


def main(posts: Path, epochs: int) -> None:
    """Print how many clips there are, the table, and what each step took."""
    rows = read_rows(posts)
    sources = len(set(rows.groups))
    print(f"{len(rows.paths)} clips, {rows.truth.sum()} of them fights, {sources} source videos.\n")
    vectors, seconds = platform_vectors(rows)
    with tempfile.TemporaryDirectory() as folder:
        for name, trained in (("random", 0), ("pre-trained", epochs)):
            made, spent = videomoco_vectors(rows, Path(folder) / name, epochs=trained)
            vectors |= {f"VideoMoCo, {name}": made}
            seconds |= {f"{part}, {name}": value for part, value in spent.items()}
    print("| vectors | width | AUROC | 95 % by source | shuffled labels |")
    print("|---|---|---|---|---|")
    for name, found in vectors.items():
        print(f"| {name} | {found.shape[1]} | {judged(found, rows)} |")
    print()
    for name, value in seconds.items():
        print(f"- {name}: {value:.2f} s")


def read_rows(posts: Path) -> Rows:
    """The clips with a label of violence, in order of their posts."""
    labels = {
        row["post_id"]: row["label"]
        for row in _lines(posts / "labels.jsonl")
        if (row["dataset"], row["harm"]) == ("fights", "violence")
    }
    found = [row for row in _lines(posts / "posts.jsonl") if row["post_id"] in labels]
    return Rows(
        [posts / row["media"][0]["uri"] for row in found],
        np.array([labels[row["post_id"]] == 1 for row in found]),
        np.array([row["split_group"] for row in found]),
    )


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def platform_vectors(rows: Rows) -> tuple[dict[str, Vectors], dict[str, float]]:
    """The parts of the platform's video vector and the whole; seconds a clip."""
    encoder = load_encoders()["video"]
    folder = video.load(encoder, "cpu").encoder.folder
    clips, decoding = timed(lambda: [video.prepare(encoder, path) for path in rows.paths])
    of_frames = video.frame_features(encoder, folder, "cpu")
    of_shots = video.shot_features(folder, "cpu")
    frames, framing = timed(lambda: [video.pooled(of_frames(clip)) for clip in clips])
    shots, shooting = timed(lambda: [of_shots(clip).mean(0) for clip in clips])
    means, highest = (np.stack(column) for column in zip(*frames, strict=True))
    found = {
        "frames, mean": _joined(means),
        "frames, mean and maximum": _joined(means, highest),
        "TransNetV2": _joined(np.stack(shots)),
        "all three: `frames` of conf": _joined(means, highest, np.stack(shots)),
    }
    count = len(rows.paths)
    return found, {
        "decoding a clip": decoding / count,
        "EfficientNet-lite0 on a clip's frames": framing / count,
        "TransNetV2 on a clip": shooting / count,
    }


def _joined(*parts: Vectors) -> Vectors:
    return np.stack([video.joined(row) for row in zip(*parts, strict=True)])


def videomoco_vectors(rows: Rows, out: Path, *, epochs: int) -> tuple[Vectors, dict[str, float]]:
    """Vectors of VideoMoCo after so many epochs on the clips (0: random weights); seconds."""
    from harmsweep.training.videomoco.checkpoint import save_tensors
    from harmsweep.training.videomoco.clip_files import clips_of_folder
    from harmsweep.training.videomoco.conf import load_options
    from harmsweep.training.videomoco.contrast import fresh_state
    from harmsweep.training.videomoco.pretrain import pretrain
    from harmsweep.training.videomoco.published import checked_encoder

    options = load_options(changes=BUDGET | {"epochs": max(1, epochs)})
    clips = clips_of_folder(rows.paths[0].parent)
    spent: dict[str, float] = {}
    out.mkdir()
    if epochs:
        _, training = timed(lambda: pretrain(clips, options, out=out, tracking=out / "tracking"))
        spent[f"VideoMoCo's {epochs} epochs over {len(clips)} clips"] = training
        losses = json.loads((out / "manifest.json").read_text())["losses"]
        print(f"VideoMoCo's loss by epoch: {[round(loss['contrast'], 2) for loss in losses]}.\n")
    else:
        state = fresh_state(options, clips=len(clips), device="cpu").moco.encoder_q.state_dict()
        save_tensors(checked_encoder(state, "random weights"), out / "model.safetensors")
    encoder = _encoder(out)
    made = [video.prepare(encoder, path) for path in rows.paths]
    model = video.load(encoder, "cpu")
    embedded, embedding = timed(lambda: video.embed(model, made))
    return embedded.vectors, spent | {"VideoMoCo on a clip": embedding / len(rows.paths)}


def _encoder(folder: Path) -> Encoder:
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    return Encoder(
        name="videomoco",
        modality="video",
        kind="videomoco",
        path=str(folder),
        files={"model.safetensors": digest},
        width=512,
        preprocessing={
            "frames": int(BUDGET["frames"]),
            "windows": 4,
            "limit": 96,
            "size": int(BUDGET["size"]),
            "mean": (123.675, 116.28, 103.53),
            "std": (58.395, 57.12, 57.375),
        },
    )


def judged(vectors: Vectors, rows: Rows) -> str:
    """The AUROC, its interval and the mean AUROC of shuffled labels, as cells of a row."""
    scores = held_out_scores(vectors, rows.truth, rows.groups)
    area = roc_auc_score(rows.truth, scores)
    draw = np.random.default_rng(SEED)
    shuffled = []
    for _ in range(SHUFFLES):
        truth = draw.permutation(rows.truth)
        shuffled.append(roc_auc_score(truth, held_out_scores(vectors, truth, rows.groups)))
    return f"{area:.3f} | {interval(scores, rows)} | {np.mean(shuffled):.2f}"


def held_out_scores(
    vectors: Vectors, truth: NDArray[np.bool_], groups: NDArray[np.str_]
) -> NDArray[np.float64]:
    """Each clip's logit from a regression that saw no clip of its source."""
    scores = np.empty(len(truth))
    for group in np.unique(groups):
        out = groups == group
        mean = vectors[~out].mean(0)
        # One scale for all columns, as fusion has it: a mean squared length of 1.
        scale = np.sqrt(((vectors[~out] - mean) ** 2).sum(1).mean())
        # Balanced: else the left-out class is the rarer in training, and pooled scores mirror it.
        fitted = LogisticRegression(class_weight="balanced", max_iter=1000)
        fitted.fit((vectors[~out] - mean) / scale, truth[~out])
        scores[out] = fitted.decision_function((vectors[out] - mean) / scale)
    return scores


def interval(scores: NDArray[np.float64], rows: Rows) -> str:
    """The central 95 % of the AUROC over resampled sources; none with fewer than 20 sources."""
    names = np.unique(rows.groups)
    if len(names) < MIN_GROUPS:
        return f"none: {len(names)} sources"
    draw, areas = np.random.default_rng(SEED), []
    members = [np.flatnonzero(rows.groups == name) for name in names]
    for _ in range(RESAMPLES):
        chosen = np.concatenate([members[i] for i in draw.integers(len(names), size=len(names))])
        if len(set(rows.truth[chosen])) == 2:
            areas.append(roc_auc_score(rows.truth[chosen], scores[chosen]))
    low, high = np.quantile(areas, [0.025, 0.975])
    return f"{low:.2f} to {high:.2f}"


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What the work gives and the seconds that it took."""
    started = time.perf_counter()
    return work(), time.perf_counter() - started


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--posts", type=Path, required=True, help="folder of the research posts")
    parser.add_argument("--epochs", type=int, default=30, help="of VideoMoCo's pre-training")
    options = parser.parse_args()
    main(options.posts, options.epochs)

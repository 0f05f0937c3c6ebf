"""What jobs/fine_tune.py does: from a snapshot and its texts to tuned layers and their card."""

import json
import time
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from safetensors.torch import save

from harmsweep.encoders.conf import Encoder, declared_encoders
from harmsweep.encoders.tuned import GROUPS
from harmsweep.errors import WrongUse
from harmsweep.files import sha256_of, write_whole
from harmsweep.logs import log
from harmsweep.model.conf import TrainingRefused, load_training
from harmsweep.model.snapshot import load_snapshot
from harmsweep.names import advice
from harmsweep.training.fine_tuning.conf import (
    FineTuning,
    Sentences,
    load_fine_tuning,
    load_sentences,
)
from harmsweep.training.fine_tuning.lessons import (
    Lessons,
    contrasting,
    groups_of,
    lessons_of,
    rows_with_text,
)
from harmsweep.training.fine_tuning.top_layers import (
    fine_tune,
    read_encoder,
    readings,
    tuned_weights,
)

WEIGHTS, CARD = "model.safetensors", "card.md"


def run(
    texts: pd.DataFrame, *, snapshot: Path, encoder: str, out: Path, config: Path, sentences: Path
) -> dict[str, object]:
    """As `tune`, with a declared encoder's name and the files of the options.

    Raises:
        ConfRefused: a file is wrong.
        WrongUse: conf/encoders.yaml declares no such encoder.
    """
    declared = declared_encoders()
    if encoder not in declared:
        raise WrongUse(f"no encoder {encoder!r}{advice(encoder, declared)}")
    options, given = load_fine_tuning(config), load_sentences(sentences)
    return tune(
        snapshot, texts, encoder=declared[encoder], out=out, options=options, sentences=given
    )


def tune(
    snapshot: Path,
    texts: pd.DataFrame,
    *,
    encoder: Encoder,
    out: Path,
    options: FineTuning,
    sentences: Sentences,
) -> dict[str, object]:
    """Tune an encoder's last layers on a snapshot; give path, SHA-256 and size of their weights.

    `texts` has the `normal_text` of posts by day, post_id and revision.

    Raises:
        SnapshotRefused: the snapshot's files differ from its own hashes.
        TrainingRefused: its train part has no labelled text of both classes of any harm.
        FileRefused: the encoder's files are others than conf pins.
    """
    started, facts = time.monotonic(), load_snapshot(snapshot)
    rows = rows_with_text(snapshot / "train", texts, facts.harms)
    posts = lessons_of(rows, facts.harms, load_training().background)
    if not posts.teaches.any():
        raise TrainingRefused(f"{snapshot}: no labelled texts of both classes of any harm")
    lessons = posts.beside(contrasting(sentences, options.contrast, posts.harms, seed=options.seed))
    base = encoder.model_copy(update={"tuned": None})
    bert = read_encoder(base)
    read = readings(bert, base, lessons.texts, options.layers)
    tuned = fine_tune(bert, read, lessons, options, report=_report)
    out.mkdir(parents=True, exist_ok=True)
    metadata = {GROUPS: json.dumps(groups_of(rows)), "snapshot": facts.id}
    path = write_whole(out / WEIGHTS, save(tuned_weights(tuned), metadata=metadata))
    said = {"weights": str(path), "sha256": sha256_of(path), "bytes": path.stat().st_size}
    seconds = round(time.monotonic() - started)
    write_whole(out / CARD, card(said, base, facts.id, lessons, options))
    return said | {"texts": len(posts.texts), "seconds": seconds}


def _report(epoch: int, loss: float) -> None:
    log("fine_tune").info("epoch", epoch=epoch + 1, loss=round(loss, 4))


def card(
    said: Mapping[str, object],
    base: Encoder,
    snapshot: str,
    lessons: Lessons,
    options: FineTuning,
) -> str:
    """What the layers are, what they learned from and how, in Markdown."""
    known = lessons.weights > 0
    counts = [
        f"| {harm} | {(known & (lessons.labels == 1))[:, n].sum():,} | "
        f"{(known & (lessons.labels == 0))[:, n].sum():,} |"
        for n, harm in enumerate(lessons.harms)
    ]
    table = "\n".join(counts)
    sentences = "and the sentences" if options.contrast.weight else "without the sentences"
    return f"""\
# Tuned layers of {base.name}

The last {options.layers} layers of `{base.cache_id}`
after {options.epochs} epochs of `jobs/fine_tune.py` on the train part of snapshot `{snapshot}`
({sentences} of `conf/contrast.yaml`): {said["bytes"]:,} bytes in bf16, SHA-256
`{said["sha256"]}`.

Their vectors are an input of the fused model, which alone is calibrated, certified and released
(docs/release.md); they say nothing by themselves. The file holds hashes of the groups that they
learned from: a snapshot has those in its train part alone. The encoder's words are English.

Examples of each harm, background posts among them:

| harm | it is | it is not |
|---|---|---|
{table}
"""

"""What each input of a text is worth: AUROC by head of a logistic regression on it, out of fold.

Over the rows with a text of a snapshot's train and validation parts, in folds of whole split
groups; certify and test have no say. A head learns from all of its rows and is judged by dataset.
Beside each AUROC stands its difference to the first input, with the central 95 % over resamples of
whole groups. With --tune an encoder is tuned on the other folds of each (conf/fine_tuning.yaml).

    .venv/bin/python scripts/benchmarks/inputs.py --lake lake --snapshot lake/snapshots/SNAPSHOT \
        --encoders minilm-l6-v2 mpnet-ngrams --places 2048 4096 65536
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.sparse import csr_array, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from harmsweep.encoders import text
from harmsweep.encoders.conf import Encoder, declared_encoders
from harmsweep.encoders.device import choose_device
from harmsweep.encoders.embedding import unit
from harmsweep.encoders.ngrams import sparse_ngrams
from harmsweep.encoders.stored import matrix_of, stored
from harmsweep.evaluation.intervals import auroc_auprc, bootstrap_auroc_auprc, interval
from harmsweep.evaluation.model_scores import POST
from harmsweep.lake.delta import query
from harmsweep.model.conf import load_training
from harmsweep.model.snapshot import label_column, load_snapshot
from harmsweep.model.text_windows import as_read
from harmsweep.training.fine_tuning.conf import load_fine_tuning, load_sentences
from harmsweep.training.fine_tuning.lessons import (
    Lessons,
    contrasting,
    lessons_of,
    rows_with_text,
)

SEED, RESAMPLES = 7, 1000
# Fewer positives say nothing of an input.
LEAST = 10
AT_ONCE = 1024
Floats = NDArray[np.float64]
Vectors = Mapping[str, csr_array]
Fold = tuple[NDArray[np.int64], NDArray[np.int64]]


def main(
    *,
    lake: Path,
    snapshot: Path,
    encoders: list[str],
    tune: str | None,
    precision: str,
    places: list[int],
    c: float,
    folds: int,
) -> None:
    facts, declared = load_snapshot(snapshot), declared_encoders()
    rows = labelled_texts(lake, snapshot, facts.harms)
    texts = [as_read(text) for text in rows["normal_text"]]
    held = next(source.encoder_id for source in facts.inputs if source.name == "text")
    dense = {}
    for encoder in (declared[name] for name in encoders):
        if encoder.encoder_id == held:
            vectors = matrix_of(rows["text_vector"], encoder.width)
        else:
            vectors = embedded(encoder.model_copy(update={"precision": precision}), texts)
        # What it says itself, without the n-grams that may stand behind.
        dense[encoder.name] = csr_array(unit(vectors[:, : encoder.width - encoder.ngrams]))
    counted = {f"n-grams {n}": csr_array(sparse_ngrams(texts, n)) for n in places}
    of_folds = parted(rows, folds)
    each = [combined(dense, counted)] * folds
    if tune:
        given = lessons_of(rows, facts.harms, load_training().background)
        beside_it = dict(list(dense.items())[1:])
        vectors = tuned(declared[tune], given, [fitted for fitted, _ in of_folds])
        each = [
            inputs | with_tuned(f"{tune}, tuned", fresh, counted, beside_it)
            for inputs, fresh in zip(each, vectors, strict=True)
        ]
    console = Console(width=240)
    console.print(table(rows, facts.harms, [*zip(of_folds, each, strict=True)], c))
    for name, vectors in each[0].items():
        console.print(f"{name}: {sizes(vectors)}")


def parted(rows: pd.DataFrame, folds: int) -> list[Fold]:
    """Folds of whole split groups: the places of those that are fitted, and of those judged."""
    groups = rows["split_group"].to_numpy(dtype=str)
    split = GroupKFold(folds, shuffle=True, random_state=SEED).split(groups, groups=groups)
    return [*split]


def tuned(
    encoder: Encoder, given: Lessons, folds: Sequence[NDArray[np.int64]]
) -> Iterator[csr_array]:
    """What an encoder says of the texts, once tuned on those of each fold and on sentences."""
    from harmsweep.training.fine_tuning.top_layers import fine_tune, read_encoder, readings, vectors

    options, base = load_fine_tuning(), encoder.model_copy(update={"tuned": None})
    sentences = load_sentences()
    whole = given.beside(contrasting(sentences, options.contrast, given.harms, seed=options.seed))
    bert = read_encoder(base)
    read = readings(bert, base, whole.texts, options.layers)
    others = np.arange(len(given.texts), len(whole.texts))
    for number, fitted in enumerate(folds, start=1):
        told = partial(print, f"fold {number}: epoch and loss")
        places = np.concatenate([fitted, others])
        layers = fine_tune(bert, read.of(places), whole.of(places), options, report=told)
        found = vectors(layers, read)[: len(given.texts), : base.width - base.ngrams]
        yield csr_array(unit(found))


def with_tuned(name: str, vectors: csr_array, counted: Vectors, others: Vectors) -> Vectors:
    """A tuned encoder alone, beside n-grams, and beside each other encoder and n-grams."""
    inputs = {name: vectors}
    for of, grams in counted.items():
        inputs[f"{name} + {of}"] = beside(vectors, grams)
        inputs |= {f"{name} + {n} + {of}": beside(vectors, v, grams) for n, v in others.items()}
    return inputs


def labelled_texts(lake: Path, snapshot: Path, harms: Sequence[str]) -> pd.DataFrame:
    """The rows with a text of the parts that may choose."""
    texts = query(lake, f"SELECT {', '.join(POST)}, normal_text FROM post_features_v1").to_pandas()
    read = partial(rows_with_text, texts=texts, harms=harms, more=["text_vector"])
    rows = pd.concat([read(snapshot / part) for part in ("train", "validation")])
    return rows.sort_values("post_id").reset_index(drop=True)


def embedded(encoder: Encoder, texts: Sequence[str]) -> NDArray[np.float32]:
    """The encoder's vectors of the texts."""
    model = text.load(encoder, choose_device().name)
    starts = track(range(0, len(texts), AT_ONCE), encoder.name)
    vectors = [text.embed(model, texts[first : first + AT_ONCE]).vectors for first in starts]
    return np.concatenate(vectors)


def combined(dense: Vectors, counted: Vectors) -> Vectors:
    """Each input alone, each encoder beside each n-grams, and all encoders beside the first."""
    inputs = {**dense, **counted}
    for name, vectors in dense.items():
        inputs |= {f"{name} + {n}": beside(vectors, grams) for n, grams in counted.items()}
    if len(dense) > 1 and counted:
        inputs["all"] = beside(*dense.values(), next(iter(counted.values())))
    return inputs


def beside(*parts: csr_array) -> csr_array:
    """Parts of equal length side by side, together a unit vector."""
    return csr_array(hstack(parts) / np.sqrt(len(parts)))


def sizes(vectors: csr_array) -> str:
    """What a text takes as it is stored, and as Parquet compresses it."""
    some = vectors[:1000].toarray()
    values = b"".join(stored(some))
    packed = len(pa.compress(values, codec="snappy", asbytes=True))
    return f"{len(values) / len(some):,.0f} bytes a text, {packed / len(some):,.0f} by snappy"


def table(
    rows: pd.DataFrame, harms: Sequence[str], folds: Sequence[tuple[Fold, Vectors]], c: float
) -> Table:
    """Heads by inputs."""
    names = [*folds[0][1]]
    shown = Table("head", *names)
    for harm in track(harms, "heads"):
        labels = rows[label_column(harm)].to_numpy(dtype=float)
        known, truth = ~np.isnan(labels), labels > 0.5
        if min(truth[known].sum(), (~truth[known]).sum()) < LEAST:
            continue
        of = {name: np.full(len(rows), np.nan) for name in names}
        for (fitted, judged), inputs in folds:
            some, others = (places[known[places]] for places in (fitted, judged))
            for name, vectors in inputs.items():
                model = LogisticRegression(C=c, max_iter=300).fit(vectors[some], truth[some])
                # Comparable among folds as far as these are alike, which they are at these sizes.
                of[name][others] = model.decision_function(vectors[others])
        groups = rows["split_group"].to_numpy(dtype=str)
        for dataset in sorted(set(rows["dataset"][known])):
            here = known & (rows["dataset"] == dataset).to_numpy()
            if min(truth[here].sum(), (~truth[here]).sum()) >= LEAST:
                scores = {name: values[here] for name, values in of.items()}
                cells = differences(truth[here], scores, groups[here])
                shown.add_row(f"{harm} ({dataset}, {truth[here].sum()})", *cells)
    return shown


def differences(
    truth: NDArray[np.bool_], scores: Mapping[str, Floats], groups: NDArray[np.str_]
) -> list[str]:
    """Each input's AUROC, and its difference to the first with an interval."""
    drawn = bootstrap_auroc_auprc(truth, scores, groups, resamples=RESAMPLES, seed=SEED)
    first = next(iter(scores))
    cells = []
    for name, values in scores.items():
        auroc, _ = auroc_auprc(truth, values)
        low, high = interval(drawn[name][0] - drawn[first][0])
        cells.append(f"{auroc:.3f}" + ("" if name == first else f" ({low:+.3f} {high:+.3f})"))
    return cells


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--snapshot", type=Path, required=True)
    parser.add_argument("--encoders", nargs="+", default=["minilm-l6-v2"], help="of conf")
    parser.add_argument(
        "--precision",
        choices=("fp32", "bf16"),
        default="bf16",
        help="of encoders whose vectors the snapshot does not hold",
    )
    parser.add_argument("--tune", help="an encoder of conf, to be tuned in each fold")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--places", nargs="*", type=int, default=[1024, 2048, 4096, 65536])
    parser.add_argument("--c", type=float, default=1.0, help="strength of the regularisation")
    return parser.parse_args()


if __name__ == "__main__":
    main(**vars(_arguments()))

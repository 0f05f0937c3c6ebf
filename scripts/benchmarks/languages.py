"""What a text encoder is worth in other languages: AUROC by set and language, within and across.

Over the hand-labelled posts of ../shared/data2/multilingual_harm, each read as a post's normal text
is. Within a set: a logistic regression out of fold, in five folds of whole groups (near-copied
texts). Across: one that was trained on all the other sets, none of them in the set's language. Each
chooses its strength of regularisation on a fifth of its own training groups. Beside each AUROC
stand the central 95 % over resamples of whole groups, and of its difference to the first input.
Then how many texts each encoder embeds in a second of one core, in passes of packed tokens.

    .venv/bin/python scripts/benchmarks/languages.py --encoders minilm-l6-v2 e5-small
"""

import argparse
import gzip
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from leaks import near_pairs
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.sparse import coo_array, csr_array, hstack
from scipy.sparse.csgraph import connected_components
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from harmsweep.encoders import text
from harmsweep.encoders.conf import Encoder, declared_encoders
from harmsweep.encoders.embedding import unit
from harmsweep.encoders.ngrams import sparse_ngrams
from harmsweep.evaluation.intervals import auroc_auprc, bootstrap_auroc_auprc, interval
from harmsweep.model.text_windows import as_read
from harmsweep.paths import ROOT
from harmsweep.text.cleaning import clean
from harmsweep.text.disguise import normalise

SHARED = Path(os.environ.get("HARMSWEEP_SHARED", ROOT.parent / "shared"))
POSTS = SHARED / "data2" / "multilingual_harm" / "posts.jsonl.gz"
LABELS = ("offensive", "hate")
FOLDS, SEED, RESAMPLES = 5, 7, 1000
STRENGTHS = (1.0, 10.0, 100.0)
# Fewer of a class say nothing of a language.
LEAST = 20
AT_ONCE, TIMED = 1024, 1000
Bools, Floats = NDArray[np.bool_], NDArray[np.float64]


class Rows(NamedTuple):
    """What a regression learns from or is judged on: vectors, truth and groups of some posts."""

    vectors: csr_array
    truth: Bools
    groups: NDArray[np.str_]

    def where(self, keep: NDArray[np.generic]) -> "Rows":
        """Those of the rows."""
        return Rows(self.vectors[keep], self.truth[keep], self.groups[keep])


def main(*, encoders: list[str], precision: str, places: int, most: int) -> None:
    posts = labelled_posts(most)
    declared = [declared_encoders()[name] for name in encoders]
    chosen = [encoder.model_copy(update={"precision": precision}) for encoder in declared]
    inputs = {}
    for encoder in chosen:
        inputs |= vectors_of(encoder, posts["read"], places)
    console = Console(width=170)
    console.print(table(posts, inputs))
    for encoder in chosen:
        console.print(f"{encoder.name}: {speed(encoder, posts['read']):.0f} texts a second a core")


def labelled_posts(most: int) -> pd.DataFrame:
    """The posts, at most so many of each set and language, each with its text as read and group."""
    with gzip.open(POSTS, "rt", encoding="utf-8") as lines:
        found = pd.DataFrame(map(json.loads, lines))
    found["set"] = found["dataset"] + " (" + found["lang"] + ")"
    drawn = found.sample(frac=1, random_state=SEED).groupby("set").head(most or len(found))
    posts = drawn.sort_values(["set", "id"]).reset_index(drop=True)
    texts = track(posts["text"], "reading")
    posts["read"] = [as_read(normalise(clean(text))) for text in texts]
    posts["group"] = groups_of(posts["read"])
    return posts


def groups_of(texts: pd.Series) -> list[str]:
    """The texts' groups: equal ones and near-copies share one."""
    same = pd.factorize(texts)[0]
    left, right = near_pairs(texts).T
    size = len(texts) + same.max() + 1
    ends = np.r_[np.arange(len(texts)), left], np.r_[same + len(texts), right]
    graph = coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(size, size))
    return list(map(str, connected_components(graph, directed=False)[1][: len(texts)]))


def vectors_of(encoder: Encoder, texts: Sequence[str], places: int) -> dict[str, csr_array]:
    """The encoder's vectors of the texts, alone and with as many places of n-grams behind."""
    model = loaded(encoder)
    starts = track(range(0, len(texts), AT_ONCE), encoder.name)
    parts = [text.embed(model, list(texts[first : first + AT_ONCE])).vectors for first in starts]
    alone = csr_array(unit(np.concatenate(parts)[:, : encoder.width - encoder.ngrams]))
    both = hstack([alone, sparse_ngrams(list(texts), places)]) / np.sqrt(2)
    return {encoder.name: alone, f"{encoder.name} + n-grams": csr_array(both)}


@cache
def _loaded(encoder: str) -> text.Model:
    return text.load(Encoder.model_validate_json(encoder), "cpu")


def loaded(encoder: Encoder) -> text.Model:
    """The encoder, loaded once."""
    return _loaded(encoder.model_dump_json())


def table(posts: pd.DataFrame, inputs: Mapping[str, csr_array]) -> Table:
    """Sets, languages and labels by inputs."""
    shown = Table("set, label", "trained on", "positives", "groups", *inputs)
    for label in LABELS:
        known = posts[posts[label].notna()]
        for name, judged in known.groupby("set"):
            truth = (judged[label] == 1).to_numpy()
            if min(truth.sum(), (~truth).sum()) < LEAST:
                continue
            groups = judged["group"].to_numpy(dtype=str)
            others = known[known["lang"] != judged["lang"].iloc[0]]
            facts = [f"{truth.sum():,} of {len(truth):,}", f"{len(set(groups)):,}"]
            for kind, scores in (
                ("itself", {n: within(rows(judged, v, label)) for n, v in inputs.items()}),
                ("the others", {n: across(others, judged, v, label) for n, v in inputs.items()}),
            ):
                shown.add_row(f"{name}, {label}", kind, *facts, *cells(truth, scores, groups))
    return shown


def rows(posts: pd.DataFrame, vectors: csr_array, label: str) -> Rows:
    """The posts as rows of one input and label."""
    truth, groups = (posts[label] == 1).to_numpy(), posts["group"].to_numpy(dtype=str)
    return Rows(vectors[posts.index.to_numpy()], truth, groups)


def within(of_set: Rows) -> Floats:
    """The log-odds of each row by a regression on the other folds of its set."""
    scores = np.zeros(len(of_set.truth))
    strength = None
    for learnt, judged in folds(of_set):
        learning = of_set.where(learnt)
        # Chosen once, on the first fold's training rows.
        strength = strength or best_strength(learning)
        scores[judged] = fitted(learning, strength).decision_function(of_set.vectors[judged])
    return scores


def across(others: pd.DataFrame, judged: pd.DataFrame, vectors: csr_array, label: str) -> Floats:
    """The log-odds of a set's rows by a regression on the other sets."""
    learning = rows(others, vectors, label)
    model = fitted(learning, best_strength(learning))
    scores: Floats = model.decision_function(vectors[judged.index.to_numpy()])
    return scores


def best_strength(learning: Rows) -> float:
    """The strength with the greatest AUROC on a fifth of the groups, trained on the others."""
    learnt, judged = next(folds(learning))
    held = learning.where(judged)

    def auroc(strength: float) -> float:
        scores = fitted(learning.where(learnt), strength).decision_function(held.vectors)
        return auroc_auprc(held.truth, scores)[0]

    return max(STRENGTHS, key=auroc)


def fitted(learning: Rows, strength: float) -> LogisticRegression:
    model = LogisticRegression(C=strength, max_iter=300)
    return model.fit(learning.vectors, learning.truth)


def folds(some: Rows) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Places of the rows to learn from and of those to judge."""
    parts = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    return parts.split(np.zeros(len(some.truth)), some.truth, some.groups)


def cells(truth: Bools, scores: Mapping[str, Floats], groups: NDArray[np.str_]) -> Iterator[str]:
    """Each input's AUROC with its interval, and that of its difference to the first."""
    drawn = bootstrap_auroc_auprc(truth, scores, groups, resamples=RESAMPLES, seed=SEED)
    first = next(iter(scores))
    for name, values in scores.items():
        low, high = interval(drawn[name][0])
        own = f"{auroc_auprc(truth, values)[0]:.3f} ({low:.3f} to {high:.3f})"
        low, high = interval(drawn[name][0] - drawn[first][0])
        yield own + ("" if name == first else f"; {low:+.3f} to {high:+.3f}")


def speed(encoder: Encoder, texts: pd.Series) -> float:
    """How many of the texts, drawn by a seed, are embedded in a second of one core's time."""
    import torch

    some = texts.sample(min(TIMED, len(texts)), random_state=SEED).tolist()
    torch.set_num_threads(1)
    model = loaded(encoder)
    text.embed(model, some[:100])
    started = time.process_time()
    text.embed(model, some)
    return len(some) / (time.process_time() - started)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--encoders", nargs="+", default=["minilm-l6-v2", "e5-small"])
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--places", type=int, default=2048, help="of n-grams")
    parser.add_argument("--most", type=int, default=0, help="posts of a set and language; 0: all")
    main(**vars(parser.parse_args()))

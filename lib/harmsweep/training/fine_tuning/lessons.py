"""What a text encoder learns from: the texts of a snapshot's train part, with their labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmsweep.evaluation.model_scores import POST
from harmsweep.model.conf import Background
from harmsweep.model.manifest import group_hash
from harmsweep.model.snapshot import group_columns, label_column, weight_column
from harmsweep.model.text_windows import as_read
from harmsweep.text.words import words
from harmsweep.training.fine_tuning.conf import GROUP, HATEFUL, THING, Contrast, Sentences

Labels = NDArray[np.float32]


@dataclass(frozen=True)
class Lessons:
    """Texts as they are embedded, and what a head should say of each.

    `labels` are texts by harms, 1 or 0; `weights` what each counts, 0 where it is unknown.
    """

    harms: tuple[str, ...]
    texts: Sequence[str]
    labels: Labels
    weights: Labels

    def of(self, places: NDArray[np.int64]) -> "Lessons":
        """Some of the texts."""
        texts = [self.texts[place] for place in places]
        return Lessons(self.harms, texts, self.labels[places], self.weights[places])

    def beside(self, others: "Lessons") -> "Lessons":
        """These texts, then those."""
        return Lessons(
            self.harms,
            [*self.texts, *others.texts],
            np.concatenate([self.labels, others.labels]),
            np.concatenate([self.weights, others.weights]),
        )

    @property
    def teaches(self) -> NDArray[np.bool_]:
        """The harms of which there are examples of both classes."""
        known = self.weights > 0
        right, wrong = (known & (self.labels == each) for each in (1, 0))
        both: NDArray[np.bool_] = right.any(axis=0) & wrong.any(axis=0)
        return both


def rows_with_text(
    part: Path, texts: pd.DataFrame, harms: Sequence[str], more: Sequence[str] = ()
) -> pd.DataFrame:
    """The rows of a part that have a text, with it: `POST`, dataset, groups, labels and weights.

    `texts` has the `normal_text` of posts by `POST`; `more` are other columns.
    """
    paths = sorted(part.glob("*.parquet"))
    of_harms = [name(harm) for harm in harms for name in (label_column, weight_column)]
    wanted = [*POST, "dataset", "own_group", "split_group", "text_present", *of_harms, *more]
    rows = pd.concat([pd.read_parquet(path, columns=wanted) for path in paths])
    found = rows[rows["text_present"]].merge(texts, on=POST, how="inner", validate="one_to_one")
    return found.sort_values("post_id").reset_index(drop=True)


def lessons_of(rows: pd.DataFrame, harms: Sequence[str], background: Background) -> Lessons:
    """What rows teach: their labels, and 0 at the background's weight where it says so."""
    labels = rows[[*map(label_column, harms)]].to_numpy(np.float32)
    weights = rows[[*map(weight_column, harms)]].to_numpy(np.float32)
    known = ~np.isnan(labels)
    free = [rows["dataset"].isin([*background.of(harm)]).to_numpy() for harm in harms]
    beside = np.stack(free, axis=1) * np.float32(background.weight)
    return Lessons(
        tuple(harms),
        [as_read(text) for text in rows["normal_text"]],
        np.where(known, labels, 0).astype(np.float32),
        np.where(known, weights, beside).astype(np.float32),
    )


def groups_of(rows: pd.DataFrame) -> tuple[str, ...]:
    """Hashes of the collections' groups that the rows are of, as a manifest lists them; sorted."""
    own, _ = group_columns([*rows.columns])
    return tuple(sorted({group_hash(name) for name in rows[own]}))


def contrasting(
    sentences: Sentences, options: Contrast, harms: Sequence[str], *, seed: int
) -> Lessons:
    """The sentences with names in their places, as examples of their harm alone.

    A half of the hateful ones stands once more in words that object to it, which is harmless. None
    where they count nothing.
    """
    rng = Random(seed)
    if not options.weight:
        nothing = np.zeros((0, len(harms)), np.float32)
        return Lessons(tuple(harms), [], nothing, nothing)
    hateful = _named(sentences.hateful, sentences, options, rng)
    harmless = _named(sentences.harmless, sentences, options, rng)
    quoted = [
        rng.choice(sentences.objections).replace(HATEFUL, text)
        for text in rng.sample(hateful, len(hateful) // 2)
    ]
    texts = [*hateful, *harmless, *quoted]
    at = [*harms].index(sentences.harm)
    labels, weights = np.zeros((2, len(texts), len(harms)), np.float32)
    labels[: len(hateful), at], weights[:, at] = 1, options.weight
    normal = [as_read(words(text)["normal_text"]) for text in texts]
    return Lessons(tuple(harms), normal, labels, weights)


def _named(texts: Sequence[str], given: Sentences, options: Contrast, rng: Random) -> list[str]:
    """Each text with several names in its place, each once; those without a place as they are."""
    found: dict[str, None] = {}
    for text in texts:
        groups, things = (rng.sample(n, options.per_sentence) for n in (given.groups, given.things))
        for group, thing in zip(groups, things, strict=True):
            found[text.replace(GROUP, group).replace(THING, thing)] = None
    return [*found]

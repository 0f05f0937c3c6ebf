"""Labels that a second look is worth: confident learning over a snapshot.

Each label by hand is judged by a logistic regression that was fitted without its group, on the one
modality that tells the harm best. cleanlab then finds the labels that are likely to be wrong, given
how often each class is taken for the other (Northcutt, Jiang and Chuang, "Confident learning",
JAIR 2021). A hard case looks like an error: a person decides.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmsweep.evaluation.intervals import Bools, Floats, auroc_auprc
from harmsweep.evaluation.scored import by_hand, read_columns
from harmsweep.model.fusion import Input
from harmsweep.model.snapshot import PARTS, Snapshot, label_column, load_snapshot

MODALITIES = ("text", "media_text", "image", "video")
FOLDS, SEED = 5, 1
# Each class needs so many rows, and a fold its share of groups of each.
LEAST_OF_A_CLASS = 10
# A modality that fewer of the harm's labelled rows have tells too little of them.
LEAST_SHARE = 0.5
# The regularisation on vectors of length 1; 10 lists half as many again for 1 in 20 more hits.
C = 1.0
Rows = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Suspect:
    """A label that is likely wrong, and the chance that the regression gives to it."""

    harm: str
    day: date
    post_id: str
    dataset: str
    label: int
    self_confidence: float


@dataclass(frozen=True)
class OutOfFold:
    """A harm's labels by hand as one modality judges them: the chances of a 1, out of fold."""

    harm: str
    modality: str
    rows: NDArray[np.int64]
    truth: Bools
    chances: Floats

    @property
    def auroc(self) -> float:
        """How well the modality tells the harm."""
        return auroc_auprc(self.truth, self.chances)[0]


def likely_errors(
    folder: Path, *, harms: Sequence[str] = ()
) -> Iterator[tuple[OutOfFold, list[Suspect]]]:
    """By harm, how its labels were judged and those that are likely wrong, the worst first.

    By default of every harm. One with too few rows or groups of a class is left out, and a label
    whose row lacks the modality is not judged.

    Raises:
        SnapshotRefused: the snapshot's files are not what it says.
    """
    facts = load_snapshot(folder)
    rows, best = _rows(folder, facts), dict[str, OutOfFold]()
    for source in facts.inputs:
        if source.name not in MODALITIES:
            continue
        vectors = _read(folder, [], [source])[f"{source.name}_vector"]
        for chances in _judged(rows, vectors, source.name, harms or facts.harms):
            if chances.harm not in best or chances.auroc > best[chances.harm].auroc:
                best[chances.harm] = chances
    for harm in facts.harms:
        if harm in best:
            yield best[harm], list(suspects(best[harm], rows))


def _rows(folder: Path, facts: Snapshot) -> Rows:
    present = [f"{source.name}_present" for source in facts.inputs if source.name in MODALITIES]
    labels = [label_column(harm) for harm in facts.harms]
    rows = _read(folder, ["day", "post_id", "dataset", "split_group", *present, *labels])
    judged = np.concatenate([by_hand(path, facts.harms) for path in _files(folder)])
    truths = {name: np.where(judged[:, n], rows[name], np.nan) for n, name in enumerate(labels)}
    return rows | truths


def _read(folder: Path, columns: Sequence[str], inputs: Sequence[Input] = ()) -> Rows:
    """Columns of all parts, always in the same order of rows."""
    files = [read_columns(path, columns, inputs=inputs) for path in _files(folder)]
    return {name: np.concatenate([rows[name] for rows in files]) for name in files[0]}


def _files(folder: Path) -> list[Path]:
    return [path for part in PARTS for path in sorted((folder / part).glob("*.parquet"))]


def _judged(
    rows: Rows, vectors: NDArray[Any], modality: str, harms: Sequence[str]
) -> Iterator[OutOfFold]:
    """The harms that the modality can judge, each with its rows' chances."""
    present = rows[f"{modality}_present"].astype(bool)
    for harm in harms:
        labels = rows[label_column(harm)]
        labelled = ~np.isnan(labels)
        known = np.flatnonzero(labelled & present)
        if len(known) < LEAST_SHARE * labelled.sum():
            continue
        truth = labels[known] > 0.5
        chances = out_of_fold(vectors[known], truth, rows["split_group"][known])
        if chances is not None:
            yield OutOfFold(harm, modality, known, truth, chances)


def out_of_fold(vectors: NDArray[Any], truth: Bools, groups: NDArray[Any]) -> Floats | None:
    """Each row's chance of a 1 by a regression on other groups; None with too few rows or groups.

    Folds are of whole groups, each with its share of both classes.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import Normalizer

    rarer = min((truth == value for value in (True, False)), key=lambda of: int(of.sum()))
    folds = min(FOLDS, len(set(groups[truth])), len(set(groups[~truth])))
    if rarer.sum() < LEAST_OF_A_CLASS or folds < 2:
        return None
    model = make_pipeline(Normalizer(), LogisticRegression(C=C, max_iter=1000))
    split = StratifiedGroupKFold(folds, shuffle=True, random_state=SEED)
    chances = cross_val_predict(
        model, vectors, truth, groups=groups, cv=split, method="predict_proba"
    )
    return np.asarray(chances[:, 1], dtype=np.float64)


def suspects(judged: OutOfFold, rows: Rows) -> Iterator[Suspect]:
    """The rows whose label is likely wrong, the least likely right first."""
    from cleanlab.filter import find_label_issues

    labels = judged.truth.astype(int)
    both = np.stack([1 - judged.chances, judged.chances], axis=1)
    ranked = find_label_issues(labels, both, return_indices_ranked_by="self_confidence", n_jobs=1)
    days = rows["day"].astype("datetime64[D]").tolist()
    for place in ranked:
        row = judged.rows[place]
        yield Suspect(
            harm=judged.harm,
            day=days[row],
            post_id=str(rows["post_id"][row]),
            dataset=str(rows["dataset"][row]),
            label=int(labels[place]),
            self_confidence=float(both[place, labels[place]]),
        )

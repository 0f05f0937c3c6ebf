"""Logistic regression on one modality's vector: what a head must not be worse than."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from harmsweep.encoders.stored import matrix, width_of
from harmsweep.evaluation.intervals import Bools, Floats
from harmsweep.model.snapshot import PARTS, hand_column, label_column, weight_column

# The regularisation that scikit-learn starts from.
C = 1.0
MODALITIES = ("text", "media_text", "image", "video")
LEAST_OF_A_CLASS = 2


@dataclass(frozen=True)
class Labelled:
    """A harm's labelled rows: vectors, labels, what these count, which are by hand, and groups."""

    vectors: NDArray[Any]
    truth: Bools
    weights: NDArray[Any]
    by_hand: Bools
    groups: NDArray[Any]

    def where(self, keep: Bools) -> "Labelled":
        """Some of the rows."""
        return Labelled(*(values[keep] for values in vars(self).values()))


def fit_baseline(part: Path, harm: str, modality: str, *, rows: int) -> LogisticRegression | None:
    """A regression on the rows that have a label; None where no such row has the modality."""
    if not has_modality(_dataset([part]), harm, modality):
        return None
    return _fitted(labelled(_dataset([part]), harm, modality, rows=rows))


def baseline_scores(model: LogisticRegression | None, vectors: NDArray[Any]) -> Floats:
    """Log-odds of each row; all equal where there is no model."""
    if model is None:
        return np.zeros(len(vectors))
    return np.asarray(model.decision_function(vectors), dtype=np.float64)


def has_modality(
    source: ds.Dataset, harm: str, modality: str, *, dataset: str | None = None
) -> bool:
    """Whether any row with a label has the modality."""
    where = _has_label(harm, dataset) & ds.field(f"{modality}_present")
    return bool(source.count_rows(filter=where))


def labelled(
    source: ds.Dataset, harm: str, modality: str, *, rows: int, dataset: str | None = None
) -> Labelled:
    """At most `rows` rows with a label; an absent vector is zeros.

    In a snapshot that says nothing of weights and hands, all labels count 1 and are by hand.
    """
    where = _has_label(harm, dataset)
    columns = [f"{modality}_vector", label_column(harm), weight_column(harm), hand_column(harm)]
    known = [name for name in (*columns, "split_group") if name in source.schema.names]
    table = source.head(rows, columns=known, filter=where)
    alike = np.ones(len(table), dtype=bool)
    vectors, labels, weights, by_hand, groups = (
        vectors_of(table, name) if name in known else alike for name in (*columns, "split_group")
    )
    return Labelled(vectors, labels > 0.5, weights.astype(np.float64), by_hand, groups)


def vectors_of(table: pa.Table, column: str) -> NDArray[Any]:
    """A column as numpy; a column of vectors as a matrix."""
    values = table.column(column)
    if pa.types.is_binary(values.type):
        return matrix(values, width_of(values) or 1)
    return np.asarray(values.to_numpy())


def leave_one_group_out(
    snapshot: Path, of: Mapping[str, str], *, rows: int
) -> Iterator[tuple[Bools, Floats]]:
    """Each group's truth by hand, and log-odds by a regression on the dataset's other groups.

    `of` names harm, dataset and baseline; nothing where no row has the baseline's modality. Over
    all parts: with few groups one part's AUROC hangs on which of them it holds.
    """
    source = _dataset([snapshot / part for part in PARTS])
    if not has_modality(source, of["harm"], of["baseline"], dataset=of["dataset"]):
        return
    posts = labelled(source, of["harm"], of["baseline"], rows=rows, dataset=of["dataset"])
    for group in sorted(set(posts.groups[posts.by_hand])):
        held_out = posts.groups == group
        held_rows = posts.where(held_out & posts.by_hand)
        yield (
            held_rows.truth,
            baseline_scores(_fitted(posts.where(~held_out)), held_rows.vectors),
        )


def _has_label(harm: str, dataset: str | None) -> ds.Expression:
    known = ds.field(label_column(harm)) >= 0  # NaN is not
    return known if dataset is None else known & (ds.field("dataset") == dataset)


def _dataset(folders: list[Path]) -> ds.Dataset:
    return ds.dataset([str(p) for f in folders for p in sorted(f.glob("*.parquet"))])


def _fitted(rows: Labelled) -> LogisticRegression | None:
    scarce = min(rows.truth.sum(), (~rows.truth).sum()) < LEAST_OF_A_CLASS
    if scarce or not rows.vectors.any():
        return None
    model = LogisticRegression(C=C, max_iter=300)
    return model.fit(rows.vectors, rows.truth, sample_weight=rows.weights)

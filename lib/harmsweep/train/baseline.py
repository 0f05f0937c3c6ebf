"""Logistic regression on one modality's vector: what a head must not be worse than."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from harmsweep.bootstrap import Bools, Floats
from harmsweep.snapshots import PARTS, label_column
from harmsweep.vectors import matrix, width_of

# The regularisation that scikit-learn starts from.
C = 1.0
MODALITIES = ("text", "media_text", "image", "video")
LEAST_OF_A_CLASS = 2


def fit_baseline(part: Path, harm: str, modality: str, *, rows: int) -> LogisticRegression | None:
    """A regression on the rows that have a label; None where no such row has the modality."""
    if not has_modality(_dataset([part]), harm, modality):
        return None
    vectors, truth, _ = labelled(_dataset([part]), harm, modality, rows=rows)
    return _fitted(vectors, truth)


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
) -> tuple[NDArray[Any], Bools, NDArray[Any]]:
    """Vectors (zeros if absent), labels and groups of at most `rows` rows with a label."""
    where = _has_label(harm, dataset)
    columns = [f"{modality}_vector", label_column(harm), "split_group"]
    found = source.head(rows, columns=columns, filter=where)
    vectors, labels, groups = (vectors_of(found, column) for column in columns)
    return vectors, labels > 0.5, groups


def vectors_of(table: pa.Table, column: str) -> NDArray[Any]:
    """A column as numpy; a column of vectors as a matrix."""
    values = table.column(column)
    if pa.types.is_binary(values.type):
        return matrix(values, width_of(values) or 1)
    return np.asarray(values.to_numpy())


def leave_one_group_out(
    snapshot: Path, of: Mapping[str, str], *, rows: int
) -> Iterator[tuple[Bools, Floats]]:
    """Each group's truth and log-odds by a regression on the dataset's other groups.

    `of` names harm, dataset and baseline; nothing where no row has the baseline's modality. Over
    all parts: with few groups one part's AUROC hangs on which of them it holds.
    """
    source = _dataset([snapshot / part for part in PARTS])
    if not has_modality(source, of["harm"], of["baseline"], dataset=of["dataset"]):
        return
    vectors, truth, groups = labelled(
        source, of["harm"], of["baseline"], rows=rows, dataset=of["dataset"]
    )
    for group in sorted(set(groups)):
        held_out = groups == group
        model = _fitted(vectors[~held_out], truth[~held_out])
        yield truth[held_out], baseline_scores(model, vectors[held_out])


def _has_label(harm: str, dataset: str | None) -> ds.Expression:
    known = ds.field(label_column(harm)) >= 0  # NaN is not
    return known if dataset is None else known & (ds.field("dataset") == dataset)


def _dataset(folders: list[Path]) -> ds.Dataset:
    return ds.dataset([str(p) for f in folders for p in sorted(f.glob("*.parquet"))])


def _fitted(vectors: NDArray[Any], truth: Bools) -> LogisticRegression | None:
    if min(truth.sum(), (~truth).sum()) < LEAST_OF_A_CLASS or not vectors.any():
        return None
    return LogisticRegression(C=C, max_iter=300).fit(vectors, truth)

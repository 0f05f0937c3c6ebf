"""Windows as training rows: those of a post without a harm are without it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmsweep.model.fusion import Columns, Matrix
from harmsweep.model.windows import window_columns
from harmsweep.training.task import Task

Weights = NDArray[Any] | None


def with_harmless_windows(
    task: Task, rows: Columns, fused: Matrix, labels: NDArray[np.float32], weights: Weights
) -> tuple[Matrix, NDArray[np.float32], Weights]:
    """Fused rows, labels and weights of a batch, with the windows of its rows behind them.

    A score is the greatest over windows, so a head has to know harmless ones. Which window of a
    harmful post has the harm nobody said: there the windows have no label. A row that is without a
    harm shares what its label counts with its windows, half and half, so that classes weigh as
    before.
    """
    assert task.windows is not None
    parts = list(window_columns(rows, task.windows))
    if not parts:
        return fused, labels, weights
    owners = np.concatenate([places for places, _ in parts])
    counts = np.bincount(owners, minlength=len(labels))[:, None]
    own = np.ones_like(labels) if weights is None else weights
    shared = (labels == 0) & (counts > 0)
    known = np.where(labels[owners] == 0, labels[owners], np.float32(np.nan))
    return (
        np.concatenate([fused, *(task.fused(windows) for _, windows in parts)]),
        np.concatenate([labels, known]),
        np.concatenate([np.where(shared, own / 2, own), own[owners] / 2 / counts[owners]]),
    )

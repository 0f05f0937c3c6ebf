"""What a network learns from a snapshot: the heads that have labels enough, and the inputs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from harmsweep.model.conf import Background, TrainingConfig, TrainingRefused
from harmsweep.model.fusion import (
    Columns,
    Feature,
    Input,
    Matrix,
    fuse,
    fused_width,
    modalities_of,
    visible_columns,
)
from harmsweep.model.manifest import HeadCounts
from harmsweep.model.snapshot import Snapshot, label_column
from harmsweep.model.windows import window_columns
from harmsweep.training.data import batches, fit_scaling


class Sources(TypedDict):
    """What the rows of a snapshot are fused from."""

    inputs: tuple[Input, ...]
    features: tuple[Feature, ...]
    windows: Input | None


@dataclass(frozen=True)
class Task:
    """What the network learns, from what: the heads with their training rows, and the inputs."""

    heads: tuple[HeadCounts, ...]
    inputs: tuple[Input, ...]
    features: tuple[Feature, ...]
    # What a logit is the greatest over, besides the whole text.
    windows: Input | None = None
    # Which posts count as free of a harm that they have no label of.
    background: Background = field(default_factory=Background)

    @property
    def harms(self) -> tuple[str, ...]:
        """The heads' harms, in order."""
        return tuple(head.harm for head in self.heads)

    @property
    def columns(self) -> list[str]:
        """The columns of numbers and labels."""
        return [feature.name for feature in self.features] + [*map(label_column, self.harms)]

    @property
    def sources(self) -> Sources:
        """Inputs and features, as `score_labelled_rows` takes them."""
        return {"inputs": self.inputs, "features": self.features, "windows": self.windows}

    @property
    def width(self) -> int:
        """Columns of the fused matrix."""
        return fused_width(self.inputs, self.features)

    @property
    def modalities(self) -> tuple[str, ...]:
        """What a head may be trained without."""
        return modalities_of([s.name for s in self.inputs], [f.name for f in self.features])

    def without(self, off: Collection[str]) -> NDArray[np.int64]:
        """The columns of the fused matrix that are of no modality in `off`."""
        return visible_columns(self.inputs, self.features, off)

    def visible_columns(self, off: Mapping[str, Collection[str]]) -> dict[str, NDArray[np.int64]]:
        """The columns that a head sees, for heads that do not see all."""
        return {harm: self.without(names) for harm, names in off.items()}

    def fused(self, rows: Columns) -> Matrix:
        """The fused matrix of some rows."""
        return fuse(rows, self.inputs, self.features)

    def fused_with_windows(self, rows: Columns) -> tuple[Matrix, NDArray[np.int64] | None]:
        """The fused matrix of some rows, then of their windows, with the row of each window."""
        whole = self.fused(rows)
        if self.windows is None:
            return whole, None
        parts = [(owners, self.fused(part)) for owners, part in window_columns(rows, self.windows)]
        owners = [np.zeros(0, dtype=np.int64), *(owners for owners, _ in parts)]
        return np.concatenate([whole, *(fused for _, fused in parts)]), np.concatenate(owners)

    def labels(self, rows: Columns) -> NDArray[np.float32]:
        """Labels, rows by harms; NaN is absent."""
        labels = [rows[label_column(harm)] for harm in self.harms]
        return np.stack(labels, axis=1).astype(np.float32)

    def background_weights(self, rows: Columns) -> NDArray[np.float32] | None:
        """What an absent label counts as 0, rows by harms; None where it counts nothing."""
        if not self.background.weight:
            return None
        free = [np.isin(rows["dataset"], [*self.background.of(harm)]) for harm in self.harms]
        return np.stack(free, axis=1) * np.float32(self.background.weight)


def class_counts(part: Path, harms: Sequence[str], *, batch: int) -> list[HeadCounts]:
    """Rows of each class that a part has, by harm."""
    totals = np.zeros((2, len(harms)), dtype=int)
    columns = [label_column(harm) for harm in harms]
    for rows in batches(part, columns, batch=batch):
        labels = np.stack([rows[column] for column in columns], axis=1)
        totals += np.stack([(labels == 1).sum(axis=0), (labels == 0).sum(axis=0)])
    return [
        HeadCounts(harm=harm, positives=int(p), negatives=int(n))
        for harm, p, n in zip(harms, *totals, strict=True)
    ]


def choose_heads(
    counts: Sequence[HeadCounts], least: int
) -> tuple[tuple[HeadCounts, ...], tuple[HeadCounts, ...]]:
    """The harms that get a head, and those that do not, with the reason."""
    chosen = tuple(c for c in counts if min(c.positives, c.negatives) >= least)
    reason = f"fewer than {least} training rows of a class"
    skipped = tuple(c.model_copy(update={"reason": reason}) for c in counts if c not in chosen)
    return chosen, skipped


Skipped = tuple[HeadCounts, ...]


def task_of(snapshot: Path, facts: Snapshot, options: TrainingConfig) -> tuple[Task, Skipped]:
    """What can be learned from a snapshot, and the harms that get no head.

    Raises:
        TrainingRefused: no harm has enough labels, or the snapshot lacks an input.
    """
    chosen, skipped = _heads(snapshot, facts, options)
    # A snapshot from before windows has none: its model scores whole texts.
    windows = facts.windows if options.text_windows else None
    sources = _scaled(snapshot, facts, options)
    return Task(chosen, *sources, windows, options.background), skipped


def _heads(
    snapshot: Path, facts: Snapshot, options: TrainingConfig
) -> tuple[tuple[HeadCounts, ...], Skipped]:
    if not facts.rows["train"]:
        raise TrainingRefused(f"{snapshot}: the training part is empty")
    counts = class_counts(snapshot / "train", facts.harms, batch=options.fit.batch)
    chosen, skipped = choose_heads(counts, options.min_class_rows)
    if not chosen:
        raise TrainingRefused(
            f"{snapshot}: no harm has {options.min_class_rows} training rows of each class"
        )
    return chosen, skipped


def _scaled(
    snapshot: Path, facts: Snapshot, options: TrainingConfig
) -> tuple[tuple[Input, ...], tuple[Feature, ...]]:
    known = {source.name: source for source in facts.inputs}
    absent = sorted(set(options.inputs) - known.keys()) + sorted(
        set(options.features) - set(facts.numbers)
    )
    if absent:
        raise TrainingRefused(f"{snapshot}: the snapshot has no {absent}")
    inputs = [known[name] for name in options.inputs]
    transforms = dict(options.features)
    return fit_scaling(snapshot / "train", inputs, transforms, batch=options.fit.batch)

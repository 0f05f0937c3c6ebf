"""What the comparison trains beside the plain network: other losses, other ways to fuse and decide.

All are networks of the same size, features and early stopping, fed by the same reading.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harmsweep.evaluation.scored import read_columns
from harmsweep.model.conf import Fit
from harmsweep.model.manifest import HeadCounts
from harmsweep.model.snapshot import label_column
from harmsweep.training.learner import Columns, Network, Targets, network
from harmsweep.training.losses import one_of
from harmsweep.training.task import Task

PLAIN = "plain"
# The dataset whose rows are labelled for several harms at once.
MODERATION = "moderation"
# The columns of the video's vector that are of its first backbone: frames' means and maxima.
FRAMES = 2560
# Logits of each network, the fused rows and their labels, to scores: rows by harms, NaN for none.
Combine = Callable[[Sequence[Tensor], Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Variant:
    """Something to compare: its networks, and how their logits become a score per harm."""

    networks: tuple[Network, ...]
    combine: Combine = lambda logits, fused, labels: logits[0]

    def scores(self, fused: Tensor, labels: Tensor) -> Tensor:
        """Scores of rows, rows by harms."""
        with torch.inference_mode():
            return self.combine([one.logits(fused) for one in self.networks], fused, labels)


Variants = dict[str, Variant]

LOSSES: Mapping[str, Mapping[str, object]] = {
    PLAIN: {},
    "focal loss": {"loss": "focal"},
    "class weights": {"class_weights": "balanced"},
    "tasks by labels": {"task_weights": "sqrt_labels"},
    "tasks by uncertainty": {"task_weights": "uncertainty"},
    "blending, offline": {"blending": "offline"},
    "blending, online": {"blending": "online"},
}
AS_PLAIN: Mapping[str, object] = {
    "loss": "cross_entropy", "class_weights": "none", "task_weights": "equal", "blending": "none",
}  # fmt: skip


def plain(options: Fit) -> Fit:
    """Options with the plain loss, whatever conf has chosen."""
    return options.model_copy(update=AS_PLAIN)


def variants(part: Path, task: Task, fit: Fit) -> Variants:
    """All that is compared but late fusion and the baselines, with networks yet to be trained.

    `part` is the training part, for the counts of targets that are no labels.
    """
    options = plain(fit)
    networks = {
        name: Variant((network(task, options.model_copy(update=changed)),))
        for name, changed in LOSSES.items()
    }
    labels, datasets = _labels(part, task)
    networks |= {"a classifier per harm": _per_harm(task, options)}
    networks |= {"one classifier": _any_harm(task, options, labels)}
    networks |= _multi_class(task, options, labels, labels[datasets == MODERATION])
    return networks | _backbones(task, options)


def _labels(part: Path, task: Task) -> tuple[Tensor, NDArray[Any]]:
    """The labels of a part, rows by harms, and each row's dataset."""
    names = ["dataset", *map(label_column, task.harms)]
    files = [read_columns(path, names) for path in sorted(part.glob("*.parquet"))]
    labels = np.concatenate([task.labels(rows) for rows in files])
    return torch.from_numpy(labels), np.concatenate([rows["dataset"] for rows in files])


def _per_harm(task: Task, options: Fit) -> Variant:
    """A network of its own for each harm, on the rows that have its label."""

    def only(place: int) -> Network:
        def column(labels: Tensor) -> Tensor:
            return labels[:, [place]]

        targets = Targets((task.heads[place],), column, weights=column)
        return network(task, options, targets=targets, own_rows=True)

    networks = tuple(only(place) for place in range(len(task.harms)))
    return Variant(networks, lambda logits, fused, labels: torch.cat([*logits], dim=1))


def any_harm(labels: Tensor) -> Tensor:
    """1 where any label is 1, else 0 where any is known: an absent label counts as none."""
    harmful = (labels == 1).any(dim=1, keepdim=True).float()
    return torch.where(labels.isnan().all(dim=1, keepdim=True), math.nan, harmful)


def _any_harm(task: Task, options: Fit, labels: Tensor) -> Variant:
    """One network for all harms; what it says is the score of each."""
    targets = Targets(_counts(["any"], any_harm(labels)), any_harm)
    return Variant(
        (network(task, options, targets=targets),),
        lambda logits, fused, labels: logits[0].expand(-1, len(task.harms)),
    )


def one_class(labels: Tensor, places: Sequence[int]) -> Tensor:
    """Shares of no harm and of the harms in `places`; NaN unless a row is labelled for all.

    A row of several harms belongs to each in equal shares.
    """
    known = labels[:, list(places)]
    none = (known.sum(dim=1, keepdim=True) == 0).float()
    shares = torch.cat([none, known], dim=1)
    shares = shares / shares.sum(dim=1, keepdim=True)
    return torch.where(known.isnan().any(dim=1, keepdim=True), math.nan, shares)


def _multi_class(task: Task, options: Fit, labels: Tensor, moderation: Tensor) -> Variants:
    """A softmax over the harms of one dataset, and one head per harm trained on the same rows."""
    labelled = (~moderation.isnan()).any(dim=0).nonzero()[:, 0].tolist()
    whole = labels[~labels[:, labelled].isnan().any(dim=1)]
    places = [p for p in labelled if 0 < int(whole[:, p].sum()) < len(whole)]
    if len(places) < 2:
        return {}
    names = [task.harms[p] for p in places]
    shares = partial(one_class, places=places)
    heads = _counts(["none", *names], shares(whole))
    several = Targets(heads, shares, costs=one_of)

    def complete(labels: Tensor) -> Tensor:
        known = labels[:, places]
        return torch.where(known.isnan().any(dim=1, keepdim=True), math.nan, known)

    def spread(scores: Tensor, labels: Tensor) -> Tensor:
        """Scores of some harms among those of all; NaN on rows that training would not have."""
        whole = torch.full(labels.shape, math.nan)
        whole[:, places] = scores
        return torch.where(complete(labels).isnan().any(dim=1, keepdim=True), math.nan, whole)

    def learned(targets: Targets) -> tuple[Network]:
        return (network(task, options, targets=targets, own_rows=True),)

    return {
        "multi-class": Variant(
            learned(several),
            lambda logits, fused, labels: spread(logits[0].log_softmax(dim=1)[:, 1:], labels),
        ),
        "heads on its rows": Variant(
            learned(Targets(heads[1:], complete)),
            lambda logits, fused, labels: spread(logits[0], labels),
        ),
    }


def _counts(names: Sequence[str], targets: Tensor) -> tuple[HeadCounts, ...]:
    """Rows of each target; a share of a row counts as a row."""
    return tuple(
        HeadCounts(harm=name, positives=int((column > 0).sum()), negatives=int((column == 0).sum()))
        for name, column in zip(names, targets.T, strict=True)
    )


def _backbones(task: Task, options: Fit) -> Variants:
    """The plain network without the second backbone of a modality, where one has two."""
    fewer: Variants = {}
    widths = {source.name: source.width for source in task.inputs}
    if widths.get("video", 0) > FRAMES:
        start = int(_start(task, "video"))
        dropped = np.arange(start + FRAMES, start + widths["video"])
        fewer["video without its second backbone"] = _less(task, options, dropped)
    return fewer


def _start(task: Task, name: str) -> int:
    before = [s.name for s in task.inputs].index(name)
    return sum(source.width + 1 for source in task.inputs[:before])


def _less(task: Task, options: Fit, dropped: Columns) -> Variant:
    columns = np.setdiff1d(np.arange(task.width), dropped)
    return Variant((network(task, options, columns=columns),))

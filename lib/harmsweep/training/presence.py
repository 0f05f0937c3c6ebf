"""Which rows of a part have a label and a modality."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from harmsweep.evaluation.records import ALL as WHOLE
from harmsweep.evaluation.scored import read_columns
from harmsweep.model.fusion import NUMBERS, inputs_of
from harmsweep.model.snapshot import label_column
from harmsweep.training.task import Task

# Labelled training rows that have a modality, by harm, dataset and modality; never 0.
Present = Mapping[tuple[str, str, str], int]


def presence(part: Path, task: Task) -> Present:
    """How many labelled rows of each harm and dataset have each modality.

    A row has the numbers where at least one is known.
    """
    flags = [f"{source.name}_present" for source in task.inputs]
    numbers = [feature.name for feature in task.features]
    counts: Counter[tuple[str, str, str]] = Counter()
    for path in sorted(part.glob("*.parquet")):
        rows = read_columns(path, ["dataset", *flags, *numbers, *map(label_column, task.harms)])
        has = {NUMBERS: np.any([np.isfinite(rows[n].astype(float)) for n in numbers], axis=0)}
        for modality in task.modalities:
            of = [rows[f"{n}_present"] for n in inputs_of(modality, (s.name for s in task.inputs))]
            has |= {modality: np.any(of, axis=0)} if of else {}
        for harm in task.harms:
            known = np.isfinite(rows[label_column(harm)])
            for modality in task.modalities:
                datasets = rows["dataset"][known & has[modality]]
                counts.update((harm, str(dataset), modality) for dataset in datasets)
    return dict(counts)


def seen_by(present: Present, harm: str, dataset: str) -> dict[str, int]:
    """The modalities that training rows of a head and dataset (or of all) have, with how many."""
    counts: Counter[str] = Counter()
    for (of, home, modality), rows in present.items():
        if of == harm and dataset in (home, WHOLE):
            counts[modality] += rows
    return dict(counts)


def modality_rows(present: Present, harms: Sequence[str], modality: str) -> list[int]:
    """How many labelled rows of each harm have a modality."""
    return [seen_by(present, harm, WHOLE).get(modality, 0) for harm in harms]

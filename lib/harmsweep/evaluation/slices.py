"""How good a head is for whom: the same figures by dataset, language, origin, length and media."""

from collections.abc import Iterator, Sequence

import pandas as pd

from harmsweep.evaluation.model_scores import scored_rows
from harmsweep.evaluation.records import ALL, Record, record
from harmsweep.model.conf import Evaluation

# What rows are sliced by, and how a reader calls it.
SLICES = {
    "dataset": "dataset",
    "language": "language",
    "author_origin": "the author's origin",
    "length": "length",
    "media": "what the post carries",
}
# A figure of fewer positives than this is told and decides nothing, as in conf/release.yaml.
LEAST_POSITIVES = 30


def slice_records(
    rows: pd.DataFrame, harms: Sequence[str], options: Evaluation, *, seed: int
) -> Iterator[Record]:
    """A record per harm and slice that has labels: areas with intervals where it has both classes.

    `slice` is what was sliced by and `value` the slice; `few` says that positives are few.
    """
    for kind in SLICES:
        for harm in harms:
            for value, part in rows.groupby(kind, sort=True, observed=True):
                labelled = scored_rows(part, harm)
                if len(labelled.truth):
                    figures = record(labelled, ALL, options, seed=seed)
                    yield figures | {"slice": kind, "value": str(value), "few": few(figures)}


def few(record: Record) -> bool:
    """Whether the figures rest on too few positives to decide anything."""
    return bool(record["positives"] < LEAST_POSITIVES)


def shown(record: Record, options: Evaluation) -> bool:
    """Whether a slice has areas to show: both classes, and groups enough unless it is a dataset."""
    enough = record["slice"] == "dataset" or record["groups"] >= options.min_groups
    return record.get("auroc") is not None and enough

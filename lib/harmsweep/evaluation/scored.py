"""The labelled rows of a snapshot's part with what scorers say of them."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from harmsweep.encoders.stored import matrix
from harmsweep.evaluation.intervals import Bools, Floats
from harmsweep.model.fusion import Columns, Feature, Input, input_columns
from harmsweep.model.manifest import group_hash
from harmsweep.model.snapshot import group_columns, hand_column, label_column


@dataclass(frozen=True)
class ScoredRows:
    """One harm's labelled rows: truth, each scorer's scores, groups, datasets and languages."""

    harm: str
    truth: Bools
    scores: Mapping[str, Floats]
    groups: NDArray[Any]
    datasets: NDArray[Any]
    languages: NDArray[Any]
    # Of a snapshot that says them: those from before do not.
    surfaces: NDArray[Any] | None = None
    days: NDArray[Any] | None = None

    def where(self, keep: Bools) -> "ScoredRows":
        """Some of the rows."""
        scores = {name: values[keep] for name, values in self.scores.items()}
        ids = self.groups[keep], self.datasets[keep], self.languages[keep]
        more = (None if x is None else x[keep] for x in (self.surfaces, self.days))
        return ScoredRows(self.harm, self.truth[keep], scores, *ids, *more)

    def of(self, dataset: str) -> "ScoredRows":
        """The rows of one dataset."""
        return self.where(self.datasets == dataset)

    @property
    def has_both(self) -> bool:
        """Whether there are rows of both classes."""
        return bool(self.truth.any() and not self.truth.all())


IDS = {"split_group": "groups", "dataset": "datasets", "language": "languages"}
LATER_IDS = {"surface": "surfaces", "day": "days"}
# Rows to each scorer's scores, rows by harms.
Scorers = Callable[[Columns], Mapping[str, NDArray[Any]]]


def score_labelled_rows(
    part: Path,
    harms: Sequence[str],
    scorers: Scorers,
    *,
    inputs: Sequence[Input],
    features: Sequence[Feature],
    windows: Input | None = None,
    beside: Sequence[str] = (),
) -> Iterator[ScoredRows]:
    """A part's rows that are labelled by hand, with what each scorer says of them, harm by harm.

    Scorers are given `inputs`, `features`, `windows` and the columns `beside`; they give their
    scores as rows by `harms`.
    """
    labels = [label_column(harm) for harm in harms]
    paths = sorted(part.glob("*.parquet"))
    ids = IDS | {n: to for n, to in LATER_IDS.items() if n in _columns_of_all(paths)}
    columns = [*(feature.name for feature in features), *labels, *ids]
    columns += [name for name in beside if name not in columns]
    parts: dict[str, list[NDArray[Any]]] = defaultdict(list)
    # File by file: the vectors of one row group in memory, the scores of all.
    for path in paths:
        rows = read_columns(path, columns, inputs=inputs, windows=windows)
        labels_of_file = np.stack([rows[name] for name in labels], axis=1)
        parts["labels"].append(np.where(by_hand(path, harms), labels_of_file, np.nan))
        for column, name in ids.items():
            parts[name].append(rows[column])
        for name, scores in scorers(rows).items():
            parts[name].append(scores)
    whole = {name: np.concatenate(values) for name, values in parts.items()}
    shared = {"labels", *ids.values()}
    for place, harm in enumerate(harms):
        known = ~np.isnan(whole["labels"][:, place])
        of_harm = {n: v[known, place] for n, v in whole.items() if n not in shared}
        truth = whole["labels"][known, place] > 0.5
        known_ids = {name: whole[name][known] for name in ids.values()}
        yield ScoredRows(harm, truth, of_harm, **known_ids)


def _columns_of_all(paths: Sequence[Path]) -> set[str]:
    """The columns that every file has."""
    names = [set(pq.read_schema(path).names) for path in paths]
    return set.intersection(*names) if names else set()


def by_hand(path: Path, harms: Sequence[str]) -> Bools:
    """Which labels of a file's rows are by hand, rows by harms.

    All of them in a snapshot that does not say: it is from before there were others.
    """
    names = [hand_column(harm) for harm in harms]
    if not {*names} <= {*pq.read_schema(path).names}:
        return np.ones((pq.read_metadata(path).num_rows, len(harms)), dtype=bool)
    rows = read_columns(path, names)
    return np.stack([rows[name] for name in names], axis=1).astype(bool)


def seen_groups(part: Path, trained_on: Collection[str]) -> set[str]:
    """The split groups of a part of which a model saw any post: one is enough to know the others.

    `trained_on` are hashes of the collections' groups, as a manifest lists them.
    """
    seen = set()
    for path in sorted(part.glob("*.parquet")):
        own, split = group_columns(pq.read_schema(path).names)
        rows = pq.read_table(path, columns=list({own, split}))
        for name, group in zip(
            rows.column(own).to_pylist(), rows.column(split).to_pylist(), strict=True
        ):
            if group_hash(name) in trained_on:
                seen.add(group)
    return seen


def read_columns(
    path: Path,
    columns: Sequence[str],
    *,
    inputs: Sequence[Input] = (),
    windows: Input | None = None,
) -> dict[str, NDArray[Any]]:
    """Columns of a Parquet file as numpy, with the vectors and masks of `inputs`.

    Those of `windows` stay as they are stored: each row has another number of them.
    """
    of_windows = [f"{windows.name}_vector"] if windows else []
    table = pq.read_table(path, columns=[*columns, *input_columns(inputs, []), *of_windows])
    plain = [*columns, *(f"{source.name}_present" for source in inputs), *of_windows]
    values = {column: np.asarray(table.column(column).to_numpy()) for column in plain}
    names = {source: f"{source.name}_vector" for source in inputs}
    return values | {n: matrix(table.column(n), source.width) for source, n in names.items()}

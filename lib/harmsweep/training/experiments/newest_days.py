"""What a model that was trained on older days says of the newest: a test ordered by time.

A split by groups says how a model does on other posts of the days that it learned from. A model in
use sees later ones: what people write about changes. So the network is trained on the days before
a cut alone, and beside it on as many training groups of all days, and both are judged on the test
part's posts from the cut on. Groups stay parted, so what differs is time alone.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from harmsweep.evaluation.intervals import auroc_auprc, bootstrap_auroc_auprc, interval
from harmsweep.evaluation.records import MODEL, Record
from harmsweep.evaluation.scored import ScoredRows
from harmsweep.model.conf import TrainingConfig
from harmsweep.model.snapshot import label_column
from harmsweep.training.experiments.experiment import Experiment
from harmsweep.training.experiments.other_rows import Place, trained

# The newest days are those that hold this share of the test part's labelled posts: a fifth, as much
# as the test part is of all posts.
NEWEST = 0.2
TIME, GROUPS = "trained on older days", "trained on as many groups of all days"


def newest_days(experiment: Experiment) -> Iterator[Record]:
    """By head: AUROC on the newest days of a network of older days, and of one of all days.

    `difference` is the first less the second, on the same posts; intervals are over whole groups.
    Nothing where all posts are of one day, or a head lacks a class before the cut or after it.
    """
    cut = first_of_newest(experiment)
    if cut is None:
        return
    train = _table(experiment.snapshot / "train", ["day", "split_group"])
    names = train["split_group"].astype(str)
    older = len(set(names[train["day"] < cut]))
    rng = np.random.default_rng(experiment.options.fit.seed)
    chosen = rng.permutation(np.unique(names))[:older]
    places = {TIME: before(cut), GROUPS: among(chosen, cut)}
    by_scorer = {name: _by_harm(experiment, place) for name, place in places.items()}
    for harm, rows in by_scorer[TIME].items():
        other = by_scorer[GROUPS].get(harm)
        if other is not None and rows.has_both:
            facts: Record = {"harm": harm, "from": str(cut), "trained_groups": older}
            scores = {TIME: rows.scores[MODEL], GROUPS: other.scores[MODEL]}
            yield facts | _compared(rows, scores, experiment.options)


def first_of_newest(experiment: Experiment) -> np.datetime64 | None:
    """The first of the newest days; None where no training post is of a day before."""
    labels = [label_column(harm) for harm in experiment.task.harms]
    test = _table(experiment.snapshot / "test", ["day", *labels])
    is_labelled = np.any([~np.isnan(test[name]) for name in labels], axis=0)
    days, counts = np.unique(test["day"][is_labelled], return_counts=True)
    train = _table(experiment.snapshot / "train", ["day"])["day"]
    if not len(days) or not len(train):
        return None
    newest = np.cumsum(counts[::-1])[::-1] >= NEWEST * counts.sum()
    cut: np.datetime64 = days[newest][-1]
    return cut if (train < cut).any() else None


def before(cut: np.datetime64) -> Place:
    """Older days to train on and to stop by, the newest to judge by."""

    def place(part: str, table: pa.Table) -> NDArray[np.str_]:
        is_older = _days(table) < cut
        return np.where(is_older == (part in ("train", "validation")), _used(part), "")

    return place


def among(groups: NDArray[np.str_], cut: np.datetime64) -> Place:
    """Of the training part some groups, of the test part the newest days."""

    def place(part: str, table: pa.Table) -> NDArray[np.str_]:
        if part == "train":
            names = np.asarray(table.column("split_group").to_numpy(), dtype=str)
            return np.where(np.isin(names, groups), part, "")
        is_kept = (_days(table) >= cut) | (part == "validation")
        return np.where(is_kept, _used(part), "")

    return place


def _used(part: str) -> str:
    return part if part != "certify" else ""


def _by_harm(experiment: Experiment, place: Place) -> Mapping[str, ScoredRows]:
    return {rows.harm: rows for rows in trained(experiment, experiment.options, place)}


def _compared(
    rows: ScoredRows, scores: Mapping[str, NDArray[Any]], options: TrainingConfig
) -> Record:
    """Both areas and their difference; with intervals where each class has groups enough."""
    time, groups = (auroc_auprc(rows.truth, scores[name])[0] for name in (TIME, GROUPS))
    of_class = [len(set(rows.groups[rows.truth == known])) for known in (True, False)]
    facts: Record = {"n": len(rows.truth), "positives": int(rows.truth.sum())}
    facts |= {"groups": len(set(rows.groups)), "auroc": time, "by_group": groups}
    facts |= {"difference": time - groups}
    names = ("auroc", "by_group", "difference")
    ends = dict.fromkeys(f"{name}_{end}" for name in names for end in ("low", "high"))
    limits = options.evaluation
    if min(of_class) < limits.min_groups:
        return facts | ends
    drawn = bootstrap_auroc_auprc(
        rows.truth, scores, rows.groups, resamples=limits.resamples, seed=options.fit.seed
    )
    areas = [drawn[name][0] for name in (TIME, GROUPS)]
    for name, values in zip(names, [*areas, areas[0] - areas[1]], strict=True):
        facts[f"{name}_low"], facts[f"{name}_high"] = interval(values)
    return facts


def _table(part: Path, columns: list[str]) -> dict[str, NDArray[Any]]:
    tables = [pq.read_table(path, columns=columns) for path in sorted(part.glob("*.parquet"))]
    if not tables:
        return {name: np.array([]) for name in columns}
    whole = pa.concat_tables(tables)
    return {name: np.asarray(whole.column(name).to_numpy()) for name in columns}


def _days(table: pa.Table) -> NDArray[Any]:
    return np.asarray(table.column("day").to_numpy())

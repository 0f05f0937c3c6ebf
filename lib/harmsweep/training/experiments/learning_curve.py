"""How a model grows with its training posts, and what it says of groups and days it never saw.

All train the model's network anew on other rows: of a share of the training groups, of all but one
group of a dataset that has few, or of older days.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from harmsweep.evaluation.intervals import auroc_auprc, bootstrap_auroc_auprc, interval
from harmsweep.evaluation.records import MODEL, Record, pool_folds
from harmsweep.evaluation.scored import ScoredRows
from harmsweep.model.conf import TrainingConfig
from harmsweep.model.snapshot import PARTS
from harmsweep.paths import CONF
from harmsweep.training.experiments.experiment import Experiment, load_experiment, write_once
from harmsweep.training.experiments.newest_days import newest_days
from harmsweep.training.experiments.other_rows import Place, trained

SHARES = (0.25, 0.5, 1.0)
# What stands where a record of the baselines names one.
NETWORK = "network"


def learning_curve(
    snapshot: Path, *, out: Path, seeds: int = 3, config: Path = CONF / "training.yaml"
) -> Path:
    """Write `out/<snapshot id>-<digest>.learning.json` once; a second call only gives its path.

    The seeds, of training and of which groups a share holds, are `fit.seed` and those after it.

    Raises:
        SnapshotRefused: the snapshot's files differ from its own hashes.
        ConfRefused: the configuration is wrong.
        TrainingRefused: no harm has enough labels for a head.
    """
    experiment = load_experiment(snapshot, config)
    numbers = experiment.seeds(seeds)

    def result() -> dict[str, Any]:
        return {
            "shares": list(by_share(experiment, seeds=numbers)),
            "leave_one_group_out": list(leave_one_group_out(experiment)),
            "newest_days": list(newest_days(experiment)),
        }

    return write_once(out, "learning", experiment.made_from() | {"seeds": numbers}, result)


def by_share(experiment: Experiment, *, seeds: Sequence[int]) -> Iterator[Record]:
    """AUROC on the test part by share of the training groups: the mean over seeds, its interval.

    A seed's smaller share is part of its larger one. Heads are those of the whole training part;
    one that lacks a class in a share, at some seed, has no record of it.
    """
    options = experiment.options
    groups = np.unique(_column(experiment.snapshot / "train", "split_group"))
    for share in SHARES:
        by_harm: dict[str, list[ScoredRows]] = {}
        for seed in seeds:
            order = np.random.default_rng(seed).permutation(groups)
            chosen = order[: round(share * len(groups))]
            for scored in trained(experiment, _with_seed(options, seed), only_groups(chosen)):
                by_harm.setdefault(scored.harm, []).append(scored)
        for harm, of_seeds in by_harm.items():
            if len(of_seeds) == len(seeds) and of_seeds[0].has_both:
                counts = {"harm": harm, "share": share, "groups": len(chosen)}
                yield counts | _mean_auroc(of_seeds, options)


def leave_one_group_out(experiment: Experiment) -> Iterator[Record]:
    """The network's figure for datasets with few groups: each held out once, the folds pooled.

    A fold leaves out one group of each such dataset, and trains on the training part and on all
    other posts of these datasets, whatever part they are of.
    """
    few = few_groups(experiment.snapshot, experiment.options.split.few_groups)
    by_dataset: dict[tuple[str, str], list[ScoredRows]] = {}
    for fold in range(max(map(len, few.values()), default=0)):
        held = [names[fold] for names in few.values() if fold < len(names)]
        for scored in trained(experiment, experiment.options, holding_out(held, list(few))):
            for dataset in sorted(set(map(str, scored.datasets))):
                by_dataset.setdefault((scored.harm, dataset), []).append(scored.of(dataset))
    for (harm, dataset), folds in by_dataset.items():
        pairs = [(rows.truth, rows.scores[MODEL]) for rows in folds]
        yield {"harm": harm, "dataset": dataset, "baseline": NETWORK} | pool_folds(pairs)


def only_groups(groups: NDArray[np.str_]) -> Place:
    """Of the training part some groups only; every other part as it is."""

    def place(part: str, table: pa.Table) -> NDArray[np.str_]:
        chosen = np.isin(_values(table, "split_group"), groups)
        return np.where(chosen | (part != "train"), part, "")

    return place


def holding_out(held: Sequence[str], datasets: Sequence[str]) -> Place:
    """Some groups to the test part, all others of their datasets to the training part."""

    def place(part: str, table: pa.Table) -> NDArray[np.str_]:
        is_held = np.isin(_values(table, "split_group"), held)
        others = np.isin(_values(table, "dataset"), datasets)
        return np.select(
            [is_held, others], ["test", "train"], part if part in ("train", "validation") else ""
        )

    return place


def few_groups(snapshot: Path, few: int) -> dict[str, list[str]]:
    """The datasets with fewer groups than `few`, and their groups."""
    pairs = {
        pair
        for part in PARTS
        for pair in zip(
            _column(snapshot / part, "dataset"),
            _column(snapshot / part, "split_group"),
            strict=True,
        )
    }
    by_dataset: dict[str, list[str]] = {}
    for dataset, group in sorted(pairs):
        by_dataset.setdefault(str(dataset), []).append(str(group))
    return {dataset: groups for dataset, groups in by_dataset.items() if len(groups) < few}


def _mean_auroc(of_seeds: Sequence[ScoredRows], options: TrainingConfig) -> Record:
    """The mean AUROC of several seeds, with an interval over resampled groups; and their range."""
    rows, limits = of_seeds[0], options.evaluation
    scores = {str(n): one.scores[MODEL] for n, one in enumerate(of_seeds)}
    each = [auroc_auprc(rows.truth, values)[0] for values in scores.values()]
    facts: Record = {"n": len(rows.truth), "positives": int(rows.truth.sum())}
    facts |= {"auroc": float(np.mean(each)), "least": min(each), "most": max(each)}
    if len(set(rows.groups)) < limits.min_groups:
        return facts | {"low": None, "high": None}
    drawn = bootstrap_auroc_auprc(
        rows.truth, scores, rows.groups, resamples=limits.resamples, seed=options.fit.seed
    )
    low, high = interval(np.mean([auroc for auroc, _ in drawn.values()], axis=0))
    return facts | {"low": low, "high": high}


def _with_seed(options: TrainingConfig, seed: int) -> TrainingConfig:
    return options.model_copy(update={"fit": options.fit.model_copy(update={"seed": seed})})


def _column(part: Path, name: str) -> NDArray[Any]:
    files = sorted(part.glob("*.parquet"))
    values = [_values(pq.read_table(path, columns=[name]), name) for path in files]
    return np.concatenate(values) if values else np.array([], dtype=object)


def _values(table: pa.Table, name: str) -> NDArray[Any]:
    return np.asarray(table.column(name).to_numpy())

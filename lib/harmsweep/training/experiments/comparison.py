"""The comparison that the design stands or falls by: losses, blends, fusions, classifiers.

For each seed all networks train side by side over one reading of the snapshot, with the options of
the model. Weights are fitted on the training part; early stopping, blends and late fusion's weights
go by the validation part; the test part has no say in any choice and gives the figures.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from harmsweep.evaluation.baseline import baseline_scores, fit_baseline
from harmsweep.evaluation.scored import ScoredRows, score_labelled_rows
from harmsweep.model.conf import Fit
from harmsweep.model.fusion import Columns
from harmsweep.paths import CONF
from harmsweep.training.experiments.comparison_records import comparison_records
from harmsweep.training.experiments.experiment import Experiment, load_experiment, write_once
from harmsweep.training.experiments.late_fusion import late_fusion, single_modality_networks
from harmsweep.training.experiments.variants import Variant, Variants, variants
from harmsweep.training.presence import presence
from harmsweep.training.progress import fit_shown
from harmsweep.training.scoring import baselines_of
from harmsweep.training.task import Task

LATE = "late fusion"
# By modality: a regression per harm, or None.
Baselines = Mapping[str, Sequence[Any]]


def compare(
    snapshot: Path, *, out: Path, seeds: int = 3, config: Path = CONF / "training.yaml"
) -> Path:
    """Write `out/<snapshot id>-<digest>.comparison.json` once; a second call only gives its path.

    The seeds are `fit.seed` and those after it. What the configuration chooses of the things that
    are compared plays no part, nor does `switched_off`.

    Raises:
        SnapshotRefused: the snapshot's files differ from its own hashes.
        ConfRefused: the configuration is wrong.
        TrainingRefused: no harm has enough labels for a head.
    """
    experiment = load_experiment(snapshot, config)
    numbers = experiment.seeds(seeds)
    made_from = experiment.made_from(ignored={"switched_off"}) | {"seeds": numbers}
    result = partial(comparison, experiment, seeds=numbers)
    return write_once(out, "comparison", made_from, result)


def comparison(experiment: Experiment, *, seeds: Sequence[int]) -> dict[str, Any]:
    """Everything that the comparison says: figures of the test part, and how they came about."""
    snapshot, task, options = experiment.snapshot, experiment.task, experiment.options
    limits = options.evaluation
    baselines = {
        m: [fit_baseline(snapshot / "train", h, m, rows=limits.baseline_rows) for h in task.harms]
        for m in baselines_of(task)
    }
    scored, details = [], []
    for seed in seeds:
        trained, detail = _trained(snapshot, task, options.fit.model_copy(update={"seed": seed}))
        scored.append(_scored(snapshot / "test", task, trained, baselines))
        details.append({"seed": seed} | detail)
    records, means = comparison_records(scored, limits, seed=options.fit.seed)
    return {"records": records, "means": means, "details": details}


def _trained(snapshot: Path, task: Task, options: Fit) -> tuple[Variants, dict[str, Any]]:
    """All variants after training; the validation losses, late fusion's weights, and the blends."""
    trained = variants(snapshot / "train", task, options)
    single = single_modality_networks(task, options, presence(snapshot / "train", task))
    networks = [one for variant in trained.values() for one in variant.networks]
    fit_shown(snapshot, task, [*networks, *single.values()], options)
    late, weights = late_fusion(snapshot / "validation", task, single)
    heads = ["fused", *single]
    return trained | {LATE: late}, {
        "validation_loss": {n: [one.best for one in v.networks] for n, v in trained.items()},
        "late_fusion": weights,
        "blends": [
            {"variant": name, "epoch": epoch}
            | {what: dict(zip(heads, values, strict=True)) for what, values in blend.items()}
            for name, variant in trained.items()
            for epoch, blend in variant.networks[0].blends.items()
        ],
    }


def _scored(part: Path, task: Task, trained: Variants, baselines: Baselines) -> list[ScoredRows]:
    """Each labelled row's score by each variant and baseline, harm by harm; NaN for none."""

    def scores(rows: Columns) -> dict[str, NDArray[Any]]:
        fused, labels = torch.from_numpy(task.fused(rows)), torch.from_numpy(task.labels(rows))
        by_scorer = {name: _as_array(variant, fused, labels) for name, variant in trained.items()}
        for modality, models in baselines.items():
            vectors = rows[f"{modality}_vector"]
            none = np.full(len(vectors), np.nan)
            of = [none if one is None else baseline_scores(one, vectors) for one in models]
            by_scorer[f"logistic regression, {modality}"] = np.stack(of, axis=1)
        return by_scorer

    return list(score_labelled_rows(part, task.harms, scores, **task.sources))


def _as_array(variant: Variant, fused: torch.Tensor, labels: torch.Tensor) -> NDArray[np.float64]:
    scores: NDArray[np.float64] = variant.scores(fused, labels).double().numpy()
    return scores

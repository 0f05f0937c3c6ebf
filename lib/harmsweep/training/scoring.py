"""What a fresh model and its baselines say of the parts of its snapshot."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmsweep.evaluation.baseline import (
    MODALITIES,
    baseline_scores,
    fit_baseline,
    leave_one_group_out,
)
from harmsweep.evaluation.records import MODEL, Record, pool_folds
from harmsweep.evaluation.scored import ScoredRows, score_labelled_rows
from harmsweep.model.calibration import Calibration
from harmsweep.model.conf import Evaluation
from harmsweep.model.fusion import Columns
from harmsweep.model.network import Heads, greatest_logits, probabilities
from harmsweep.training.calibration_fit import calibration
from harmsweep.training.task import Task


def score_part(
    snapshot: Path,
    task: Task,
    heads: Heads,
    calibrations: Mapping[str, Calibration],
    options: Evaluation,
) -> Iterator[ScoredRows]:
    """The model's and the baselines' scores on the test part, harm by harm.

    A baseline whose modality no training row of the harm has is left out.
    """
    baselines = {
        (harm, m): fit_baseline(snapshot / "train", harm, m, rows=options.baseline_rows)
        for harm in task.harms
        for m in baselines_of(task)
    }

    def scores(rows: Columns) -> dict[str, NDArray[Any]]:
        logits = task_logits(task, heads, rows)
        by_scorer: dict[str, NDArray[Any]] = {
            MODEL: probabilities(task.harms, logits, calibrations)
        }
        for m in baselines_of(task):
            vectors = rows[f"{m}_vector"]
            each = [baseline_scores(baselines[harm, m], vectors) for harm in task.harms]
            by_scorer[m] = np.stack(each, axis=1)
        return by_scorer

    for scored in score_labelled_rows(snapshot / "test", task.harms, scores, **task.sources):
        known = [MODEL, *(m for m in baselines_of(task) if baselines[scored.harm, m] is not None)]
        yield replace(scored, scores={name: scored.scores[name] for name in known})


def fit_calibrations(part: Path, task: Task, heads: Heads) -> dict[str, Calibration]:
    """Each head's calibration by a part's labelled rows."""

    def logits(rows: Columns) -> dict[str, NDArray[Any]]:
        return {MODEL: task_logits(task, heads, rows)}

    return {
        scored.harm: calibration(scored.scores[MODEL], scored.truth, scored.groups)
        for scored in score_labelled_rows(part, task.harms, logits, **task.sources)
    }


def task_logits(task: Task, heads: Heads, rows: Columns) -> NDArray[np.float64]:
    """The logits that a model of these heads scores by: the greatest over its windows, if any."""
    return greatest_logits(heads, rows, task.inputs, task.features, windows=task.windows)


def baselines_of(task: Task) -> list[str]:
    """The modalities that a baseline is fitted on."""
    return [m for m in MODALITIES if m in {source.name for source in task.inputs}]


def few_group_records(
    snapshot: Path, task: Task, scored: ScoredRows, options: Evaluation
) -> Iterator[Record]:
    """Leave-one-group-out AUROC of the baselines, for datasets with few groups in the test part.

    The folds' log-odds are pooled; `folds` counts the groups with both classes.
    """
    for dataset in map(str, sorted(set(scored.datasets))):
        if len(set(scored.of(dataset).groups)) >= options.min_groups:
            continue
        for modality in baselines_of(task):
            facts = {"harm": scored.harm, "dataset": dataset, "baseline": modality}
            folds = list(leave_one_group_out(snapshot, facts, rows=options.baseline_rows))
            if folds:
                yield facts | pool_folds(folds)

"""What each head is worth on the test part, beside logistic regression on one modality."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmsweep.model import Heads, predict
from harmsweep.train.baseline import (
    MODALITIES,
    baseline_scores,
    fit_baseline,
    leave_one_group_out,
    read_columns,
)
from harmsweep.train.bootstrap import Bools, Floats, interval, point, resampled
from harmsweep.train.data import Task
from harmsweep.training import Evaluation

Record = dict[str, Any]
MODEL, ALL = "model", "all"


@dataclass(frozen=True)
class Scored:
    """One harm's labelled test rows: truth, each scorer's scores, groups and datasets."""

    harm: str
    truth: Bools
    scores: Mapping[str, Floats]
    groups: NDArray[Any]
    datasets: NDArray[Any]

    def of(self, dataset: str) -> "Scored":
        """The rows of one dataset."""
        keep = self.datasets == dataset
        scores = {name: values[keep] for name, values in self.scores.items()}
        return Scored(self.harm, self.truth[keep], scores, self.groups[keep], self.datasets[keep])


def score_part(snapshot: Path, task: Task, heads: Heads, options: Evaluation) -> Iterator[Scored]:
    """The model's and the baselines' scores on the test part, harm by harm."""
    modalities = modalities_of(task)
    baselines = {
        (harm, m): fit_baseline(snapshot / "train", harm, m, rows=options.baseline_rows)
        for harm in task.harms
        for m in modalities
    }
    parts: dict[str, list[NDArray[Any]]] = defaultdict(list)
    # File by file: the vectors of one row group in memory, the scores of all.
    for path in sorted((snapshot / "test").glob("*.parquet")):
        rows = read_columns(path, [*task.columns, "split_group", "dataset"])
        parts["groups"].append(rows["split_group"])
        parts["datasets"].append(rows["dataset"])
        parts["labels"].append(task.labels(rows))
        parts[MODEL].append(predict(heads, task.fused(rows)))
        for m in modalities:
            scores = [baseline_scores(baselines[h, m], rows[f"{m}_vector"]) for h in task.harms]
            parts[m].append(np.stack(scores, axis=1))
    whole = {name: np.concatenate(values) for name, values in parts.items()}
    for place, harm in enumerate(task.harms):
        known = ~np.isnan(whole["labels"][:, place])
        yield Scored(
            harm,
            whole["labels"][known, place] > 0.5,
            {name: whole[name][known, place] for name in (MODEL, *modalities)},
            whole["groups"][known],
            whole["datasets"][known],
        )


def modalities_of(task: Task) -> list[str]:
    """The modalities that a baseline is fitted on."""
    return [m for m in MODALITIES if m in {source.name for source in task.inputs}]


def records(scored: Scored, options: Evaluation, *, seed: int) -> Iterator[Record]:
    """One record of all the harm's test rows, and one per dataset that has both labels."""
    yield record(scored, ALL, options, seed=seed)
    for dataset in sorted(set(scored.datasets)):
        rows = scored.of(str(dataset))
        if rows.truth.any() and not rows.truth.all():
            yield record(rows, str(dataset), options, seed=seed)


def record(rows: Scored, dataset: str, options: Evaluation, *, seed: int) -> Record:
    """AUROC and AUC-PR of the model beside the baselines, and their paired difference.

    Intervals are the central 95 % over resamples of whole groups; the baseline of the difference is
    the one that is best on these very rows, which favours the baseline.
    """
    groups = len(set(rows.groups))
    found: Record = {
        "harm": rows.harm,
        "dataset": dataset,
        "n": len(rows.truth),
        "positives": int(rows.truth.sum()),
        "groups": groups,
        "note": "",
    }
    if not rows.truth.any() or rows.truth.all():
        return found | {"note": "one class only: counts, no areas", "worse_than_baseline": False}
    points = {name: point(rows.truth, values) for name, values in rows.scores.items()}
    baselines = {name: auroc for name, (auroc, _) in points.items() if name != MODEL}
    best = max(sorted(baselines), key=lambda name: baselines[name])
    found |= {"auroc": points[MODEL][0], "auc_pr": points[MODEL][1], "best_baseline": best}
    for name in baselines:
        found |= {f"baseline_{name}_auroc": points[name][0]}
        found |= {f"baseline_{name}_auc_pr": points[name][1]}
    found["difference"] = points[MODEL][0] - baselines[best]
    found["worse_than_baseline"] = False
    if groups < options.min_groups:
        return found | {"note": f"groups < {options.min_groups}"}
    return found | _intervals(rows, best, options, seed)


def _intervals(rows: Scored, best: str, options: Evaluation, seed: int) -> Record:
    drawn = resampled(rows.truth, rows.scores, rows.groups, resamples=options.resamples, seed=seed)
    found: Record = {}
    for name, (auroc, auc_pr) in drawn.items():
        prefix = "" if name == MODEL else f"baseline_{name}_"
        found[f"{prefix}low"], found[f"{prefix}high"] = interval(auroc)
        found[f"{prefix}ap_low"], found[f"{prefix}ap_high"] = interval(auc_pr)
    low, high = interval(drawn[MODEL][0] - drawn[best][0])
    found |= {"difference_low": low, "difference_high": high}
    return found | {"worse_than_baseline": high < 0}


def few_group_records(
    snapshot: Path, task: Task, scored: Scored, options: Evaluation
) -> Iterator[Record]:
    """Leave-one-group-out AUROC of the baselines, for datasets with few groups in the test part.

    The folds' log-odds are pooled; `folds` counts the groups with both classes.
    """
    for dataset in map(str, sorted(set(scored.datasets))):
        if len(set(scored.of(dataset).groups)) >= options.min_groups:
            continue
        for modality in modalities_of(task):
            found = {"harm": scored.harm, "dataset": dataset, "baseline": modality}
            rows = options.baseline_rows
            yield found | _pooled(leave_one_group_out(snapshot, found, rows=rows))


def _pooled(folds: Iterable[tuple[Bools, Floats]]) -> Record:
    kept = list(folds)
    truth = np.concatenate([t for t, _ in kept])
    auroc, auc_pr = point(truth, np.concatenate([s for _, s in kept]))
    return {
        "groups": len(kept),
        "folds": sum(bool(t.any() and not t.all()) for t, _ in kept),
        "n": len(truth),
        "positives": int(truth.sum()),
        "auroc": auroc,
        "auc_pr": auc_pr,
    }


def finite(value: Any) -> Any:
    """The same facts with null for what is no finite number, as JSON has it."""
    if isinstance(value, Mapping):
        return {name: finite(item) for name, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

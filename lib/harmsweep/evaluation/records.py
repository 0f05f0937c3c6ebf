"""What each head is worth on the test part, beside logistic regression on one modality."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from harmsweep.evaluation.intervals import (
    Bools,
    Floats,
    auroc_auprc,
    bootstrap_auroc_auprc,
    group_weights,
    interval,
)
from harmsweep.evaluation.scored import ScoredRows
from harmsweep.model.calibration import calibration_errors, reliability
from harmsweep.model.conf import Evaluation

Record = dict[str, Any]
MODEL, ALL = "model", "all"


def records(scored: ScoredRows, options: Evaluation, *, seed: int) -> Iterator[Record]:
    """One record of all the harm's test rows, and one per dataset that has both labels."""
    yield record(scored, ALL, options, seed=seed)
    for dataset in map(str, sorted(set(scored.datasets))):
        rows = scored.of(dataset)
        if rows.has_both:
            yield record(rows, dataset, options, seed=seed)


def kept_out(records: Iterable[Record], options: Evaluation) -> dict[str, str]:
    """The heads that no production policy may use, and why: too few test groups of a class."""
    return {
        row["harm"]: f"{row['positive_groups']} positive and {row['negative_groups']} negative"
        f" groups in the test part, {options.min_groups} of each are needed"
        for row in records
        if row["dataset"] == ALL
        and min(row["positive_groups"], row["negative_groups"]) < options.min_groups
    }


def language_records(scored: ScoredRows, options: Evaluation, *, seed: int) -> Iterator[Record]:
    """One record per language with both labels and enough groups for an interval."""
    for language in map(str, sorted(set(scored.languages))):
        rows = scored.where(scored.languages == language)
        if rows.has_both and len(set(rows.groups)) >= options.min_groups:
            yield record(rows, ALL, options, seed=seed) | {"language": language}


def record(rows: ScoredRows, dataset: str, options: Evaluation, *, seed: int) -> Record:
    """AUROC and AUC-PR of the model beside the baselines, and their paired difference.

    Intervals are the central 95 % over resamples of whole groups, of which each class needs enough:
    an area of five positives moves by a fifth with each. The baseline of the difference is the one
    that is best on these very rows, which favours the baseline.
    """
    of_class = [len(set(rows.groups[rows.truth == known])) for known in (True, False)]
    facts: Record = {
        "harm": rows.harm,
        "dataset": dataset,
        "n": len(rows.truth),
        "positives": int(rows.truth.sum()),
        "groups": len(set(rows.groups)),
        "positive_groups": of_class[0],
        "negative_groups": of_class[1],
        "note": "",
    }
    if not rows.has_both:
        return facts | {"note": "one class only: counts, no areas", "worse_than_baseline": False}
    points = {name: auroc_auprc(rows.truth, values) for name, values in rows.scores.items()}
    baselines = {name: auroc for name, (auroc, _) in points.items() if name != MODEL}
    best = max(sorted(baselines), key=lambda name: baselines[name], default=None)
    facts |= {"auroc": points[MODEL][0], "auc_pr": points[MODEL][1], "best_baseline": best}
    for name in baselines:
        facts |= {f"baseline_{name}_auroc": points[name][0]}
        facts |= {f"baseline_{name}_auc_pr": points[name][1]}
    if best is not None:
        facts["difference"] = points[MODEL][0] - baselines[best]
    facts["worse_than_baseline"] = False
    if min(of_class) < options.min_groups:
        return facts | {"note": f"groups of a class < {options.min_groups}"}
    return facts | _intervals(rows, best, options, seed)


def _intervals(rows: ScoredRows, best: str | None, options: Evaluation, seed: int) -> Record:
    drawn = bootstrap_auroc_auprc(
        rows.truth, rows.scores, rows.groups, resamples=options.resamples, seed=seed
    )
    ends: Record = {}
    for name, (auroc, auc_pr) in drawn.items():
        prefix = "" if name == MODEL else f"baseline_{name}_"
        ends[f"{prefix}low"], ends[f"{prefix}high"] = interval(auroc)
        ends[f"{prefix}ap_low"], ends[f"{prefix}ap_high"] = interval(auc_pr)
    if best is None:
        return ends
    low, high = interval(drawn[MODEL][0] - drawn[best][0])
    ends |= {"difference_low": low, "difference_high": high}
    return ends | {"worse_than_baseline": high < 0}


def calibration_record(rows: ScoredRows, options: Evaluation, *, seed: int) -> Record:
    """The calibration error of the model's probabilities on a harm's rows, with its interval."""
    probabilities, truth = rows.scores[MODEL], rows.truth
    groups = len(set(rows.groups))
    facts: Record = {"harm": rows.harm, "n": len(truth), "groups": groups}
    if not len(truth):
        return facts
    whole = calibration_errors(probabilities, truth, np.ones((1, len(truth))))
    facts |= {"ece": float(whole[0]), "bins": reliability(probabilities, truth)}
    if groups < options.min_groups:
        return facts
    drawn = group_weights(rows.groups, resamples=options.resamples, seed=seed)
    errors = [calibration_errors(probabilities, truth, weights) for weights in drawn]
    low, high = interval(np.concatenate(errors))
    return facts | {"ece_low": low, "ece_high": high}


def pool_folds(folds: Sequence[tuple[Bools, Floats]]) -> Record:
    """The areas of all folds' truths and scores together; `folds` counts those of both classes."""
    truth = np.concatenate([t for t, _ in folds])
    auroc, auc_pr = auroc_auprc(truth, np.concatenate([s for _, s in folds]))
    return {
        "groups": len(folds),
        "folds": sum(bool(t.any() and not t.all()) for t, _ in folds),
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

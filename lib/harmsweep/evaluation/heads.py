"""What each head is worth over all its test rows, and what follows for its use."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from harmsweep.evaluation.model_scores import scored_rows
from harmsweep.evaluation.records import ALL, Record, calibration_record, finite, record
from harmsweep.evaluation.slices import LEAST_POSITIVES, few
from harmsweep.model.conf import Evaluation

# What the model's own evaluation says of the baselines, by head.
BASELINE = ("best_baseline", "difference", "difference_low", "difference_high")
ENDS = ("low", "high", "ap_low", "ap_high", "ece", "ece_low", "ece_high", "auroc", "auc_pr", "bins")
REVIEW_ONLY = "review only"


def head_records(
    rows: pd.DataFrame,
    harms: Sequence[str],
    evaluation: Mapping[str, Any],
    options: Evaluation,
    *,
    seed: int,
) -> Iterator[Record]:
    """A record per head: areas, calibration error, the baseline of training, and a verdict.

    `evaluation` is the model's evaluation.json, or empty where it is of another snapshot.
    """
    stored = {r["harm"]: r for r in evaluation.get("records", []) if r["dataset"] == ALL}
    for harm in harms:
        of_harm = scored_rows(rows, harm)
        known = stored.get(harm, {})
        best = known.get("best_baseline")
        head = dict.fromkeys(ENDS) | record(of_harm, ALL, options, seed=seed)
        head |= calibration_record(of_harm, options, seed=seed)
        head |= {name: known.get(name) for name in BASELINE}
        head["baseline"] = known.get(f"baseline_{best}_auroc")
        head["worse_than_baseline"] = known.get("worse_than_baseline", False)
        head["few"] = few(head)
        words = verdict(head)
        yield head | {"verdict": words, "review_only": words.startswith(REVIEW_ONLY)}


def verdict(head: Record) -> str:
    """What a head's figures allow, in a few words: for review only, or how it does beside one."""
    reasons = {
        "one class in the test part": head["auroc"] is None,
        f"{_rarer_groups(head)} groups of a class tell nothing of a new one": head["low"] is None,
        f"fewer than {LEAST_POSITIVES} positives": head["few"],
        f"worse than {head['best_baseline']} alone": head["worse_than_baseline"],
    }
    for reason, holds in reasons.items():
        if holds:
            return f"{REVIEW_ONLY}: {reason}"
    if head["baseline"] is None:
        return "no baseline to compare with"
    better = head["difference_low"] is not None and head["difference_low"] > 0
    return f"{'better than' if better else 'not told from'} {head['best_baseline']} alone"


def _rarer_groups(head: Record) -> int:
    return int(min(head["positive_groups"], head["negative_groups"]))


# In what a head may fall short of its baseline, the best regression on one modality.
WORSE = "Worse than its regression by more than the interval"
BELOW = "Below its regression, if not by more than an interval"
NO_INTERVAL = "Without an interval"
NO_BASELINE = "Without a regression beside it"
NO_FIGURE = "Without a figure, for lack of both classes"


def doubts(records: Iterable[Record]) -> dict[str, list[str]]:
    """What can be held against heads, and which: without any, each is told from or like its best.

    A figure that is not finite is none.
    """
    order = (WORSE, BELOW, NO_INTERVAL, NO_BASELINE, NO_FIGURE)
    found: dict[str, list[str]] = {doubt: [] for doubt in order}
    for row in records:
        name = row["harm"]
        name += f" ({row['dataset']})" if row["dataset"] != ALL else ""
        name += f" ({row['language']})" if "language" in row else ""
        for doubt in _doubts(finite(row)):
            found[doubt].append(name)
    return {doubt: heads for doubt, heads in found.items() if heads}


def _doubts(row: Record) -> Iterator[str]:
    difference = row.get("difference")
    if row.get("auroc") is None:
        yield NO_FIGURE
    elif difference is None:
        yield NO_BASELINE
    elif row.get("worse_than_baseline"):
        yield WORSE
    elif difference < 0:
        yield BELOW
    of_none = row.get("low") is None if difference is None else row.get("difference_low") is None
    if row.get("auroc") is not None and of_none:
        yield NO_INTERVAL

"""What two models flag of posts that are free of a harm, and how well each tells its own.

By head: the share of background posts (conf/training.yaml) that reaches the lowest threshold of a
policy, of other collections and of ordinary ones, and the AUROC over its labelled posts; of both
models on the same rows, with 95 % intervals of the paired differences over whole groups. Left out
are posts of groups that the first learned from; but in train and validation, those of the second
too. A first one that reads vectors of other encoders has a snapshot of its own, `--former`.

    .venv/bin/python scripts/benchmarks/elsewhere.py --before MANIFEST --after MANIFEST \\
        --snapshot lake/snapshots/SNAPSHOT
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from harmsweep.evaluation.intervals import (
    Bools,
    Floats,
    group_weights,
    interval,
    weighted_auroc_auprc,
)
from harmsweep.evaluation.model_scores import POST, model_scores, score_column
from harmsweep.evaluation.ordinary import ELSEWHERE, ORDINARY, Flagging
from harmsweep.evaluation.scored import seen_groups
from harmsweep.model.conf import load_training
from harmsweep.model.manifest import load_manifest
from harmsweep.model.snapshot import label_column
from harmsweep.paths import CONF
from harmsweep.policy.file import load_policy

RESAMPLES, SEED = 1000, 7
# A dataset with fewer posts of a class says nothing of a head.
LEAST = 10
# A figure of scores under each of several weightings of their rows.
Measure = Callable[[Any, Floats], Floats]
Pair = tuple[NDArray[Any], NDArray[Any]]


def main(
    *, before: Path, after: Path, snapshot: Path, former: Path | None, part: str, policy: Path
) -> None:
    rows, other = paired(before, after, (former or snapshot) / part, snapshot / part)
    by = Flagging(load_policy(policy), None, load_training().background)
    groups = rows["split_group"].to_numpy(dtype=str)
    harms = [h for h in load_manifest(before).harms if h in load_manifest(after).harms]
    table = Table("harm", "figure", "posts", "before", "after", "difference", title=part)

    def add(harm: str, figure: str, of: Bools, pair: Pair, measure: Measure) -> None:
        if of.any():
            shown = compared(measure, (pair[0][of], pair[1][of]), groups[of])
            table.add_row(harm, figure, str(of.sum()), *shown)

    flagged_by_any = {kind: np.zeros((3, len(rows)), dtype=bool) for kind in (ORDINARY, ELSEWHERE)}
    for harm in harms:
        first, second = (frame[score_column(harm)].to_numpy(float) for frame in (rows, other))
        labels = rows[label_column(harm)]
        known = labels.notna().to_numpy()
        add(harm, "AUROC", known, (first, second), auroc((labels[known] == 1).to_numpy()))
        for dataset in sorted(set(rows["dataset"][known])):
            of = known & (rows["dataset"] == dataset).to_numpy()
            truth = (labels[of] == 1).to_numpy()
            if min(truth.sum(), (~truth).sum()) >= LEAST and of.sum() < known.sum():
                add(harm, f"AUROC, {dataset}", of, (first, second), auroc(truth))
        scores = [score for score in by.thresholds(harm).values() if score is not None]
        least = min(scores, default=np.inf)
        for kind, of in by.posts(rows, harm).items():
            flags = first >= least, second >= least
            flagged_by_any[kind] |= of & np.stack([flags[0], flags[1], of])
            add(harm, f"flagged of {kind}", of, flags, share)
    for kind, (first, second, of) in flagged_by_any.items():
        add("all", f"flagged of {kind}", of, (first, second), share)
    Console(width=110).print(table)


def paired(
    before: Path, after: Path, former: Path, part: Path
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What each model says of the same posts, in one order, but those that were learned from."""
    first, second = model_scores(former, before), model_scores(part, after)
    trained_on = {*load_manifest(before).groups}
    if part.name not in ("train", "validation"):
        trained_on |= {*load_manifest(after).groups}
    seen = seen_groups(part, trained_on)
    fresh = second[~second["split_group"].isin(seen)]
    # The groups are those of the newer snapshot.
    same = fresh[POST].merge(first.drop(columns="split_group"), on=POST)
    of_both = same[POST].merge(fresh, on=POST)
    return same.assign(split_group=of_both["split_group"]), of_both


def compared(measure: Measure, pair: Pair, groups: NDArray[np.str_]) -> Iterator[str]:
    """Both figures, and the interval of what the second is above the first."""
    even = np.ones((1, len(groups)))
    for scores in pair:
        yield f"{float(measure(scores, even)[0]):.3f}"
    drawn = [
        measure(pair[1], weights) - measure(pair[0], weights)
        for weights in group_weights(groups, resamples=RESAMPLES, seed=SEED)
    ]
    low, high = interval(np.concatenate(drawn))
    yield f"{low:+.3f} to {high:+.3f}"


def auroc(truth: Bools) -> Measure:
    return lambda scores, weights: weighted_auroc_auprc(truth, scores, weights)[0]


def share(flags: Floats, weights: Floats) -> Floats:
    return np.asarray(weights @ flags / weights.sum(axis=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--before", type=Path, required=True, help="a model's manifest.json")
    parser.add_argument("--after", type=Path, required=True, help="the other's")
    parser.add_argument("--snapshot", type=Path, required=True)
    parser.add_argument("--former", type=Path, help="the snapshot that --before reads, if another")
    parser.add_argument("--part", default="validation")
    parser.add_argument("--policy", type=Path, default=CONF / "policy" / "default.yaml")
    main(**vars(parser.parse_args()))

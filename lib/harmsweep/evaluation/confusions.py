"""Which heads answer to one another's posts."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from harmsweep.evaluation.intervals import Bools
from harmsweep.evaluation.model_scores import score_column
from harmsweep.evaluation.records import Record
from harmsweep.evaluation.shares import share
from harmsweep.model.conf import Evaluation
from harmsweep.model.snapshot import label_column

Thresholds = Mapping[str, float]


def flagged_by_others(
    rows: pd.DataFrame, harms: Sequence[str], thresholds: Thresholds
) -> pd.DataFrame:
    """The share of each harm's positives (rows) that each head flags (columns); NaN without any.

    Whatever their labels of the other harms say, where there are any: see `confusions` for those.
    """
    shares = {}
    for harm in harms:
        positives = rows[rows[label_column(harm)] == 1]
        flags = {h: _flagged(positives, h, thresholds[h]) for h in harms if h in thresholds}
        shares[harm] = {h: f.mean() if len(f) else np.nan for h, f in flags.items()}
    return pd.DataFrame(shares).T.reindex(index=list(harms), columns=list(harms))


def confusions(
    rows: pd.DataFrame,
    harms: Sequence[str],
    thresholds: Thresholds,
    options: Evaluation,
    *,
    seed: int,
) -> Iterator[Record]:
    """Of the rows that are one harm and are not another, by label: what the other's head flags.

    Pairs without such rows are left out.
    """
    groups = rows["split_group"].to_numpy(dtype=str)
    for harm in harms:
        is_harm = (rows[label_column(harm)] == 1).to_numpy()
        for other in (h for h in harms if h != harm and h in thresholds):
            pair = is_harm & (rows[label_column(other)] == 0).to_numpy()
            if pair.any():
                flags = _flagged(rows, other, thresholds[other])
                record = share(flags, pair, groups, options, seed=seed)
                yield {"harm": harm, "other": other} | record


def _flagged(rows: pd.DataFrame, harm: str, threshold: float) -> Bools:
    flags: Bools = (rows[score_column(harm)] > threshold).to_numpy()
    return flags

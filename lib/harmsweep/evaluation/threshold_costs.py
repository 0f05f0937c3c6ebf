"""What each threshold of a head costs: posts to review, views at stake, and harm that is missed.

Test parts have far more harm than a platform. So what is flagged of harmful and of benign posts is
measured apart, and put together at a stated prevalence by label shift, as certificates are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmsweep.evaluation.curves import Curve
from harmsweep.evaluation.intervals import Bools, Floats, group_weights
from harmsweep.evaluation.model_scores import VIEWS, score_column
from harmsweep.evaluation.ordinary import Flagging
from harmsweep.model.conf import Evaluation
from harmsweep.model.snapshot import label_column
from harmsweep.policy.share_bounds import exact_interval

# Where curves are drawn, beside the scores of a policy's rungs.
GRID = np.arange(1, 100) / 100
# The share of harmful posts where the policy states none: the guess of conf/policy/default.yaml.
ASSUMED_PREVALENCE = 0.01
# Who stands for benign posts where no background collection has groups enough.
LABELLED = "posts labelled free of it"
FLAGGED, FLAGGED_VIEWS, MISSED, MISSED_VIEWS = COSTS = (
    *("flagged", "flagged_views"),
    *("missed", "missed_views"),
)
# The share of the benign posts that is flagged.
_WRONG = "wrong"


@dataclass(frozen=True)
class Costs:
    """A head's costs over `thresholds`: each of `COSTS` is a share, from 0 to 1.

    `flagged` are posts that score so much or more, of all posts, and `missed` are harmful posts
    that score less, of the harmful ones; with `_views` both count by views, where known.
    """

    harm: str
    prevalence: float
    # Whether the policy states the prevalence; otherwise it is assumed.
    stated: bool
    thresholds: Floats
    # The policy's rungs: actions, and the score from which on each is taken.
    rungs: Mapping[str, float]
    curves: Mapping[str, Curve]
    # Which posts stand for benign ones, and how many posts and groups there are of each class.
    benign_kind: str
    positives: int
    positive_groups: int
    benign: int
    benign_groups: int

    def at(self, threshold: float) -> dict[str, float | None]:
        """The costs at one of the thresholds, each with `_low` and `_high` where they are known."""
        place = int(np.flatnonzero(self.thresholds == threshold)[0])
        found: dict[str, float | None] = {"threshold": threshold}
        for name, curve in self.curves.items():
            ends = {"": curve.height, "_low": curve.low, "_high": curve.high}
            for end, values in ends.items():
                found[name + end] = _known(values, place)
        return found


def threshold_costs(
    rows: pd.DataFrame, harm: str, by: Flagging, options: Evaluation, *, seed: int
) -> Iterator[Costs]:
    """The costs of a head, once for each prevalence that the policy's rules on its harm state.

    Rows are `model_scores`'. Bands hold 95 % of the resamples of whole groups. None where a part
    has no harmful post, or none that stands for benign ones.
    """
    harmful = (rows[label_column(harm)] == 1).to_numpy()
    kind, benign = _benign(rows, harm, by, options)
    if not harmful.any() or not benign.any():
        return
    rungs = {a: score for a, score in by.thresholds(harm).items() if score is not None}
    stated = sorted({r.prevalence for r in by.policy.rules.get(harm, ()) if r.prevalence})
    scored = _scored(rows, harm, harmful, benign)
    thresholds = np.unique([*GRID, *rungs.values()])
    for prevalence in stated or [ASSUMED_PREVALENCE]:
        yield Costs(
            harm=harm,
            prevalence=prevalence,
            stated=bool(stated),
            thresholds=thresholds,
            rungs=rungs,
            curves=_curves(scored, thresholds, prevalence, options, seed=seed),
            benign_kind=kind,
            positives=int(harmful.sum()),
            positive_groups=scored.groups_of(scored.harmful),
            benign=int(benign.sum()),
            benign_groups=scored.groups_of(~scored.harmful),
        )


def _benign(rows: pd.DataFrame, harm: str, by: Flagging, options: Evaluation) -> tuple[str, Bools]:
    """The first kind of posts with groups enough, else that with most, and which rows are of it.

    Ordinary posts come first, then those of other collections, then those that are labelled.
    """
    kinds = by.posts(rows, harm) | {LABELLED: (rows[label_column(harm)] == 0).to_numpy()}
    groups = {kind: rows.loc[of, "split_group"].nunique() for kind, of in kinds.items()}
    enough = [kind for kind in kinds if groups[kind] >= options.min_groups]
    kind = enough[0] if enough else max(kinds, key=lambda kind: groups[kind])
    return kind, kinds[kind]


@dataclass(frozen=True)
class _Scored:
    """The harmful and benign rows of a head; views are NaN where they are not known."""

    scores: Floats
    views: Floats
    groups: NDArray[Any]
    harmful: Bools

    def groups_of(self, of: Bools) -> int:
        """How many groups some of the rows are of."""
        return len(set(self.groups[of]))


def _scored(rows: pd.DataFrame, harm: str, harmful: Bools, benign: Bools) -> _Scored:
    both = harmful | benign
    return _Scored(
        scores=rows.loc[both, score_column(harm)].to_numpy(dtype=float),
        views=rows.loc[both, VIEWS].to_numpy(dtype=float),
        groups=rows.loc[both, "split_group"].to_numpy(dtype=str),
        harmful=harmful[both],
    )


def _curves(
    scored: _Scored, thresholds: Floats, prevalence: float, options: Evaluation, *, seed: int
) -> dict[str, Curve]:
    above = scored.scores[:, None] >= thresholds
    whole = _costs(scored, above, np.ones((1, len(above))), prevalence)
    heights = {name: values[0] for name, values in whole.items()}
    blocks = group_weights(scored.groups, resamples=options.resamples, seed=seed)
    drawn = [_costs(scored, above, weights, prevalence) for weights in blocks]
    ends = {n: _ends(np.concatenate([of[n] for of in drawn])) for n in heights}
    found = _class_ends(1 - ends[MISSED][::-1], scored, above, of=True)
    wrong = _class_ends(ends.pop(_WRONG), scored, above, of=False)
    stuck = {of: _stuck(above[scored.harmful == of]) for of in (True, False)}
    either = stuck[True] | stuck[False]
    apart = prevalence * found + (1 - prevalence) * wrong
    ends[MISSED] = 1 - found[::-1]
    ends[FLAGGED] = np.where(either, apart, ends[FLAGGED])
    # By views there is no exact end: one post may have half of them.
    ends[MISSED_VIEWS] = np.where(stuck[True], np.nan, ends[MISSED_VIEWS])
    ends[FLAGGED_VIEWS] = np.where(either, np.nan, ends[FLAGGED_VIEWS])
    few = {of: scored.groups_of(scored.harmful == of) < options.min_groups for of in stuck}
    unknown = {name: few[True] or (few[False] and name.startswith(FLAGGED)) for name in COSTS}
    return {n: Curve(heights[n]) if unknown[n] else Curve(heights[n], *ends[n]) for n in COSTS}


def _ends(drawn: Floats) -> Floats:
    """The central 95 % of resamples, low and high by thresholds; NaN where none has a value."""
    known = np.isfinite(drawn).any(axis=0)
    ends = np.full((2, drawn.shape[1]), np.nan)
    ends[:, known] = np.nanquantile(drawn[:, known], [0.025, 0.975], axis=0)
    return ends


def _stuck(above: Bools) -> Bools:
    """Where none or all rows of a class are flagged, which resampling cannot vary."""
    return np.asarray(above.all(axis=0) | ~above.any(axis=0))


def _class_ends(ends: Floats, scored: _Scored, above: Bools, *, of: bool) -> Floats:
    """The ends of the share of a class that is flagged: exact ones where resampling gives none."""
    rows = scored.harmful == of
    groups = scored.groups_of(rows)
    every = above[rows].all(axis=0)
    exact = np.array(exact_interval(groups * every.astype(int), groups))
    return np.where(_stuck(above[rows]), exact, ends)


def _costs(scored: _Scored, above: Bools, weights: Floats, prevalence: float) -> dict[str, Floats]:
    """Each cost under each of several weightings, resamples by thresholds; NaN where unknown."""
    (found, seen, all_seen), (wrong, hit, all_hit) = (
        _shares(scored.views[of], above[of], weights[:, of])
        for of in (scored.harmful, ~scored.harmful)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        all_views = prevalence * all_seen + (1 - prevalence) * all_hit
        return {
            FLAGGED: prevalence * found + (1 - prevalence) * wrong,
            FLAGGED_VIEWS: (prevalence * seen + (1 - prevalence) * hit) / all_views,
            MISSED: 1 - found,
            MISSED_VIEWS: 1 - seen / all_seen,
            _WRONG: wrong,
        }


def _shares(views: Floats, above: Bools, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """The share of posts that are flagged, the views of those by post, and of all by post."""
    flags, known = above.astype(float), np.isfinite(views)
    seen = weights * np.where(known, views, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        posts, counted = weights.sum(axis=1)[:, None], (weights @ known)[:, None]
        return weights @ flags / posts, seen @ flags / counted, seen.sum(axis=1)[:, None] / counted


def _known(values: Floats | None, place: int) -> float | None:
    return float(values[place]) if values is not None and np.isfinite(values[place]) else None

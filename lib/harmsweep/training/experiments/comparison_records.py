"""Figures of a comparison: areas and paired differences, over seeds and groups together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harmsweep.evaluation.intervals import Floats, group_weights, interval, weighted_auroc_auprc
from harmsweep.evaluation.records import ALL, Record
from harmsweep.evaluation.scored import ScoredRows
from harmsweep.model.conf import Evaluation
from harmsweep.training.experiments.variants import PLAIN

AREAS = ("auroc", "auc_pr")
# By variant: areas by values, of which the first is that of the rows as they are, then one for each
# resample.
Drawn = dict[str, Floats]


@dataclass(frozen=True)
class Draws:
    """The same resamples for every harm and variant: whole groups of a part, and seeds."""

    groups: NDArray[np.str_]
    seeds: int
    options: Evaluation
    seed: int

    @cached_property
    def shares(self) -> Floats:
        """What each seed counts: all alike at first, then by how often each is drawn."""
        rng = np.random.default_rng(self.seed)
        even = np.full(self.seeds, 1 / self.seeds)
        return np.vstack([even, rng.multinomial(self.seeds, even, self.options.resamples) * even])

    def weights(self, groups: NDArray[np.str_]) -> Iterator[Floats]:
        """What rows of some groups count, values by rows: 1 at first, then block by block."""
        places = np.searchsorted(self.groups, groups)
        yield np.ones((1, len(groups)))
        resamples = self.options.resamples
        for drawn in group_weights(self.groups, resamples=resamples, seed=self.seed):
            yield drawn[:, places]


def comparison_records(
    seeds: Sequence[Sequence[ScoredRows]], options: Evaluation, *, seed: int
) -> tuple[list[Record], list[Record]]:
    """What each variant is worth per harm and dataset, and its mean difference over harms.

    `seeds` holds, by seed, the same rows harm by harm. Differences are to `plain` on the same rows.
    There are intervals where each class has `min_groups` groups; the means are over such harms.
    """
    groups = np.unique(np.concatenate([rows.groups for rows in seeds[0]]).astype(str))
    draws = Draws(groups, len(seeds), options, seed)
    records: list[Record] = []
    with_interval: dict[str, Drawn] = {}
    for rows in zip(*seeds, strict=True):
        first = rows[0]
        datasets = sorted({*map(str, first.datasets)})
        for dataset in [ALL, *(datasets if len(datasets) > 1 else [])]:
            here = rows if dataset == ALL else [one.of(dataset) for one in rows]
            if not here[0].has_both:
                continue
            for names, same in _by_rows(here):
                drawn = _drawn(same, draws)
                has_interval = _rarer_groups(same[0]) >= options.min_groups
                of_rows = _records(same[0], dataset, drawn, with_intervals=has_interval)
                records += [record for record in of_rows if record["variant"] in names]
                if dataset == ALL and has_interval and len(same[0].truth) == len(first.truth):
                    with_interval[first.harm] = {n: d - drawn[PLAIN] for n, d in drawn.items()}
    return records, list(_means(with_interval))


def _by_rows(rows: Sequence[ScoredRows]) -> Iterator[tuple[list[str], list[ScoredRows]]]:
    """Variants that have scores for the same rows; these rows, with their scores and `plain`'s."""
    alike: dict[bytes, list[str]] = {}
    for name, values in rows[0].scores.items():
        alike.setdefault(np.isfinite(values).tobytes(), []).append(name)
    for names in alike.values():
        keep = np.isfinite(rows[0].scores[names[0]])
        scores = [{n: one.scores[n] for n in dict.fromkeys([PLAIN, *names])} for one in rows]
        same = [
            ScoredRows(one.harm, one.truth, of, one.groups, one.datasets, one.languages).where(keep)
            for one, of in zip(rows, scores, strict=True)
        ]
        if same[0].has_both:
            yield names, same


def _drawn(rows: Sequence[ScoredRows], draws: Draws) -> Drawn:
    parts: dict[str, list[Floats]] = {name: [] for name in rows[0].scores}
    start = 0
    for weights in draws.weights(rows[0].groups):
        shares = draws.shares[start : start + len(weights)]
        start += len(weights)
        for name, areas in parts.items():
            of_seeds = [weighted_auroc_auprc(one.truth, one.scores[name], weights) for one in rows]
            areas.append(np.einsum("vs,sav->av", shares, np.array(of_seeds)))
    return {name: np.concatenate(areas, axis=1) for name, areas in parts.items()}


def _rarer_groups(rows: ScoredRows) -> int:
    return min(len(set(rows.groups[rows.truth == label])) for label in (True, False))


def _records(
    rows: ScoredRows, dataset: str, drawn: Drawn, *, with_intervals: bool
) -> Iterator[Record]:
    counts = {"n": len(rows.truth), "positives": int(rows.truth.sum())}
    shared: Record = {"harm": rows.harm, "dataset": dataset} | counts
    shared |= {"groups": len(set(rows.groups))}
    for name, values in drawn.items():
        record: Record = {"variant": name} | shared
        for area, of, less in zip(AREAS, values, values - drawn[PLAIN], strict=True):
            record |= _figure(area, of, with_intervals=with_intervals)
            if name != PLAIN:
                record |= _figure(f"{area}_difference", less, with_intervals=with_intervals)
        yield record


def _figure(name: str, values: Floats, *, with_intervals: bool) -> Record:
    figure: Record = {name: float(values[0])}
    if with_intervals:
        figure[f"{name}_low"], figure[f"{name}_high"] = interval(values[1:])
    return figure


def _means(by_harm: Mapping[str, Drawn]) -> Iterator[Record]:
    """The mean difference of each variant over the harms with intervals, if it has all of them."""
    names = dict.fromkeys(name for drawn in by_harm.values() for name in drawn)
    for name in names:
        if name == PLAIN or any(name not in drawn for drawn in by_harm.values()):
            continue
        mean = np.mean([drawn[name] for drawn in by_harm.values()], axis=0)
        record: Record = {"variant": name, "harms": [*by_harm]}
        for area, values in zip(AREAS, mean, strict=True):
            record |= _figure(f"{area}_difference", values, with_intervals=True)
        yield record

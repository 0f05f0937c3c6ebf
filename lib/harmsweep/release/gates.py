"""The gates of a release: each compares figures and says, with them, whether it is passed.

Worse is a paired difference whose whole interval lies below 0; intervals come from resampling
whole groups (posts of one event, cases of one template), both models over the same draws.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmsweep.evaluation.intervals import Floats, auroc_auprc, group_weights, weighted_auroc_auprc
from harmsweep.evaluation.scored import ScoredRows
from harmsweep.model.calibration import calibration_errors
from harmsweep.release.conf import ReleaseConfig
from harmsweep.release.hatecheck import IDENTITY, Answers, Cases
from harmsweep.release.robustness import PASSES, Kept

# The names of the models among a row's scorers.
CANDIDATE, CHAMPION = "candidate", "champion"
# The best champion so far, where the champion is not it.
BEST = "best"
WORDS = {True: "passed", False: "REFUSED", None: "informational"}


@dataclass(frozen=True)
class Gate:
    """One comparison: what, of which item, passed or not (None: informational), and its figures."""

    name: str
    item: str
    passed: bool | None
    figures: str
    # What the candidate's figure is above the other model's, where a gate keeps a margin.
    gain: float | None = None

    def line(self) -> str:
        """The gate as a job prints it."""
        return f"{WORDS[self.passed]:<13} {self.name:<11} {self.item}: {self.figures}"


def head_gates(
    test: Sequence[ScoredRows], lacking: Sequence[str], c: ReleaseConfig
) -> Iterator[Gate]:
    """No head is lost, and none has a lower AUROC than the champion's, in all or in a slice.

    Nor may one be far below the best champion so far at the lower end of its interval: ten
    releases, each as good as the one before as far as can be told, could lose a little each.

    `test` has the rows that neither model was trained on; slices are datasets and languages.
    """
    for harm in lacking:
        yield Gate("heads", harm, False, "the champion has this head, the candidate has none")
    for rows in test:
        yield _area_gate("heads", rows.harm, rows, c)
        yield from _margin_gates(rows, c)
        for kind, names in (("dataset", rows.datasets), ("language", rows.languages)):
            for name in map(str, sorted(set(names))):
                part = rows.where(names == name)
                if len(part.truth) < len(rows.truth) and part.has_both:
                    yield _area_gate("slices", f"{rows.harm}, {kind} {name}", part, c)


def _margin_gates(rows: ScoredRows, c: ReleaseConfig) -> Iterator[Gate]:
    best = BEST if BEST in rows.scores else CHAMPION
    if best not in rows.scores or not rows.has_both:
        return
    mine, its = (auroc_auprc(rows.truth, rows.scores[n])[0] for n in (CANDIDATE, best))
    low, _ = difference(_aurocs(rows), rows.scores, rows.groups, c, of=best)
    figures = f"AUROC {mine - its:+.3f} to the best champion so far, {low:+.3f} at least"
    few, told = _too_few(rows, c), f"{figures}; -{c.margin} is allowed"
    if few:
        yield Gate("margin", rows.harm, None, f"{figures}; {few}")
    else:
        yield Gate("margin", rows.harm, bool(low > -c.margin), told, mine - its)


def _too_few(rows: ScoredRows, c: ReleaseConfig) -> str:
    """Why the rows decide nothing: too few groups of a class; empty where there are enough."""
    least_of = {"positive": c.min_positives, "negative": c.min_negatives}
    for (name, least), of in zip(least_of.items(), (rows.truth, ~rows.truth), strict=True):
        groups = len(set(rows.groups[of]))
        if groups < least:
            return f"only {groups} {name} groups"
    return ""


def _aurocs(rows: ScoredRows) -> Callable[[Floats, Floats], Floats]:
    return lambda scores, weights: weighted_auroc_auprc(rows.truth, scores, weights)[0]


def _area_gate(name: str, item: str, rows: ScoredRows, c: ReleaseConfig) -> Gate:
    if not rows.has_both:
        positives = len(set(rows.groups[rows.truth]))
        return Gate(name, item, None, f"{positives} positive groups, one class only")
    candidate = auroc_auprc(rows.truth, rows.scores[CANDIDATE])[0]
    if CHAMPION not in rows.scores:
        return Gate(name, item, None, f"AUROC {candidate:.3f}; no champion has this head")
    champion = auroc_auprc(rows.truth, rows.scores[CHAMPION])[0]
    low, high = difference(_aurocs(rows), rows.scores, rows.groups, c)
    figures = f"AUROC {candidate:.3f} against {champion:.3f}, difference {low:+.3f} to {high:+.3f}"
    if few := _too_few(rows, c):
        return Gate(name, item, None, f"{figures}; {few}")
    return Gate(name, item, not high < 0, figures)


def difference(
    measure: Callable[[Floats, Floats], Floats],
    scores: Mapping[str, Floats],
    groups: NDArray[np.str_],
    c: ReleaseConfig,
    *,
    tests: int = 1,
    of: str = CHAMPION,
) -> tuple[float, float]:
    """The interval of candidate less another model in a `measure` of scores under weights.

    `tests` is how many such comparisons one gate makes: Bonferroni's correction.
    """
    drawn: list[Floats] = []
    # An interval of 29 comparisons lies far out: each end needs some resamples beyond it.
    resamples = c.resamples * min(tests, 5)
    for weights in group_weights(groups, resamples=resamples, seed=c.seed):
        drawn.append(measure(scores[CANDIDATE], weights) - measure(scores[of], weights))
    gains = np.concatenate(drawn)
    gains = gains[np.isfinite(gains)]
    if not len(gains):
        return float("nan"), float("nan")
    tail = (1 - c.confidence) / 2 / tests
    low, high = np.quantile(gains, [tail, 1 - tail])
    return float(low), float(high)


def baseline_gates(records: Sequence[Mapping[str, Any]], c: ReleaseConfig) -> Iterator[Gate]:
    """No head is worse than logistic regression on its best single modality, by its evaluation."""
    for row in records:
        if row["dataset"] != "all":
            continue
        figures = f"AUROC {row.get('auroc', float('nan')):.3f}, {row.get('best_baseline')} alone"
        if row.get("difference_low") is None:
            yield Gate("baseline", row["harm"], None, f"{figures}; no interval: {row['note']}")
            continue
        figures += f" differs by {row['difference_low']:+.3f} to {row['difference_high']:+.3f}"
        few = row["positives"] < c.min_positives
        passed = None if few else not row["worse_than_baseline"]
        yield Gate("baseline", row["harm"], passed, figures)


def function_gates(
    cases: Cases, answers: Mapping[str, Answers], c: ReleaseConfig
) -> Iterator[Gate]:
    """On none of HateCheck's functions is the candidate right less often than the champion.

    Both at as many false alarms: what a probability means is another gate's matter (calibration),
    and each model acts at certified thresholds of its own.
    """
    thresholds = equal_alarms(cases, answers)
    names = sorted(set(cases.functions))
    for name in names:
        here = cases.functions == name
        right = {
            model: ((of_model.plain >= thresholds[model]) == cases.hateful)[here].astype(float)
            for model, of_model in answers.items()
        }
        yield _share_gate("hatecheck", name, right, cases.templates[here], c, tests=len(names))


def equal_alarms(cases: Cases, answers: Mapping[str, Answers]) -> dict[str, float]:
    """The champion's PASSES, and where the candidate calls no more harmless cases hateful."""
    if CHAMPION not in answers:
        return {CANDIDATE: PASSES}
    alarms = int((answers[CHAMPION].plain[~cases.hateful] >= PASSES).sum())
    harmless = np.sort(answers[CANDIDATE].plain[~cases.hateful])[::-1]
    # Above the first that would be one too many.
    least = np.nextafter(harmless[alarms], np.inf) if alarms < len(harmless) else 0.0
    return {CHAMPION: PASSES, CANDIDATE: float(least)}


def disguise_gates(
    cases: Cases, answers: Mapping[str, Answers], c: ReleaseConfig
) -> Iterator[Gate]:
    """No disguise takes more of the hate head's AUROC than allowed, or than from the champion."""
    whole = cases.is_plain
    truth = cases.hateful[whole]
    for name in answers[CANDIDATE].disguised:
        drops = {
            model: auroc_auprc(truth, of_model.plain[whole])[0]
            - auroc_auprc(truth, of_model.disguised[name][whole])[0]
            for model, of_model in answers.items()
        }
        allowed = max(c.disguise_drop, drops.get(CHAMPION, 0.0))
        figures = f"AUROC falls by {drops[CANDIDATE]:.3f}, at most {allowed:.3f}"
        yield Gate("disguises", name, drops[CANDIDATE] <= allowed, figures)


def kept_gates(rows: Sequence[Kept], c: ReleaseConfig) -> Iterator[Gate]:
    """What passes a head as it is still does in each disguise and among mild sentences."""
    for row in rows:
        low, high = row.interval(c.confidence)
        figures = f"{row.kept} of {row.passed} kept, {row.share:.3f} ({low:.3f} to {high:.3f})"
        is_few = row.passed < c.min_positives
        passed = None if is_few else row.share >= c.kept_share
        yield Gate(
            "kept", f"{row.harm}, {row.writing}", passed, f"{figures}; at least {c.kept_share}"
        )


def harmless_gates(test: Sequence[ScoredRows], c: ReleaseConfig) -> Iterator[Gate]:
    """No head flags harmless posts of the test part more often than the champion's."""
    for rows in test:
        harmless = rows.where(~rows.truth)
        if len(harmless.truth):
            flagged = {m: -(s >= PASSES).astype(float) for m, s in harmless.scores.items()}
            yield _share_gate("harmless", rows.harm, flagged, harmless.groups, c, tests=len(test))


def confounder_gates(
    cases: Cases, answers: Mapping[str, Answers], c: ReleaseConfig
) -> Iterator[Gate]:
    """Harmless cases are called hateful no more often, and no identity far more than another."""
    benign = ~cases.hateful
    called = {m: -(a.plain >= PASSES)[benign].astype(float) for m, a in answers.items()}
    yield _share_gate("confounders", "harmless cases", called, cases.templates[benign], c)
    named = np.isin(cases.functions, IDENTITY)
    gaps = {}
    # At as many false alarms: a head that calls nothing hateful treats all identities alike.
    for model, of_model in answers.items():
        passes = cases.threshold_at(of_model.plain, c.false_alarms)
        rates = {
            str(name): float((of_model.plain >= passes)[named & (cases.identities == name)].mean())
            for name in sorted(set(cases.identities[named]))
        }
        gaps[model] = max(rates.values()) - min(rates.values())
    figures = f"false-positive rates of identities differ by {gaps[CANDIDATE]:.3f}"
    passed = gaps[CANDIDATE] <= max(c.identity_gap, gaps.get(CHAMPION, 0.0))
    yield Gate(
        "identities", "named and not attacked", passed, f"{figures}, at most {c.identity_gap}"
    )


def _share_gate(
    name: str,
    item: str,
    right: Mapping[str, Floats],
    groups: NDArray[np.str_],
    c: ReleaseConfig,
    *,
    tests: int = 1,
) -> Gate:
    """A gate on shares of cases, of which the higher is the better."""
    shares = {model: float(values.mean()) for model, values in right.items()}
    figures = f"{abs(shares[CANDIDATE]):.3f}"
    if CHAMPION not in shares:
        return Gate(name, item, None, f"{figures}; no champion to compare with")

    def mean(values: Floats, weights: Floats) -> Floats:
        return np.asarray((weights @ values) / weights.sum(axis=1))

    low, high = difference(mean, right, groups, c, tests=tests)
    figures += f" against {abs(shares[CHAMPION]):.3f}, gain {low:+.3f} to {high:+.3f}"
    return Gate(name, item, not high < 0, figures)


def calibration_gates(test: Sequence[ScoredRows], c: ReleaseConfig) -> Iterator[Gate]:
    """No head's calibration error on the test part is surely too large.

    Few rows make the error look larger than it is: the lower end of its interval decides.
    """
    for rows in test:
        scores = rows.scores[CANDIDATE]
        if not rows.has_both:
            continue
        even = np.ones((1, len(scores)))
        error = float(calibration_errors(scores, rows.truth, even)[0])
        drawn = group_weights(rows.groups, resamples=c.resamples, seed=c.seed)
        errors = np.concatenate([calibration_errors(scores, rows.truth, w) for w in drawn])
        tail = (1 - c.confidence) / 2
        low, high = np.quantile(errors, [tail, 1 - tail])
        figures = f"error {error:.3f} ({low:.3f} to {high:.3f}), at most {c.calibration_error}"
        passed = None if (few := _too_few(rows, c)) else bool(low <= c.calibration_error)
        yield Gate("calibration", rows.harm, passed, figures + (f"; {few}" if few else ""))


def cost_gates(sizes: int, rates: Mapping[str, float], c: ReleaseConfig) -> Iterator[Gate]:
    """The weights are small, and the heads about as quick as the champion's in one run."""
    yield Gate("size", "weights", sizes <= c.max_bytes, f"{sizes:,} bytes, at most {c.max_bytes:,}")
    figures = f"{rates[CANDIDATE]:,.0f} rows a second and core"
    if CHAMPION not in rates:
        yield Gate("speed", "heads", None, f"{figures}; no champion to compare with")
        return
    ratio = rates[CANDIDATE] / rates[CHAMPION]
    figures += f", {ratio:.2f} of the champion's, at least {c.min_speed}"
    yield Gate("speed", "heads", ratio >= c.min_speed, figures)


def refused_gates(gates: Sequence[Gate]) -> list[Gate]:
    """The gates that were not passed."""
    return [gate for gate in gates if gate.passed is False]

"""A model, a policy and a snapshot to a certificate: a claim per harm, target and language."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from harmsweep.errors import Refused
from harmsweep.evaluation.intervals import Bools
from harmsweep.evaluation.scored import ScoredRows, score_labelled_rows, seen_groups
from harmsweep.model.fusion import Columns
from harmsweep.model.manifest import Manifest, check_encoders, load_manifest
from harmsweep.model.snapshot import load_snapshot
from harmsweep.policy.certificates import PART, Certificate, Source, build_certificate
from harmsweep.policy.claims import (
    LEAST_GROUPS,
    LEAST_THRESHOLD,
    Claim,
    Counts,
    Population,
    Stratum,
    bounds_from,
)
from harmsweep.policy.file import Policy, load_policy
from harmsweep.policy.ladders import PrecisionTarget
from harmsweep.policy.places import ALL
from harmsweep.release.certify_uses import count_use
from harmsweep.release.family import ThresholdSequence, holm_levels
from harmsweep.release.learn_then_test import (
    Floats,
    Sample,
    count_flagged,
    shown_by_posts,
    thresholds_to_try,
)

# The labelled rows of a part, by harm.
Part = Mapping[str, ScoredRows]
MODEL = "model"
# Of the certify part, groups count that have a post of so many days before its newest, or later.
NEWEST_DAYS = 90
# A claim's precision at these stands beside it.
PREVALENCES = (0.001, 0.01, 0.1, 0.5)

NO_HEAD = "the model has no head for it"
NO_SURFACES = "the snapshot does not say on which surfaces its posts stand: take one anew"
NO_LABELS = "no post of the certify part has a label"
FEW_LABELS = f"no dataset has labels of {LEAST_GROUPS} groups of the certify part on a surface"
ONE_CLASS = "the labels of the certify part are all alike: nothing could be wrong, or right"
NOTHING_FLAGGED = f"no labelled post of the validation part scores {LEAST_THRESHOLD} or more"


class CertifyRefused(Refused):
    """The snapshot cannot certify the model."""


@dataclass(frozen=True)
class _Test:
    """What one claim is tested on, or why it is not."""

    stated: Mapping[str, Any]
    target: PrecisionTarget
    population: Population
    reason: str = ""
    sequence: ThresholdSequence | None = None


def certify(
    snapshot: Path, *, model: Path, policy: Path, newest_days: int = NEWEST_DAYS
) -> Certificate:
    """The certificate of a manifest's model under a policy, from a snapshot's held-out groups.

    The same files give the same certificate. It is not written yet; that the part was used is, in
    the folder of the snapshots.

    Raises:
        ManifestRefused, PolicyError, SnapshotRefused: a file is not what it says.
        CertifyRefused: the model was trained on groups of the certify part, or there is none.
    """
    manifest, rules, facts = load_manifest(model), load_policy(policy), load_snapshot(snapshot)
    check_encoders(manifest, {source.name: source.encoder_id for source in facts.inputs})
    for part in ("validation", PART):
        if not facts.rows.get(part):
            raise CertifyRefused(f"{snapshot}: has no rows in its part {part}")
    whole = score_part(snapshot / PART, model)
    names = _check_held_out(snapshot / PART, whole, manifest)
    versions = manifest.model_version, rules.policy_version
    use = count_use(snapshot, names, *versions)
    held_out, first, last = newest(whole, newest_days)
    validation = score_part(snapshot / "validation", model)
    source = Source(snapshot=facts.id, first=first or facts.first, last=last or facts.last, use=use)
    tests = list(_tests(validation, held_out, rules, share=source.share))
    source = source.model_copy(update={"tests": sum(test.sequence is not None for test in tests)})
    return build_certificate(*versions, source, list(_claims(tests, source.share)))


def score_part(part: Path, model: Path) -> Part:
    """A part's labelled rows with the model's scores, by the harms that it has a head for.

    Imports torch: not on a driver that is yet to fork workers.
    """
    from harmsweep.model.network import load_heads, score_columns

    manifest, heads = load_heads(model)

    def scores(rows: Columns) -> dict[str, Floats]:
        return {MODEL: score_columns(manifest, heads, rows)}

    rows = score_labelled_rows(
        part,
        manifest.harms,
        scores,
        inputs=manifest.inputs,
        features=manifest.features,
        windows=manifest.windows,
    )
    return {scored.harm: scored for scored in rows}


def newest(part: Part, days: int) -> tuple[Part, date | None, date | None]:
    """The groups of a part that have a post of its newest days, and the days of their posts.

    A group's older posts stay with it: it counts once. Rows that have no days stay as they are.
    """
    dated = [rows.days for rows in part.values() if rows.days is not None and len(rows.days)]
    if not dated:
        return part, None, None
    last = max(of_harm.max() for of_harm in dated)
    least = last - np.timedelta64(days - 1, "D")
    kept = {}
    for harm, rows in part.items():
        late = rows.days >= least if rows.days is not None else np.ones(len(rows.truth), bool)
        kept[harm] = rows.where(np.isin(rows.groups, np.unique(rows.groups[late])))
    first = min(r.days.min() for r in kept.values() if r.days is not None and len(r.days))
    return kept, _as_date(first), _as_date(last)


def _as_date(day: Any) -> date:
    return date.fromisoformat(str(np.datetime64(day, "D")))


def _check_held_out(folder: Path, part: Part, manifest: Manifest) -> set[str]:
    """The names of the part's groups, once none was trained on."""
    names = {str(name) for scored in part.values() for name in np.unique(scored.groups)}
    seen = names & seen_groups(folder, set(manifest.groups))
    if seen:
        raise CertifyRefused(
            f"the model {manifest.model_version} was trained on {len(seen)} of the {len(names)}"
            " groups of the certify part: take its own snapshot, or one of other posts"
        )
    return names


def _tests(validation: Part, held_out: Part, policy: Policy, *, share: float) -> Iterator[_Test]:
    """For each precision target of the policy, in each of its languages, what it is tested on.

    Which tests there are depends on no score and no label of the certify part but whether it has
    labels at all.
    """
    wanted = list(product(policy.precision_targets(), policy.languages))
    for (harm, target), language in wanted:
        stated = {"harm": harm, "language": language} | target._asdict()
        nobody = Population(posts=0, groups={}, prevalence=None)
        if harm not in held_out:
            yield _Test(stated, target, nobody, NO_HEAD)
            continue
        known, rows = (_of(part[harm], language, target) for part in (validation, held_out))
        rows, strata = _strata(rows)
        datasets = {str(d): len(set(rows.of(d).groups)) for d in np.unique(rows.datasets)}
        sample = _sample(rows)
        facts = {"groups": datasets, "prevalence": sample.prevalence, "strata": strata}
        about = Population(posts=len(rows.truth), **facts)
        reason = _why_untested(held_out[harm], rows)
        # As if every test had an equal part of the error: where it starts is fixed beforehand.
        error = share * (1 - target.confidence) / len(wanted)
        tried = thresholds_to_try(_sample(known), target, error=error, groups=sample.group_count)
        if reason or not len(tried):
            yield _Test(stated, target, about, reason or NOTHING_FLAGGED)
            continue
        sequence = ThresholdSequence(target, tried, count_flagged(sample, tried))
        yield _Test(stated, target, about, sequence=sequence)


def _why_untested(all_rows: ScoredRows, rows: ScoredRows) -> str:
    if all_rows.surfaces is None:
        return NO_SURFACES
    if not len(rows.truth):
        return FEW_LABELS if len(all_rows.truth) else NO_LABELS
    return "" if rows.has_both else ONE_CLASS


def _of(rows: ScoredRows, language: str, target: PrecisionTarget) -> ScoredRows:
    keep: Bools = rows.languages == language
    if target.surface != ALL and rows.surfaces is not None:
        keep &= rows.surfaces == target.surface
    return rows.where(keep)


def _strata(rows: ScoredRows) -> tuple[ScoredRows, tuple[Stratum, ...]]:
    """The rows of each dataset on each surface that gives enough groups, and what they are."""
    if rows.surfaces is None:
        return rows, ()
    places = list(zip(map(str, rows.datasets), map(str, rows.surfaces), strict=True))
    groups = Counter(place for place, _ in set(zip(places, map(str, rows.groups), strict=True)))
    enough = {place: n for place, n in groups.items() if n >= LEAST_GROUPS}
    kept = np.array([place in enough for place in places], dtype=bool)
    strata = (Stratum(dataset=d, surface=s, groups=n) for (d, s), n in sorted(enough.items()))
    return rows.where(kept), tuple(strata)


def _sample(rows: ScoredRows) -> Sample:
    return Sample(rows.scores[MODEL], rows.truth, rows.groups)


def _claims(tests: list[_Test], share: float) -> Iterator[Claim]:
    """A claim for each test, at the error that the family leaves it."""
    sequences = [test.sequence for test in tests if test.sequence is not None]
    levels = iter(holm_levels(sequences, share=share))
    for test in tests:
        about: Any = {"population": test.population, **test.stated}
        if test.sequence is None:
            yield Claim(**about, reason=test.reason, counts=None)
        else:
            yield _claim(about, test.sequence, next(levels))


def _claim(about: Any, sequence: ThresholdSequence, level: float) -> Claim:
    """The lowest threshold of the sequence that passes, or the first and why it does not."""
    flagged, target = sequence.flagged, sequence.target
    passed = sequence.passing(level)
    at = max(passed - 1, 0)
    counts = Counts(
        threshold=float(sequence.thresholds[at]),
        flagged_groups=int(flagged.groups[at]),
        right_groups=int(flagged.right_groups[at]),
        found_groups=int(flagged.found_groups[at]),
        harmful_groups=flagged.harmful_groups,
        harmless_groups=flagged.harmless_groups,
        flagged_posts=int(flagged.posts[at]),
        right_posts=int(flagged.right_posts[at]),
        recall=float(flagged.right_posts[at] / flagged.harmful_posts),
        lower_bound=0.0,
    )
    bounds = bounds_from(counts, error=level, prevalence=target.prevalence)
    counts = counts.model_copy(update={"lower_bound": bounds.lower_bound})
    reason = "" if passed else _failed(counts, bounds.bound or 0.0, sequence, at)
    elsewhere = {}
    for prevalence in PREVALENCES if passed else ():
        there = bounds_from(counts, error=level, prevalence=prevalence).bound
        elsewhere[str(prevalence)] = there or 0.0
    more: Any = {"level": level, "bound": bounds.bound, "precision_at": elsewhere}
    return Claim(**about, **more, counts=counts, reason=reason)


def _failed(counts: Counts, bound: float, sequence: ThresholdSequence, at: int) -> str:
    place, target = f"from {counts.threshold:g} up", sequence.target
    if counts.flagged_groups < LEAST_GROUPS:
        return f"flagged groups {place}: {counts.flagged_groups}, of {LEAST_GROUPS} needed"
    if bound < target.precision:
        return (
            f"{counts.wrong_groups} of {counts.harmless_groups} harmless and {counts.found_groups}"
            f" of {counts.harmful_groups} harmful groups are flagged {place}: {bound:.2f} or more"
            f" at a prevalence of {target.prevalence:g}"
        )
    shown = float(shown_by_posts(sequence.flagged, target)[at])
    return f"flagged posts {place} show {shown:.2f} at a prevalence of {target.prevalence:g}"

"""A model, a policy and a snapshot to a certificate: a claim per harm, target and language."""

from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

import numpy as np
from rich.table import Table

from harmsweep.errors import Refused
from harmsweep.evaluation.scored import ScoredRows, score_labelled_rows, seen_groups
from harmsweep.model.fusion import Columns
from harmsweep.model.manifest import Manifest, check_encoders, load_manifest
from harmsweep.model.snapshot import load_snapshot
from harmsweep.policy.certificates import (
    LEAST_GROUPS,
    LEAST_THRESHOLD,
    PART,
    PREVALENCES,
    Certificate,
    Claim,
    Counts,
    Population,
    Source,
    build_certificate,
    precision_at,
)
from harmsweep.policy.file import Policy, load_policy
from harmsweep.policy.ladders import PrecisionTarget
from harmsweep.release.learn_then_test import (
    Floats,
    Sample,
    count_flagged,
    count_passing,
    lower_bound,
    thresholds_to_try,
)

# The labelled rows of a part, by harm.
Part = Mapping[str, ScoredRows]
MODEL = "model"

NO_HEAD = "the model has no head for it"
NO_LABELS = "no post of the certify part has a label"
ONE_CLASS = "the labels of the certify part are all alike: nothing could be wrong, or right"
NOTHING_FLAGGED = f"no labelled post of the validation part scores {LEAST_THRESHOLD} or more"


class CertifyRefused(Refused):
    """The snapshot cannot certify the model."""


def certify(snapshot: Path, *, model: Path, policy: Path) -> Certificate:
    """The certificate of a manifest's model under a policy, from a snapshot's held-out groups.

    The same files give the same certificate. It is not written yet.

    Raises:
        ManifestRefused, PolicyError, SnapshotRefused: a file is not what it says.
        CertifyRefused: the model was trained on groups of the certify part, or there is none.
    """
    manifest, rules, facts = load_manifest(model), load_policy(policy), load_snapshot(snapshot)
    check_encoders(manifest, {source.name: source.encoder_id for source in facts.inputs})
    for part in ("validation", PART):
        if not facts.rows.get(part):
            raise CertifyRefused(f"{snapshot}: has no rows in its part {part}")
    held_out = score_part(snapshot / PART, model)
    _check_held_out(snapshot / PART, held_out, manifest)
    validation = score_part(snapshot / "validation", model)
    source = Source(snapshot=facts.id, first=facts.first, last=facts.last)
    all_claims = list(claims(validation, held_out, rules))
    return build_certificate(manifest.model_version, rules.policy_version, source, all_claims)


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


def _check_held_out(folder: Path, part: Part, manifest: Manifest) -> None:
    names = {str(name) for scored in part.values() for name in np.unique(scored.groups)}
    seen = names & seen_groups(folder, set(manifest.groups))
    if seen:
        raise CertifyRefused(
            f"the model {manifest.model_version} was trained on {len(seen)} of the {len(names)}"
            " groups of the certify part: take its own snapshot, or one of other posts"
        )


def claims(validation: Part, held_out: Part, policy: Policy) -> Iterator[Claim]:
    """A claim for each precision target of the policy, in each of its languages."""
    for (harm, target), language in product(policy.precision_targets(), policy.languages):
        stated = {"harm": harm, "language": language} | target._asdict()
        if harm not in held_out:
            nobody = Population(posts=0, groups={}, prevalence=None)
            yield Claim(**stated, reason=NO_HEAD, counts=None, population=nobody)
            continue
        known, rows = (_of(part[harm], language) for part in (validation, held_out))
        homes = {str(d): len(set(rows.of(d).groups)) for d in np.unique(rows.datasets)}
        sample = _sample(rows)
        about = Population(posts=len(rows.truth), groups=homes, prevalence=sample.prevalence)
        counts, reason = choose_threshold(_sample(known), sample, target)
        at = {} if reason else _elsewhere(counts, about)
        yield Claim(**stated, reason=reason, counts=counts, population=about, precision_at=at)


def _of(rows: ScoredRows, language: str) -> ScoredRows:
    return rows.where(rows.languages == language)


def _sample(rows: ScoredRows) -> Sample:
    return Sample(rows.scores[MODEL], rows.truth, rows.groups)


def _elsewhere(counts: Counts | None, about: Population) -> dict[str, float]:
    if counts is None or about.prevalence is None:
        return {}
    bound, of = counts.lower_bound, about.prevalence
    return {str(at): precision_at(bound, of=of, at=at) for at in PREVALENCES}


def choose_threshold(
    validation: Sample, held_out: Sample, target: PrecisionTarget
) -> tuple[Counts | None, str]:
    """The lowest threshold of the sequence that passes, or the first and why it does not."""
    if not len(held_out.truth):
        return None, NO_LABELS
    if not 0 < held_out.truth.sum() < len(held_out.truth):
        return None, ONE_CLASS
    tried = thresholds_to_try(validation, target, groups=held_out.group_count)
    if not len(tried):
        return None, NOTHING_FLAGGED
    trials = count_flagged(held_out, tried)
    passed = count_passing(trials, target)
    at = max(passed - 1, 0)
    groups, right = int(trials.groups[at]), int(trials.right_groups[at])
    counts = Counts(
        threshold=float(tried[at]),
        flagged_groups=groups,
        right_groups=right,
        flagged_posts=int(trials.posts[at]),
        right_posts=int(trials.right_posts[at]),
        recall=float(trials.right_posts[at] / held_out.truth.sum()),
        lower_bound=float(lower_bound(trials.right_groups, trials.groups, target.confidence)[at]),
    )
    return counts, "" if passed else _failed(counts, target)


def _failed(counts: Counts, target: PrecisionTarget) -> str:
    right, of = counts.right_groups, counts.flagged_groups
    place = f"from {counts.threshold:g} up"
    if of < LEAST_GROUPS:
        return f"flagged groups {place}: {of}, of {LEAST_GROUPS} needed"
    if counts.lower_bound < target.precision:
        return f"{right} of {of} flagged groups are right {place}: {counts.lower_bound:.2f} or more"
    return f"{counts.right_posts} of {counts.flagged_posts} flagged posts are right {place}"


def claims_table(certificate: Certificate) -> Table:
    """The claims for people to read."""
    shown = Table(title=f"{certificate.model_version} under {certificate.policy_version}")
    columns = ("harm", "language", "precision", "threshold", "recall", "at prevalence", "at 1 %")
    for name in (*columns, "why"):
        shown.add_column(name)
    for claim in certificate.claims:
        stated = claim.harm, claim.language, f"{claim.precision:g} ({claim.confidence:g})"
        shown.add_row(*stated, *_outcome(claim))
    return shown


def _outcome(claim: Claim) -> list[str]:
    counts, prevalence = claim.counts, claim.population.prevalence
    if claim.threshold is None or counts is None or prevalence is None:
        return ["review only", *["-"] * 3, claim.reason]
    why = f"{counts.right_groups} of {counts.flagged_groups} flagged groups are right"
    facts = f"{counts.recall:.2f}", f"{prevalence:.3f}", f"{claim.precision_at['0.01']:.2f}"
    return [f"{claim.threshold:g}", *facts, f"{why}: {counts.lower_bound:.3f} or more"]

"""A past decision made anew from what was kept of it: the same, or where it differs."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import nan
from pathlib import Path
from typing import Any

from harmsweep.enforcement.rules.ledger import POLICY, Entry
from harmsweep.enforcement.state.day_ledger import entries
from harmsweep.enforcement.state.evidence import (
    TOLERANCE,
    columns_of,
    digest_of,
    is_past_keeping,
    rests_on_scores,
)
from harmsweep.enforcement.state.policy_binding import PolicyBinding
from harmsweep.enforcement.state.posts import find_post
from harmsweep.errors import DataRefused
from harmsweep.lake import delta
from harmsweep.policy.actions import SEVERITY
from harmsweep.policy.certificates import find_certificate, folder_beside
from harmsweep.policy.file import PolicyError, load_policy

Scores = Mapping[str, float]
Row = dict[str, Any]
# Of what comes out the same without its policy: only its score and threshold were compared.
UNCHECKED = "its policy is not at hand, so the action was not derived again"


@dataclass(frozen=True)
class Replayed:
    """One effect of a model's decision, and what came out now."""

    entry: Entry
    outcome: str  # same, differs, inputs changed, missing, expired or another model
    score: float | None = None  # now
    why: str = ""

    @property
    def is_fault(self) -> bool:
        """Whether the effect is not borne out by what should have been kept of it."""
        return self.outcome in ("differs", "inputs changed", "missing")


@dataclass(frozen=True)
class _Kept:
    """What is left of the decisions about some posts of a day."""

    evidence: Mapping[tuple[str, str | None], Row]  # by post and digest
    languages: Mapping[tuple[Any, ...], str]  # by _PLACE
    bindings: Mapping[str | None, PolicyBinding]  # by policy version


# What tells decisions of a day apart.
_DECISION_KEY = (
    "post_id",
    "revision",
    "model_version",
    "policy_version",
    "surface",
    "jurisdiction",
)


def replay(lake: Path, post_id: str, model: Path, *, policy: Path | None = None) -> list[Replayed]:
    """Every visible effect of a model on a post, the oldest first, decided anew from its evidence.

    The policies are those of <lake>/policy and the file `policy`; certificates lie by the model.

    Raises:
        ManifestRefused: the model's files differ from their hashes.
        PolicyError, CertificateRefused: the given policy is refused, or the pair's certificate.
        DataRefused: there is no such post, or no model acted on it.
    """
    day = find_post(lake, post_id)["day"]
    acted = [entry for entry in _acted(lake, day) if entry.subject_id == post_id]
    if not acted:
        raise DataRefused(f"no model's decision acted on {post_id}")
    return _replayed(lake, {"day": day, "post_id": post_id}, acted, model, policy)


def replay_day(lake: Path, day: date, model: Path, *, policy: Path | None = None) -> list[Replayed]:
    """Every visible effect of models on a day's posts, the oldest first, decided anew.

    Raises:
        ManifestRefused, PolicyError, CertificateRefused: as replay.
    """
    return _replayed(lake, {"day": day}, _acted(lake, day), model, policy)


def _acted(lake: Path, day: date) -> list[Entry]:
    acting = (e for e in entries(lake, day) if e.lane == POLICY and rests_on_scores(e))
    return sorted(acting, key=lambda e: (e.recorded_at, e.subject_id, e.effect_key))


def _replayed(
    lake: Path, where: delta.Slice, acted: Iterable[Entry], model: Path, policy: Path | None
) -> list[Replayed]:
    from harmsweep.model.network import load_heads, score_columns

    manifest, heads = load_heads(model)
    archive = _kept(lake, where, _bindings(lake, model, manifest.model_version, policy))
    today, replayed = datetime.now(UTC).date(), []
    for entry in acted:
        evidence = archive.evidence.get((entry.subject_id, entry.evidence))
        if manifest.model_version != entry.model_version:
            replayed.append(Replayed(entry, "another model", why=f"it was {entry.model_version}"))
        elif evidence is None:
            replayed.append(_without_evidence(entry, today))
        elif digest_of(evidence) != entry.evidence:
            why = "the evidence is not what the ledger names"
            replayed.append(Replayed(entry, "differs", why=why))
        else:
            scores = score_columns(manifest, heads, columns_of(evidence, manifest))[0].tolist()
            replayed.append(
                _compared(entry, dict(zip(manifest.harms, scores, strict=True)), archive)
            )
    return replayed


def _kept(lake: Path, where: delta.Slice, bindings: Mapping[str | None, PolicyBinding]) -> _Kept:
    about, days = delta.datafusion_where(where), delta.days_of(where)
    kept = f"SELECT * FROM evidence_v1 WHERE {about}"
    evidence = delta.query(lake, kept, days=days).to_pylist()
    sql = f"SELECT {', '.join(_DECISION_KEY)}, language FROM decisions_v1 WHERE {about}"
    decided = delta.query(lake, sql, days=days).to_pylist()
    return _Kept(
        {(row["post_id"], row["digest"]): row for row in evidence},
        {tuple(row[name] for name in _DECISION_KEY): row["language"] for row in decided},
        bindings,
    )


def _bindings(
    lake: Path, model: Path, model_version: str, given: Path | None
) -> dict[str | None, PolicyBinding]:
    """What the model acts under, by the versions of the policies that are at hand."""
    policies = [load_policy(given, kept=True)] if given else []
    for path in sorted((lake / "policy").glob("*.yaml")):
        # It may name what is retired since: its actions are then said to be unchecked.
        with suppress(PolicyError):
            policies.append(load_policy(path, kept=True))
    beside = folder_beside(model)
    return {
        p.policy_version: PolicyBinding(
            p, model_version, find_certificate(beside, model_version, p.policy_version)
        )
        for p in policies
    }


def _without_evidence(entry: Entry, today: date) -> Replayed:
    if entry.evidence is None:
        return Replayed(entry, "missing", why="the ledger names no evidence")
    if is_past_keeping(entry.recorded_at, today):
        return Replayed(entry, "expired", why="the evidence is kept no longer")
    return Replayed(entry, "missing", why="the evidence is gone before its time")


def _compared(entry: Entry, scores: Scores, archive: _Kept) -> Replayed:
    score = scores.get(entry.harm or "", nan)
    decision = (entry.subject_id, entry.revision, entry.model_version, entry.policy_version)
    language = archive.languages.get((*decision, entry.surface, entry.jurisdiction))
    binding = archive.bindings.get(entry.policy_version)
    why = _changed(entry, score)
    if not why and binding and language:
        why = _decided_otherwise(entry, scores, binding, language)
    if not why:
        return Replayed(entry, "same", score, "" if binding and language else UNCHECKED)
    if archive.evidence[entry.subject_id, entry.evidence]["is_rewritten"]:
        why += "; the inputs were written again between the score and the act"
        return Replayed(entry, "inputs changed", score, why)
    return Replayed(entry, "differs", score, why)


def _changed(entry: Entry, score: float) -> str:
    """How a score differs from the ledger's; empty where it does not."""
    then, threshold = entry.score or 0.0, entry.threshold
    if threshold is None or then < threshold - TOLERANCE:
        return "the ledger has no score over a threshold"
    if score < threshold - TOLERANCE:
        return "the other side of the threshold"
    # So that a score that is no number differs.
    return "" if abs(score - then) <= TOLERANCE else f"by {abs(score - then):.2g}"


def _decided_otherwise(entry: Entry, scores: Scores, binding: PolicyBinding, language: str) -> str:
    """Why the policy gives the scores another action than the ledger's; empty where it does not."""
    policy = binding.policy
    if binding.model_version not in policy.approved_models:
        return "its policy approves no action of the model"
    if language not in policy.languages:
        return f"its policy acts on nothing in {language}"
    rungs = list(_rungs(entry, binding, language))
    own = [at for harm, action, at in rungs if (harm, action) == (entry.harm, entry.action)]
    if own != [entry.threshold]:
        has = f"from {own[0]} on" if own else "nowhere there"
        return f"its policy gives {entry.action} for {entry.harm} {has}"
    for harm, action, threshold in rungs:
        severer = SEVERITY[action] > SEVERITY[entry.action]
        if severer and scores.get(harm, nan) > threshold + TOLERANCE:
            return f"its policy gives {action} for {harm}, not {entry.action}"
    return ""


def _rungs(entry: Entry, binding: PolicyBinding, language: str) -> Iterator[tuple[str, str, float]]:
    """Harm, action and threshold of each rung at the entry's scope that has a threshold."""
    scope, certificate = (entry.surface, entry.jurisdiction), binding.certificate
    for harm, rules in binding.policy.rules.items():
        here = [r for r in rules if (r.surface, r.jurisdiction) == scope]
        for rule, rung in ((r, g) for r in here for g in r.ladder):
            threshold, target = rung.threshold, rule.target(rung)
            if target and certificate:
                threshold = certificate.thresholds(harm, target).get(language)
            if threshold is not None:
                yield harm, rung.action, threshold

"""A policy's rules as column expressions: the most severe rung that a row's scores reach."""

from collections.abc import Collection, Iterable, Iterator
from functools import reduce
from operator import and_, or_
from typing import Any, NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F

from harmsweep.enforcement.state.decisions import NO_ENCODER, REASON_PARTS
from harmsweep.policy.actions import SEVERITY
from harmsweep.policy.certificates import Certificate
from harmsweep.policy.claims import Claim
from harmsweep.policy.file import Policy
from harmsweep.policy.ladders import Rule
from harmsweep.policy.places import ALL

NO_HARM = "none"
# The reasons of a review in place of an action: the post is none of those that the claim is about,
# people found that the claim does not hold, or nobody knows how good the head is in the language.
OUTSIDE, SUSPENDED = "outside_population", "claim_suspended"
NO_FIGURES = "language_without_figures"
NOT_AUTOMATIC = (OUTSIDE, SUSPENDED, NO_FIGURES)
# Bits of a PDQ hash: the farthest that two can be apart.
BITS = 256


def is_usable(harm: str) -> Column:
    """Whether the harm's score is a finite number in [0, 1]: NaN passes every `>=` in Spark."""
    score = F.col(harm)
    return score.isNotNull() & ~F.isnan(score) & score.between(0.0, 1.0)


def has_scores() -> Column:
    """Whether the model gave the post scores at all."""
    return F.col("status").isin("scored", "scored_partial")


def is_damaged() -> Column:
    """Whether an input was broken: such a post is seen by a person, whatever its scores."""
    parts = F.split(F.coalesce("reason", F.lit("unknown")), REASON_PARTS)
    broken = F.exists(parts, lambda part: ~part.rlike(NO_ENCODER))
    return ~has_scores() | ((F.col("status") == "scored_partial") & broken)


# Harms and languages of which a model's evaluation has figures; None where all may act.
Figures = Collection[tuple[str, str]] | None


def best(policy: Policy, certificate: Certificate | None = None, figures: Figures = None) -> Column:
    """The winning candidate of each scope, as an array without nulls.

    A candidate is compared by severity, then by its margin over the threshold, then by the harms'
    order in the policy. A rung that states a precision has the certificate's threshold for the
    row's language, and is out where there is none. On a post that is not of the claim's population,
    where the claim is suspended, and in a language without figures, it is a review, before any that
    the policy asks for, and says so.
    """
    per_scope = [_best_in(scope, policy, certificate, figures) for scope in policy.scopes()]
    return F.array_compact(F.array(*per_scope))


def _best_in(
    scope: tuple[str, str], policy: Policy, certificate: Certificate | None, figures: Figures
) -> Column:
    candidates: list[Column] = []
    for order, (harm, rules) in enumerate(policy.rules.items()):
        for rule in rules:
            if (rule.surface, rule.jurisdiction) == scope:
                rungs = _rungs(harm, rule, certificate, figures)
                candidates += _candidates(harm, order, rule, rungs, policy.near_margin)
    if scope == (ALL, ALL):
        candidates += _reviews(policy)
    return F.array_max(F.array(*candidates))


class _Rung(NamedTuple):
    """A rung as it is for each row: its threshold, null where it is out, and why it may not act."""

    action: str
    threshold: Column
    barred: Column


def _rungs(
    harm: str, rule: Rule, certificate: Certificate | None, figures: Figures
) -> Iterator[_Rung]:
    known = [language for of, language in sorted(figures or ()) if of == harm]
    for rung in rule.ladder:
        threshold, barred = F.lit(rung.threshold).cast("double"), F.lit(None).cast("string")
        target = rule.target(rung)
        for claim in certificate.granted(harm, target) if target and certificate else []:
            of_language = F.col("language") == claim.language
            threshold = F.when(of_language, F.lit(claim.threshold)).otherwise(threshold)
            barred = F.when(of_language, _why_barred(claim)).otherwise(barred)
        if figures is not None and rung.action != "review":
            barred = F.when(F.col("language").isin(*known), barred).otherwise(F.lit(NO_FIGURES))
        yield _Rung(rung.action, threshold, barred)


def _why_barred(claim: Claim) -> Column:
    """Why the claim may not act on a post; null where the post stands where its population does."""
    if claim.suspended:
        return F.lit(SUSPENDED)
    places = (
        (F.col("dataset") == dataset) & (F.col("surface") == surface)
        for dataset, surface in sorted(claim.places)
    )
    return F.when(reduce(or_, places, F.lit(False)), None).otherwise(F.lit(OUTSIDE))


def _candidates(
    harm: str, order: int, rule: Rule, rungs: Iterable[_Rung], near_margin: float
) -> Iterator[Column]:
    score, rungs = F.col(harm), list(rungs)
    on_surface = F.lit(True) if rule.surface == ALL else F.col("surface") == rule.surface
    applies = has_scores() & on_surface & is_usable(harm)
    for rung in rungs:
        of_rung: dict[str, Any] = {
            "order": order,
            "action": rung.action,
            "threshold": rung.threshold,
        }
        won = _candidate(rule, harm, **of_rung, reason="threshold_met")
        sent = _candidate(rule, harm, **of_rung, reason=rung.barred, severity=SEVERITY["review"])
        reached = applies & (score >= rung.threshold)
        yield F.when(reached, F.when(rung.barred.isNull(), won).otherwise(sent))
    lowest = F.array_min(F.array(*(rung.threshold for rung in rungs)))
    near = _candidate(
        rule, harm, order=order, action="review", threshold=lowest, reason="near_threshold"
    )
    is_near = [
        F.col("status") == "scored_partial",
        score < lowest,
        score >= lowest - near_margin,
    ]
    yield F.when(reduce(and_, is_near, applies), near)


def _candidate(
    rule: Rule,
    harm: str,
    *,
    order: int,
    action: str,
    threshold: Column,
    reason: str | Column,
    severity: int | None = None,
) -> Column:
    return F.struct(
        F.lit(SEVERITY[action] if severity is None else severity).alias("severity"),
        F.lit(SEVERITY[action]).alias("asked"),
        (F.col(harm) - threshold).alias("margin"),
        F.lit(-order).alias("order"),
        F.lit(rule.surface).alias("surface"),
        F.lit(rule.jurisdiction).alias("jurisdiction"),
        F.lit(action).alias("policy_action"),
        F.lit(harm).alias("harm"),
        F.col(harm).alias("score"),
        threshold.alias("threshold"),
        (reason if isinstance(reason, Column) else F.lit(reason)).alias("reason"),
    )


def _reviews(policy: Policy) -> Iterator[Column]:
    """Candidates that no score of the post leads to; each is a review, whatever the policy says."""
    # A margin of -1 lies below any near miss, so that a harm is named where one is near.
    yield F.when(is_damaged(), _review(F.lit(NO_HARM), F.lit(-1.0), "damaged_input"))
    match = F.get("known_media", F.lit(0))
    # A picture that is known is surer than a score, and the nearer the surer.
    nearness = 1.0 - match["distance"] / BITS
    yield F.when(match.isNotNull(), _review(match["harm"], nearness, "known_media"))
    comment = F.get("comments", F.lit(0))
    score, threshold = comment["score"], F.lit(policy.comments.review)
    # Below all that the post itself leads to, and above a damaged input.
    below = score - threshold - F.lit(1.0)
    review = _review(comment["harm"], below, "comments", score=score, threshold=threshold)
    yield F.when(comment.isNotNull(), review)


def _review(
    harm: Column,
    margin: Column,
    reason: str,
    *,
    score: Column | None = None,
    threshold: Column | None = None,
) -> Column:
    nothing = F.lit(None).cast("double")
    return F.struct(
        F.lit(SEVERITY["review"]).alias("severity"),
        F.lit(SEVERITY["review"]).alias("asked"),
        margin.alias("margin"),
        F.lit(0).alias("order"),
        F.lit(ALL).alias("surface"),
        F.lit(ALL).alias("jurisdiction"),
        F.lit("review").alias("policy_action"),
        harm.alias("harm"),
        (nothing if score is None else score).alias("score"),
        (nothing if threshold is None else threshold).alias("threshold"),
        F.lit(reason).alias("reason"),
    )

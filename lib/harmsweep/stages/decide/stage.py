"""Scores of a day to decisions, under one policy and for one model."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep.enforcement.state.decisions import version_pair
from harmsweep.enforcement.state.policy_binding import certificate_in_force
from harmsweep.harms import HARMS
from harmsweep.lake import delta, writes
from harmsweep.lake.flow import DECIDE
from harmsweep.lake.portions import Portion, planned
from harmsweep.lake.runs import Counts, Outcome, Spark, run_stage
from harmsweep.logs import log
from harmsweep.model.reference import ModelRef
from harmsweep.policy.actions import SEVERITY
from harmsweep.policy.archive import keep_policy
from harmsweep.policy.certificates import Certificate
from harmsweep.policy.demonstration import check_lake
from harmsweep.policy.file import Policy
from harmsweep.stages.decide.rules import NOT_AUTOMATIC, Figures, best
from harmsweep.stages.decide.side_evidence import OTHERS, copies_of, with_others
from harmsweep.tables.catalog import (
    COMMENT_SCORES,
    DECISIONS,
    ESCALATIONS,
    MEDIA,
    MEDIA_CLUSTERS,
    MEDIA_MATCHES,
    POSTS,
    SCORES,
)


def decide_day(
    spark: Spark,
    lake: Path,
    day: date,
    *,
    policy: Policy,
    model: ModelRef,
) -> Outcome:
    """Write the decisions of a day for a model under a policy; a second run changes nothing.

    Heads that are kept out of production policies lead to nothing, neither by posts nor comments,
    and to reviews alone in languages of which the model's evaluation has no figures.

    Raises:
        PolicyError: the policy is a demonstration's and the lake is not; nothing was written.
        CertificateRefused: the pair's certificate is refused; nothing was written.
    """
    check_lake(policy, lake)
    version = model.model_version
    pair = version, policy.policy_version
    certificate = certificate_in_force(lake, model.certificates, *pair)

    def work(part: Portion) -> Counts:
        keep_policy(policy, lake)
        with planned(spark(), part) as started:
            return _decide(started, lake, part, policy, model, certificate=certificate)

    versions = version_pair(*pair)
    inputs = certificate.in_force if certificate else ""
    whole = partial(work, Portion(day))
    return run_stage(DECIDE, lake, day, whole, versions=versions, inputs=inputs, some=work)


def _decide(
    spark: SparkSession,
    lake: Path,
    part: Portion,
    policy: Policy,
    model: ModelRef,
    *,
    certificate: Certificate | None,
) -> Counts:
    model_version = model.model_version
    pair = version_pair(model_version, policy.policy_version)
    used = policy.for_heads(model.kept_out)
    ignored = sorted(policy.rules.keys() - used.rules.keys())
    if ignored:
        log("decide").warning("rules ignored: their heads are kept out", harms=ignored)
    scores = current_scores(spark, lake, part, model_version)
    others = _others(spark, lake, part, model_version, ignored)
    seen = with_others(scores, used, **others)
    # A demonstration acts on the harms that are kept out too.
    figures = model.figures if policy.mode == "production" else None
    decided = decisions(seen, used, model_version, certificate, figures=figures)
    of_day, made = delta.datafusion_where({"day": part.day, **pair}), {**part.by_post, **pair}
    of_model = delta.datafusion_where({"day": part.day, "model_version": model_version})
    scored = f"SELECT count(*) AS n FROM scores_v1 WHERE {of_model}"
    posts: int = delta.query(lake, scored).to_pylist()[0]["n"]
    acted = f"SELECT 1 FROM actions_v1 WHERE {of_day} LIMIT 1"
    if delta.query(lake, acted, days=[part.day]).num_rows:
        writes.append_missing(decided, DECISIONS, lake, where=made)
    else:
        most = posts * len(policy.scopes())
        writes.replace_slice(decided, DECISIONS, lake, where=made, at_most=most)
    by_action = f"SELECT action, count(*) AS n FROM decisions_v1 WHERE {of_day} GROUP BY action"
    found = delta.query(lake, by_action, days=[part.day]).to_pylist()
    counts = {row["action"]: row["n"] for row in found}
    return {"posts": posts} | {action: counts[action] for action in SEVERITY if action in counts}


def current_scores(spark: SparkSession, lake: Path, part: Portion, model_version: str) -> DataFrame:
    """The model's scores of the current revisions; those of older ones lead to nothing.

    A post that was escalated is the named contact's alone: no decision sends it to review.
    """
    of_model: delta.Slice = {**part.by_post, "model_version": model_version}
    scores = delta.read_slice(spark, SCORES, lake, of_model)
    posts = delta.read_slice(spark, POSTS, lake, part.by_post).where(F.col("status") == "accepted")
    current = posts.select("day", "post_id", "revision")
    escalated = delta.read_slice(spark, ESCALATIONS, lake, part.by_post).select("post_id")
    judged = scores.join(current, on=["day", "post_id", "revision"], how="left_semi")
    return judged.join(escalated, on="post_id", how="left_anti")


def _others(
    spark: SparkSession, lake: Path, part: Portion, model_version: str, ignored: Sequence[str]
) -> dict[str, DataFrame]:
    of_model: delta.Slice = {**part.by_post, "model_version": model_version}
    comments = delta.read_slice(spark, COMMENT_SCORES, lake, of_model)
    clusters = delta.read_slice(spark, MEDIA_CLUSTERS, lake, _of_contents(lake, part))
    return {
        "matches": delta.read_slice(spark, MEDIA_MATCHES, lake, part.by_post),
        "copies": copies_of(delta.read_slice(spark, MEDIA, lake, part.by_post), clusters),
        "comments": comments.where(~F.col("harm").isin(*ignored)) if ignored else comments,
    }


def _of_contents(lake: Path, part: Portion) -> delta.Slice:
    """The day's rows of contents; of named posts, those of their media."""
    if part.posts is None:
        return {"day": part.day}
    sql = f"""SELECT DISTINCT content_hash FROM {MEDIA.name}
        WHERE {delta.datafusion_where(part.by_post)} AND content_hash IS NOT NULL"""
    found = delta.query(lake, sql)["content_hash"].to_pylist()
    return {"day": part.day, "content_hash": found}


def decisions(
    scores: DataFrame,
    policy: Policy,
    model_version: str,
    certificate: Certificate | None = None,
    *,
    figures: Figures = None,
) -> DataFrame:
    """Rows of decisions: one per post and scope in which a rule is met or a person must look.

    `scores` has the columns of `with_others` too.
    """
    allowed = automation(policy, model_version, certificate)
    chosen = scores.withColumn("evidence", evidence(allowed, certificate))
    chosen = chosen.withColumn("automatic", allowed == "allowed")
    chosen = chosen.select("*", F.explode(best(policy, certificate, figures)).alias("best"))
    acts = F.col("automatic") & ~F.col("best.reason").isin(*NOT_AUTOMATIC)
    action = F.when(acts, F.col("best.policy_action")).otherwise(F.lit("review"))
    return chosen.select(
        *("day", "post_id", "revision", "model_version"),
        F.lit(policy.policy_version).alias("policy_version"),
        *("best.surface", "best.jurisdiction", "author_id", "language"),
        action.alias("action"),
        *(f"best.{name}" for name in ("policy_action", "harm", "score", "threshold", "reason")),
        "evidence",
    )


def automation(policy: Policy, model_version: str, certificate: Certificate | None) -> Column:
    """`allowed`, or why every action on the row becomes review."""
    if model_version not in policy.approved_models:
        return F.lit("model_not_approved")
    if policy.mode == "production" and certificate is None:
        return F.lit("no_certificate")
    certified = F.col("language").isin(*policy.languages)
    return F.when(certified, F.lit("allowed")).otherwise(F.lit("language_not_certified"))


def evidence(allowed: Column, certificate: Certificate | None) -> Column:
    """JSON of what the decision rests on: scores to 6 places, status, reason, inputs, approval.

    Known media, copies and comments are there where the post has them, and the certificate's digest
    where the pair has one.
    """
    scores = F.struct(*(F.round(F.col(harm), 6).alias(harm) for harm in HARMS))
    facts = F.struct(
        scores.alias("scores"),
        *(F.col(name) for name in ("status", "reason", "inputs", *OTHERS)),
        allowed.alias("automation"),
        F.lit(certificate.digest if certificate else None).cast("string").alias("certificate"),
    )
    return F.to_json(facts)

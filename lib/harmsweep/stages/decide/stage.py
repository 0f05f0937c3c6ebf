"""Scores of a day to decisions, under one policy and for one model."""

from datetime import date
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep.enforcement.state.decisions import version_pair
from harmsweep.harms import HARMS
from harmsweep.lake import delta, writes
from harmsweep.lake.flow import DECIDE
from harmsweep.lake.runs import Counts, Outcome, Spark, run_stage
from harmsweep.model.reference import ModelRef
from harmsweep.policy.actions import SEVERITY
from harmsweep.policy.archive import keep_policy
from harmsweep.policy.certificates import Certificate, find_certificate
from harmsweep.policy.demonstration import check_lake
from harmsweep.policy.file import Policy
from harmsweep.stages.decide.rules import best
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

    Raises:
        PolicyError: the policy is a demonstration's and the lake is not; nothing was written.
        CertificateRefused: the pair's certificate is refused; nothing was written.
    """
    check_lake(policy, lake)
    version = model.model_version
    certificate = find_certificate(model.certificates, version, policy.policy_version)

    def work() -> Counts:
        keep_policy(policy, lake)
        return _decide(spark(), lake, day, policy, version, certificate=certificate)

    versions = version_pair(version, policy.policy_version)
    inputs = certificate.digest if certificate else ""
    return run_stage(DECIDE, lake, day, work, versions=versions, inputs=inputs)


def _decide(
    spark: SparkSession,
    lake: Path,
    day: date,
    policy: Policy,
    model_version: str,
    *,
    certificate: Certificate | None,
) -> Counts:
    versions: delta.Slice = {"day": day, **version_pair(model_version, policy.policy_version)}
    scores = current_scores(spark, lake, day, model_version)
    seen = with_others(scores, policy, **_others(spark, lake, day))
    decided = decisions(seen, policy, model_version, certificate)
    where = delta.datafusion_where(versions)
    scored = (
        f"SELECT count(*) AS n FROM scores_v1 WHERE {delta.datafusion_where(_by_model(versions))}"
    )
    posts: int = delta.query(lake, scored).to_pylist()[0]["n"]
    if delta.query(lake, f"SELECT 1 FROM actions_v1 WHERE {where} LIMIT 1").num_rows:
        writes.append_missing(decided, DECISIONS, lake, where=versions)
    else:
        most = posts * len(policy.scopes())
        writes.replace_slice(decided, DECISIONS, lake, where=versions, at_most=most)
    by_action = f"SELECT action, count(*) AS n FROM decisions_v1 WHERE {where} GROUP BY action"
    counts = {row["action"]: row["n"] for row in delta.query(lake, by_action).to_pylist()}
    return {"posts": posts} | {action: counts[action] for action in SEVERITY if action in counts}


def _by_model(versions: delta.Slice) -> delta.Slice:
    return {name: value for name, value in versions.items() if name != "policy_version"}


def current_scores(spark: SparkSession, lake: Path, day: date, model_version: str) -> DataFrame:
    """The model's scores of the day's current revisions; those of older ones lead to nothing.

    A post that was escalated is the named contact's alone: no decision sends it to review.
    """
    scores = delta.read_days(spark, SCORES, lake, day)
    accepted = delta.read_days(spark, POSTS, lake, day).where(F.col("status") == "accepted")
    current = accepted.select("day", "post_id", "revision")
    of_model = scores.where(F.col("model_version") == model_version)
    escalated = delta.read_days(spark, ESCALATIONS, lake, day).select("post_id")
    judged = of_model.join(current, on=["day", "post_id", "revision"], how="left_semi")
    return judged.join(escalated, on="post_id", how="left_anti")


def _others(spark: SparkSession, lake: Path, day: date) -> dict[str, DataFrame]:
    clusters = delta.read_days(spark, MEDIA_CLUSTERS, lake, day)
    return {
        "matches": delta.read_days(spark, MEDIA_MATCHES, lake, day),
        "copies": copies_of(delta.read_days(spark, MEDIA, lake, day), clusters),
        "comments": delta.read_days(spark, COMMENT_SCORES, lake, day),
    }


def decisions(
    scores: DataFrame, policy: Policy, model_version: str, certificate: Certificate | None = None
) -> DataFrame:
    """Rows of decisions: one per post and scope in which a rule is met or a person must look.

    `scores` has the columns of `with_others` too.
    """
    allowed = automation(policy, model_version, certificate)
    chosen = scores.withColumn("evidence", evidence(allowed, certificate))
    chosen = chosen.withColumn("automatic", allowed == "allowed")
    chosen = chosen.select("*", F.explode(best(policy, certificate)).alias("best"))
    action = F.when(F.col("automatic"), F.col("best.policy_action")).otherwise(F.lit("review"))
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

"""The differences between what decisions want and what holds, as entries for the ledger."""

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from harmsweep import lake as lakes
from harmsweep.certificates import Certificate
from harmsweep.ledger import direction, effect_key, latest
from harmsweep.policy import Policy
from harmsweep.tables import ACTIONS


@dataclass(frozen=True)
class Sweep:
    """One sweep of a day: its id follows from what it does and from the sweep before it."""

    day: date
    kind: str  # enforce, undo or redo
    subject: tuple[str, ...]  # model and policy version, or the sweep to undo
    after: str  # id of the day's sweep before it; empty for the first
    at: int  # microseconds since 1970, UTC
    operator: str

    @property
    def sweep_id(self) -> str:
        """The day and 12 hex digits: the same again after a crash, another for a repeat."""
        facts = [self.day.isoformat(), self.kind, *self.subject, self.after]
        return f"{self.day:%Y%m%d}-{hashlib.sha256(lakes.as_json(facts).encode()).hexdigest()[:12]}"


def is_certified(policy: Policy, certificate: Certificate | None) -> Column:
    """Whether the decision's threshold is the certified one of its rung and language.

    A rung of the policy that has no certified threshold in the language fits no decision.
    """
    fits = [
        (F.col("harm") == harm)
        & (F.col("surface") == rule.surface)
        & (F.col("jurisdiction") == rule.jurisdiction)
        & (F.col("action") == rung.action)
        & (F.col("language") == language)
        & (F.col("threshold") == threshold)
        for harm, rules in policy.rules.items()
        for rule in rules
        for rung in rule.ladder
        if rung.promise and certificate
        for language, threshold in certificate.thresholds(harm, rung.promise).items()
    ]
    return F.coalesce(reduce(or_, fits, F.lit(False)), F.lit(False))


def desired(decisions: DataFrame, *, approved: bool, certified: Column | None = None) -> DataFrame:
    """What decisions want; anything but review needs a finite score over its threshold again.

    A decision that fails the test, or that `certified` is not true of, becomes a review: the sweep
    trusts no table with a removal.
    """
    score, threshold = F.col("score"), F.col("threshold")
    finite = score.isNotNull() & ~F.isnan(score) & score.between(0.0, 1.0)
    sound = F.coalesce(finite & (score >= threshold) & ~F.isnan(threshold), F.lit(False))
    may_act = sound & F.lit(approved) & (F.lit(True) if certified is None else certified)
    return decisions.select(
        F.col("post_id").alias("subject_id"),
        *("surface", "jurisdiction", "revision"),
        F.when(may_act, F.col("action")).otherwise(F.lit("review")).alias("action"),
        "harm",
        F.when(finite, score).alias("score"),
        "threshold",
    )


def changes(wanted: DataFrame, entries: DataFrame, judged: DataFrame, sweep: Sweep) -> DataFrame:
    """The effects that are missing, as intents of the sweep.

    `judged` holds each subject's current revision that the model scored: nothing changes for a
    deleted post, which has no state to show, nor for an edit that waits for its scores.
    """
    place = ["subject_id", "surface", "jurisdiction"]
    held = latest(entries).select(
        *place,
        *(F.col(name).alias(f"held_{name}") for name in _HELD),
    )
    pairs = wanted.withColumnRenamed("revision", "wanted_revision").join(
        held, on=place, how="full_outer"
    )
    pairs = pairs.join(judged, on="subject_id", how="inner")
    new = pairs.where(_differs() & ~_was_undone(*sweep.subject))
    return entry(new.transform(_named), sweep)


_HELD = (
    "action",
    "revision",
    "effect_key",
    "cause_kind",
    "harm",
    "model_version",
    "policy_version",
)


def _differs() -> Column:
    action = F.coalesce("action", F.lit("none"))
    edited = (action != "none") & (F.col("held_revision") != F.col("revision"))
    return (action != F.coalesce("held_action", F.lit("none"))) | F.coalesce(edited, F.lit(False))


def _was_undone(model_version: str, policy_version: str) -> Column:
    # A person undid this very sweep's effect on this very revision: only a person puts it back.
    by_person = (F.col("held_cause_kind") == "undo") & (F.col("held_revision") == F.col("revision"))
    same_model = F.col("held_model_version") == model_version
    same = same_model & (F.col("held_policy_version") == policy_version)
    return F.coalesce(by_person & same, F.lit(False))


def _named(pairs: DataFrame) -> DataFrame:
    cause = F.when(F.col("action").isNull(), F.lit("withdrawn")).otherwise(F.lit("decision"))
    return pairs.select(
        *("subject_id", "surface", "jurisdiction", "revision", "score", "threshold"),
        cause.alias("cause_kind"),
        F.coalesce("action", F.lit("none")).alias("action"),
        F.coalesce("held_action", F.lit("none")).alias("previous_action"),
        F.coalesce("harm", "held_harm").alias("harm"),
        F.col("held_effect_key").alias("previous_key"),
    )


def entry(effects: DataFrame, sweep: Sweep) -> DataFrame:
    """Effects as intents of the ledger.

    The cause names the sweep's subject and the effect before it, so that the same action after a
    release is another effect, and a rerun's is the same one.
    """
    before = F.coalesce("previous_key", F.lit("first"))
    named = effects.withColumns(
        {
            "day": F.lit(sweep.day),
            "entry": F.lit("intent"),
            "recorded_at": F.timestamp_micros(F.lit(sweep.at)),
            "sweep_id": F.lit(sweep.sweep_id),
            "subject_kind": F.lit("post"),
            "direction": direction(F.col("action"), F.col("previous_action")),
            "cause_id": F.concat_ws("/", *map(F.lit, sweep.subject), before),
            "operator": F.lit(sweep.operator),
        }
    )
    if sweep.kind == "enforce":
        model_version, policy_version = map(F.lit, sweep.subject)
        named = named.withColumns(
            {"model_version": model_version, "policy_version": policy_version}
        )
    keyed = named.withColumn("effect_key", effect_key())
    restored = F.col("state_key") if "state_key" in effects.columns else F.lit(None)
    keyed = keyed.withColumn("state_key", F.coalesce(restored, "effect_key"))
    return keyed.select(*ACTIONS.schema.names)

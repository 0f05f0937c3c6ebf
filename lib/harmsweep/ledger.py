"""What the ledger of actions says: severities, keys of effects, and the state that follows.

Every effect is an `intent` and, once the platform can see it, an `outcome` with the same key. A
`held` entry is an effect that a cap stopped; it changes no state. The entries of one subject,
surface and jurisdiction form a chain by `previous_key`. `state_key` names the effect whose state
holds after an entry: its own, but for an undo or a reapply, which restore another's.
"""

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from harmsweep.runs import Read, Step
from harmsweep.tables import (
    COMMENT_SCORES,
    DECISIONS,
    ESCALATIONS,
    MEDIA,
    MEDIA_CLUSTERS,
    MEDIA_MATCHES,
    POST_VISIBILITY,
    POSTS,
    SCORES,
)

# From the mildest; a release is the action `none`.
SEVERITY = {"none": 0, "review": 1, "label": 2, "demote": 3, "remove": 4}
# Actions that others can see: caps count these, and review never.
VISIBLE = ("label", "demote", "remove")
PLACE = ("subject_kind", "subject_id", "surface", "jurisdiction")
IDENTITY = ("subject_kind", "subject_id", "revision", "action", "surface", "jurisdiction")

# Enforce acts only on decisions that are up to date, so what decide reads is shared knowledge.
_SEEN = (SCORES, POSTS, MEDIA, MEDIA_MATCHES, MEDIA_CLUSTERS, ESCALATIONS, COMMENT_SCORES)
DECIDE = Step("decide", reads=tuple(map(Read, _SEEN)), writes=(DECISIONS,))


def pair(model_version: str, policy_version: str) -> dict[str, str]:
    """The versions that make a day's run one of its own."""
    return {"model_version": model_version, "policy_version": policy_version}


def severity(action: Column) -> Column:
    """An action's rank, from 0 for none."""
    ranks = [F.lit(part) for pair in SEVERITY.items() for part in pair]
    return F.create_map(*ranks)[action]


def direction(action: Column, previous: Column) -> Column:
    """`apply` where the action is as severe as the previous one or more, else `release`."""
    milder = severity(action) < severity(previous)
    return F.when(milder, F.lit("release")).otherwise(F.lit("apply"))


def effect_key() -> Column:
    """SHA-256 of the effect's identity and cause, as a JSON array so that no two texts collide."""
    parts = [F.col(name).cast("string") for name in (*IDENTITY, "cause_id")]
    return F.sha2(F.to_json(F.array(*parts)), 256)


# Effects that caps count, in SQL: they put, change or lift an action that others can see.
COUNTED = f"""CASE direction WHEN 'apply' THEN action IN {VISIBLE}
    ELSE previous_action IN {VISIBLE} END"""


def latest(entries: DataFrame) -> DataFrame:
    """The last effect of each subject, surface and jurisdiction: the state that holds.

    Within a day, sweeps write ever later `recorded_at`, and one effect per place, so it is unique.
    """
    newest = Window.partitionBy(*PLACE).orderBy(F.desc("recorded_at"), F.desc("effect_key"))
    ranked = entries.where(F.col("entry") == "intent").withColumn(
        "rank", F.row_number().over(newest)
    )
    return ranked.where(F.col("rank") == 1).drop("rank")


def open_intents(entries: DataFrame) -> DataFrame:
    """Intents that have no outcome yet."""
    outcomes = entries.where(F.col("entry") == "outcome").select("effect_key")
    intents = entries.where(F.col("entry") == "intent")
    return intents.join(outcomes, on="effect_key", how="left_anti")


def visibility(entries: DataFrame) -> DataFrame:
    """Rows of post_visibility from a day's ledger: each place's state, where one holds."""
    newest = Window.partitionBy(*PLACE).orderBy(F.desc("recorded_at"), F.desc("effect_key"))
    effects = entries.where(F.col("entry") == "intent")
    states = effects.withColumn("holds", F.first("state_key").over(newest))
    in_force = (F.col("effect_key") == F.col("holds")) & (F.col("action") != "none")
    states = states.where(in_force).withColumnRenamed("recorded_at", "since")
    return states.select(*POST_VISIBILITY.schema.names)

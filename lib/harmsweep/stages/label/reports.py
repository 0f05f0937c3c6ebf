"""User reports to labels, weighted by the record of who reported.

A reporter's record is how many of their earlier reports people upheld, and gives the rate at which
they are right. Reports of one post and harm are taken for independent given the truth, so that each
adds the log-odds of its reporter's rate over those of an unknown reporter (naive Bayes, as in Dawid
and Skene, 1979, with rates that are known). An unknown reporter adds nothing: whatever their
number, a crowd of fresh accounts labels no post.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from harmsweep.harms import HARMS
from harmsweep.labels.sources import BY_PEOPLE, REPORTS, UNNAMED, vote
from harmsweep.tables.catalog import LABELS

# A Beta prior: an unknown reporter is right one time in four, as if seen four times.
RIGHT, WRONG = 1.0, 3.0
# A reporter is known from so many judged reports on, and a label needs so many known reporters.
LEAST_JUDGED, LEAST_KNOWN = 3, 2
# A label from reports counts less than one by hand, however many reported.
MOST = 0.8
_PAIR = ["day", "post_id", "harm"]


def reports(events: DataFrame, *, simulated: bool) -> DataFrame:
    """One row per post, harm and reporter: when they first reported it; the author never counts."""
    of_posts = events.where("kind = 'report' AND comment_id IS NULL AND actor_id <> author_id")
    known = of_posts.where(F.col("reason").isin(*HARMS) & (F.lit(simulated) | ~F.col("simulated")))
    return known.select(
        F.col("post_day").alias("day"),
        "post_id",
        F.col("reason").alias("harm"),
        "actor_id",
        "recorded_at",
    )


def standing(rows: DataFrame, posts: DataFrame) -> DataFrame:
    """The reports on content that still stands: recorded since the post's current revision was."""
    current = posts.where("status = 'accepted'").select(
        "day", "post_id", "dataset", F.col("recorded_at").alias("since")
    )
    of_current = rows.join(current, on=["day", "post_id"], how="inner").where(
        "recorded_at >= since"
    )
    first = F.min("recorded_at").alias("recorded_at")
    return of_current.groupBy(*_PAIR, "dataset", "actor_id").agg(first)


def records(rows: DataFrame, labels: DataFrame) -> DataFrame:
    """Each reporter's judged reports and how many of them were upheld, over all harms.

    Labels by hand, appeals and reviews judge. Decisions don't: they are the model's own word, and
    a model that learned from who agrees with it would learn from its echo.
    """
    judging = labels.where(F.col("source").isin(*BY_PEOPLE)).groupBy(*_PAIR)
    verdicts = judging.agg(F.sum(vote()).alias("lead")).where("lead <> 0")
    once = rows.groupBy(*_PAIR, "actor_id").agg(F.lit(1).alias("reported"))
    judged = once.join(verdicts, on=_PAIR, how="inner")
    return judged.groupBy("actor_id").agg(
        F.count("*").alias("judged"), F.count_if(F.col("lead") > 0).alias("upheld")
    )


def weighed(rows: DataFrame, known: DataFrame) -> DataFrame:
    """Each reported post and harm with `known_reporters` and `chance`, that it is harmful."""
    seen = rows.join(known, on="actor_id", how="left").fillna(0, ["judged", "upheld"])
    rate = (F.col("upheld") + RIGHT) / (F.col("judged") + RIGHT + WRONG)
    prior = F.log(F.lit(RIGHT / WRONG))
    evidence = F.sum(_log_odds(rate) - prior)
    return seen.groupBy(*_PAIR, "dataset").agg(
        F.count_if(F.col("judged") >= LEAST_JUDGED).alias("known_reporters"),
        F.max("recorded_at").alias("labelled_at"),
        (1 / (1 + F.exp(-(prior + evidence)))).alias("chance"),
    )


def _log_odds(rate: Column) -> Column:
    return F.log(rate / (1 - rate))


def to_labels(pairs: DataFrame) -> DataFrame:
    """The rows of labels: a positive wherever there is enough evidence, and nothing elsewhere.

    The weight is the chance's lead over its opposite, 2 chance - 1: none at a coin's toss.
    """
    # Sums come in any order: without rounding a second run would differ in the last bits.
    weight = F.least(F.round(2 * F.col("chance") - 1, 3), F.lit(MOST))
    enough = pairs.withColumn("weight", weight).where(
        (F.col("known_reporters") >= LEAST_KNOWN) & (F.col("weight") > 0)
    )
    made = {"label": F.lit(1), "source": F.lit(REPORTS), "annotator": F.lit(UNNAMED)}
    return enough.withColumns(made).select(*LABELS.schema.names)

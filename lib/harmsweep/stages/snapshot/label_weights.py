"""What each label counts for how it came to be: 1 over its chance, where that is known.

By hand a label counts 1. The queue's tasks were drawn by known chances. Appeals and reviews are
about posts that the platform acted on or somebody looked at, mostly because of their scores: their
chance can be estimated by score (propensity, Rosenbaum and Rubin, 1983), or their weight stated.
Reports are only ever positives, so that no score says how likely one is; their weight is stated.
"""

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from harmsweep.evaluation.weighted_shares import effective_size
from harmsweep.harms import HARMS
from harmsweep.labels.sources import HAND, OF_ACTED_ON, TASKS
from harmsweep.labels.weights import inverse_weights
from harmsweep.model.conf import LabelWeights
from harmsweep.tables.catalog import LEARN

JUDGED = "judged"
_POST = ["day", "post_id"]
_LABEL = [*_POST, "harm"]
_FACTOR = "harm string, kind string, chance double, factor double"
# By harm and kind: labels, effective ones, the largest weight.
Sizes = Mapping[str, Mapping[str, float]]


def with_factors(
    labels: DataFrame,
    tasks: DataFrame,
    scores: DataFrame | None,
    posts: DataFrame,
    options: LabelWeights,
) -> tuple[DataFrame, Sizes]:
    """Labels with `factor`, what their post and harm count; and how many that leaves, effectively.

    `scores` are only read to estimate the chances of appeals and reviews.
    """
    kinds = labels.groupBy(*_LABEL).agg(_kind().alias("kind"))
    drawn = tasks.where(F.col("purpose") == LEARN).select(
        *_LABEL, F.col("probability").alias("chance")
    )
    known = kinds.where(F.col("kind") == TASKS).join(drawn, on=_LABEL, how="inner")
    if options.unknown == "score_bins" and scores is not None:
        judged = kinds.where(F.col("kind") == JUDGED)
        known = known.unionByName(_by_score(judged, scores, posts, options.bins))
    counted = known.groupBy("harm", "kind", "chance").count().collect()
    factors, sizes = _factors([tuple(row) for row in counted], options.cap)
    table = F.broadcast(labels.sparkSession.createDataFrame(factors, _FACTOR))
    found = known.join(table, on=["harm", "kind", "chance"], how="inner")
    weighed = kinds.join(found.select(*_LABEL, "factor"), on=_LABEL, how="left")
    stated = F.when(F.col("kind") == HAND, 1.0).otherwise(options.stated)
    factor = F.coalesce("factor", stated).alias("factor")
    return labels.join(weighed.select(*_LABEL, factor), on=_LABEL, how="inner"), sizes


def _kind() -> Column:
    """What decides of a post and harm: labels by hand before answers to tasks before others."""

    def any_of(*sources: str) -> Column:
        return F.max(F.col("source").isin(*sources))

    of_tasks = F.when(any_of(TASKS), F.lit(TASKS))
    of_others = of_tasks.when(any_of(*OF_ACTED_ON), F.lit(JUDGED))
    return F.when(any_of(HAND), F.lit(HAND)).otherwise(of_others)


def _by_score(judged: DataFrame, scores: DataFrame, posts: DataFrame, bins: int) -> DataFrame:
    """Judged posts and harms with `chance`: the share of their score's bin that was judged."""
    binned = _binned(scores, posts, bins)
    of_bin = judged.select(*_LABEL, F.lit(True).alias("is_judged"))
    counts = binned.join(of_bin, on=_LABEL, how="left").groupBy("harm", "bin")
    shares = counts.agg((F.count("is_judged") / F.count("*")).alias("chance"))
    placed = judged.join(binned, on=_LABEL, how="inner").join(shares, on=["harm", "bin"])
    return placed.select(*_LABEL, "kind", "chance")


def _binned(scores: DataFrame, posts: DataFrame, bins: int) -> DataFrame:
    """Each current post and harm with the bin of its score, of the model that scored most posts."""
    usable = scores.where("status IN ('scored', 'scored_partial')")
    models = [(row["count"], row["model_version"]) for row in
              usable.groupBy("model_version").count().collect()]  # fmt: skip
    of_model = usable.where(F.col("model_version") == max(models, default=(0, ""))[1])
    current = posts.where("status = 'accepted'").select(*_POST, "revision")
    known = of_model.join(current, on=[*_POST, "revision"], how="left_semi")
    long = known.unpivot([*_POST], list(HARMS), "harm", "score").where("score IS NOT NULL")
    place = F.least(F.floor(F.col("score") * bins), F.lit(bins - 1))
    return long.select(*_LABEL, place.alias("bin"))


def _factors(
    counted: list[tuple[str, str, float, int]], cap: float
) -> tuple[list[tuple[str, str, float, float]], dict[str, dict[str, float]]]:
    """The factor of each chance, by harm and kind, and what the weights leave of the labels."""
    by_kind = defaultdict[tuple[str, str], list[tuple[float, int]]](list)
    for harm, kind, chance, count in sorted(counted):
        by_kind[harm, kind].append((chance, count))
    rows, sizes = [], dict[str, dict[str, float]]()
    for (harm, kind), pairs in by_kind.items():
        chances, counts = (np.array(values) for values in zip(*pairs, strict=True))
        weights = inverse_weights(np.repeat(chances, counts), cap=cap)
        firsts = np.cumsum(counts) - counts
        rows += [
            (harm, kind, float(chance), float(weights[first]))
            for chance, first in zip(chances, firsts, strict=True)
        ]
        facts = {"n": len(weights), "effective": effective_size(weights)}
        sizes[f"{harm}/{kind}"] = facts | {"largest": float(weights.max())}
    return rows, sizes

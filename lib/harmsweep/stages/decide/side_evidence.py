"""What speaks about a post besides its scores: known media, copies, other people's comments.

None of it is the author's own words and pictures as the model judged them, so none of it leads to
more than a review.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from harmsweep.policy.file import Policy

POST = ["day", "post_id", "revision"]
# Columns that `with_others` adds; null where there is nothing to say.
OTHERS = ("known_media", "copies", "comments")
# So many of each are kept: evidence is for a person to read.
MOST = 5


def with_others(
    scores: DataFrame,
    policy: Policy,
    *,
    matches: DataFrame,
    copies: DataFrame,
    comments: DataFrame,
) -> DataFrame:
    """The scores with OTHERS as arrays: the nearest matches and copies, the worst comments."""
    joined = scores.join(known_media(matches), on=POST, how="left")
    joined = joined.join(copies, on=POST, how="left")
    return joined.join(harmful_comments(comments, policy), on=[*POST, "model_version"], how="left")


def known_media(matches: DataFrame) -> DataFrame:
    """By post, `known_media`: its matches that are evidence of a harm, the nearest first."""
    standing = matches.where((F.col("status") == "evidence") & (F.col("kind") != "known_good"))
    match = F.struct("distance", "bank", F.col("kind").alias("harm"), "hash", "position")
    return _first(standing, POST, F.collect_list(match), "known_media")


def copies_of(media: DataFrame, clusters: DataFrame) -> DataFrame:
    """By post, `copies`: what is known of the clusters that hold its media, the nearest first."""
    facts = [name for name in clusters.columns if name not in ("day", "content_hash")]
    ordered = ["distance", *(name for name in facts if name != "distance")]
    found = media.join(clusters, on=["day", "content_hash"], how="inner")
    return _first(found, POST, F.collect_set(F.struct(*ordered)), "copies")


def harmful_comments(comments: DataFrame, policy: Policy) -> DataFrame:
    """By post and model, `comments`: the scores that reach the policy's threshold, highest first.

    NaN passes every `>=` in Spark, so it is told apart.
    """
    score = F.col("score")
    reached = comments.where(
        ~F.isnan(score) & score.between(0.0, 1.0) & (score >= _least_score(policy))
    )
    key = [*POST, "model_version"]
    found = F.collect_list(F.struct("score", "harm", "comment_id", "comments"))
    return _first(reached, key, found, "comments", rising=False)


def _least_score(policy: Policy) -> Column:
    """The policy's threshold for comments, or the harm's own for posts where that is higher.

    A head that calls everything 0.95 would send every post with a comment to review: 4,224 of
    14,822 research posts, by propaganda alone.
    """
    least = F.lit(policy.comments.review)
    for harm, rules in policy.rules.items():
        own = [r.threshold for rule in rules for r in rule.ladder if r.threshold is not None]
        if own and min(own) > policy.comments.review:
            least = F.when(F.col("harm") == harm, min(own)).otherwise(least)
    return least


def _first(
    rows: DataFrame, key: list[str], found: Column, name: str, *, rising: bool = True
) -> DataFrame:
    ranked = F.sort_array(found, asc=rising)
    return rows.groupBy(*key).agg(F.slice(ranked, 1, MOST).alias(name))

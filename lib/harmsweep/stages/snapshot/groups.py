"""Split groups: the groups that collections give, joined where their posts share anything.

Posts that share an author, a near-copied text, a picture, a link's domain or a phone number are no
independent evidence. So groups that share one, or are tied by a chain of others, become one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from harmsweep.stages.snapshot.components import components
from harmsweep.stages.snapshot.shared_keys import KINDS, common_keys, edges, group_node, held_keys


@dataclass(frozen=True)
class Joining:
    """What joining came to: `groups` by `own_group`, and counts for a snapshot's facts."""

    # Rows of own_group, split_group.
    groups: DataFrame
    # By kind of key, how many of the collections' groups share one with another.
    joined: Mapping[str, int]
    # By kind, how many keys are everybody's and tie nobody.
    common: Mapping[str, int]
    # How many of the collections' groups the largest split group holds.
    largest: int


def join_groups(posts: DataFrame, media: DataFrame) -> Joining:
    """The split group of each `own_group` of the posts.

    `posts` has rows of `post_features_v1` with the post's `own_group` and its `text` as written,
    `media` rows of `media_v1` with `own_group`. A split group has the name of the group within it
    that has the earliest post: so a later post joins it, and it stays in its part.
    """
    first = posts.groupBy("own_group").agg(F.min("day").alias("first"))
    groups = first.withColumn("node", group_node()).persist()
    held = held_keys(posts, media).persist()
    common = common_keys(held, groups=groups.count()).persist()
    found = held.join(common, on=["kind", "key"], how="left_anti")
    tied = edges(found).persist()
    try:
        named = _named(groups, components(tied)).localCheckpoint()
        largest = named.groupBy("split_group").count().agg(F.max("count")).first()
        counted = common.groupBy("kind").count().collect()
        return Joining(
            groups=named,
            joined=_joined(found, tied),
            common={row["kind"]: row["count"] for row in sorted(counted)},
            largest=largest[0] or 0 if largest else 0,
        )
    finally:
        for frame in (groups, held, common, tied):
            frame.unpersist()


def _named(groups: DataFrame, roots: DataFrame) -> DataFrame:
    """Each group with the name of its split group."""
    rooted = groups.join(roots, on="node", how="left")
    # A group that shares nothing is no node of the graph.
    together = Window.partitionBy(F.coalesce("root", "node"))
    name = F.min(F.struct("first", "own_group")).over(together)["own_group"]
    return rooted.select("own_group", name.alias("split_group"))


def _joined(held: DataFrame, tied: DataFrame) -> dict[str, int]:
    """By kind how many groups share a key, or near-copies, with another: of each kind by itself."""
    sides = (F.xxhash64("kind", side).alias(side) for side in ("left", "right"))
    roots = components(tied.select(*sides))
    of_kind = held.select("kind", F.xxhash64("kind", "group").alias("node")).distinct()
    sizes = of_kind.join(roots, on="node", how="inner").groupBy("kind", "root").count()
    several = sizes.where("count > 1").groupBy("kind").agg(F.sum("count").alias("groups"))
    found = {row["kind"]: row["groups"] for row in several.collect()}
    return {kind: found.get(kind, 0) for kind in KINDS}

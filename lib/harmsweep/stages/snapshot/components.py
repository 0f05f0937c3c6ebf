"""The connected components of a graph that is given by its edges."""

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

# Up to so many edges the driver finds them, in seconds and about 2 GB; a snapshot of a million
# posts has fewer. More are worked off in Spark.
AT_DRIVER = 20_000_000


def components(edges: DataFrame, *, at_driver: int = AT_DRIVER) -> DataFrame:
    """Each `node` of the edges (`left`, `right`: numbers) with its `root`.

    The root is the least node of those that it can be reached from, so it follows from the edges
    alone.
    """
    kept = edges.select("left", "right").distinct().persist()
    try:
        if kept.count() > at_driver:
            return _by_stars(kept)
        return edges.sparkSession.createDataFrame(_by_scipy(kept.toArrow()))
    finally:
        kept.unpersist()


def _by_scipy(edges: pa.Table) -> pa.Table:
    ends = np.stack([edges.column(side).to_numpy() for side in ("left", "right")])
    nodes, places = np.unique(ends, return_inverse=True)
    left, right = places.reshape(ends.shape)
    ones = np.ones(len(left), dtype=np.int8)
    graph = coo_matrix((ones, (left, right)), shape=(len(nodes), len(nodes)))
    _, labels = connected_components(graph, directed=False)
    # The nodes are sorted: the first of a label is its least.
    _, first = np.unique(labels, return_index=True)
    return pa.table({"node": pa.array(nodes, pa.int64()), "root": nodes[first[labels]]})


def _by_stars(edges: DataFrame) -> DataFrame:
    """Kiveris et al., Connected Components in MapReduce and Beyond, SoCC 2014.

    Large and small stars in turn, about log(n) squared rounds, until nothing changes.
    """
    nodes = edges.select(F.explode(F.array("left", "right")).alias("node")).distinct()
    stars, before = edges.where("left != right"), None
    while (after := _digest(stars)) != before:
        before = after
        # Without a checkpoint each round would work off all rounds before it.
        stars = _small_star(_large_star(stars)).localCheckpoint()
    roots = stars.select(F.col("right").alias("node"), F.col("left").alias("root"))
    rooted = nodes.join(roots, on="node", how="left")
    return rooted.select("node", F.coalesce("root", "node").alias("root")).localCheckpoint()


def _large_star(edges: DataFrame) -> DataFrame:
    """Each node's greater neighbours, tied to the least of the node and its neighbours."""
    swapped = edges.select(F.col("right").alias("left"), F.col("left").alias("right"))
    both = edges.union(swapped)
    least = both.groupBy("left").agg(F.min("right").alias("near"))
    greater = both.where("right > left").join(least, on="left", how="inner")
    return greater.select(F.least("left", "near").alias("left"), "right").distinct()


def _small_star(edges: DataFrame) -> DataFrame:
    """Each node and its lesser neighbours, tied to the least of them; `left` is the lesser."""
    least = edges.groupBy("right").agg(F.min("left").alias("near"))
    lesser = edges.join(least, on="right", how="inner").where("left != near")
    moved = lesser.select(F.col("near").alias("left"), F.col("left").alias("right"))
    return moved.union(least.select(F.col("near").alias("left"), "right")).distinct()


def _digest(edges: DataFrame) -> tuple[int, int]:
    row = edges.agg(F.count("*"), F.bit_xor(F.xxhash64("left", "right"))).first()
    assert row is not None
    return row[0], row[1] or 0

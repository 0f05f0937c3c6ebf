"""Pairs of near-copied texts among many, without comparing all pairs.

Two texts are near-copies where the sets of their runs of five letters have a Jaccard index of 0.5
or more. Candidates are found by MinHash (Broder, 1997) in bands (Leskovec, Rajaraman and Ullman,
Mining of Massive Datasets, chapter 3), with Spark ML's hash functions; each is then compared.
"""

from pyspark.ml.feature import HashingTF, MinHashLSH
from pyspark.ml.linalg import Vectors
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.window import Window

# At 0.5 the messages of a spam campaign with other names, numbers and prizes are near-copies, and
# of 11,000 tweets that say much the same none are.
NEAR = 0.5
RUN = 5
# A text of fewer runs says too little for a likeness to mean anything, such as "happy new year".
LEAST_RUNS = 16
# What is compared of a text: as many letters from its start.
MOST_LETTERS = 4000
# A pair at 0.5 is a candidate with probability 1 - (1 - 0.5 ** 4) ** 48 = 0.95, one at 0.6 with
# 0.999, unrelated texts (0.03 to 0.05) with 0.0003 or less.
BANDS, ROWS = 48, 4
SEED = 20261001
# The vector that a text's runs are hashed to; only its places with a run are stored.
WIDTH = 1 << 20
# Of the texts of a bucket each is compared with so many, the same ones for all: work grows with
# the texts, whatever anybody posts.
MOST_COMPARED = 64


def runs(text: Column) -> Column:
    """The set of a text's runs of five letters; case, punctuation and numbers tell none apart."""
    letters = F.regexp_replace(F.lower(text), r"[^\p{L}\p{M}\p{N}]+", " ")
    plain = F.trim(F.regexp_replace(F.substring(letters, 1, MOST_LETTERS), r"\p{N}+", "0"))
    # Within a lambda the text is a value: else Spark would make it plain anew for every run.
    return F.array_distinct(F.flatten(F.transform(F.array(plain), _all_runs)))


def _all_runs(text: Column) -> Column:
    places = F.sequence(F.lit(1), F.greatest(F.lit(1), F.length(text) - (RUN - 1)))
    return F.transform(places, lambda at: F.substring(text, at, F.lit(RUN)))


def near_texts(texts: DataFrame) -> DataFrame:
    """Pairs of texts that are near-copies, as `left` and `right`, the ids of each.

    `texts` has an `id` (a number), once each, and its `runs`.
    """
    enough = texts.where(F.size("runs") >= LEAST_RUNS)
    pairs = _candidates(enough)
    for side in ("left", "right"):
        found = enough.select(F.col("id").alias(side), F.col("runs").alias(f"{side}_runs"))
        pairs = pairs.join(found, on=side, how="inner")
    common = F.size(F.array_intersect("left_runs", "right_runs"))
    either = F.size("left_runs") + F.size("right_runs") - common
    return pairs.where(common >= NEAR * either).select("left", "right")


def _candidates(texts: DataFrame) -> DataFrame:
    """Pairs that share a bucket, each once."""
    ranked = Window.partitionBy("bucket").orderBy("id")
    # Both sides of the join read them: hashing is the most of the work.
    found = _buckets(texts).localCheckpoint()
    buckets = found.withColumn("rank", F.row_number().over(ranked))
    first = buckets.where(F.col("rank") <= MOST_COMPARED)
    others = buckets.select("bucket", F.col("id").alias("right"), F.col("rank").alias("last"))
    pairs = first.join(others, on="bucket", how="inner").where(F.col("rank") < F.col("last"))
    return pairs.select(F.col("id").alias("left"), "right").distinct()


def _buckets(texts: DataFrame) -> DataFrame:
    """Each text's bucket in every band."""
    counted = HashingTF(binary=True, numFeatures=WIDTH, inputCol="runs", outputCol="_places")
    hashed = MinHashLSH(
        numHashTables=BANDS * ROWS, seed=SEED, inputCol="_places", outputCol="_hashes"
    )
    # The functions follow from the seed alone; what they are fitted to gives no more than a width.
    any_vector = texts.sparkSession.createDataFrame(
        [(Vectors.sparse(WIDTH, [0], [1.0]),)], ["_places"]
    )
    signed = hashed.fit(any_vector).transform(counted.transform(texts.select("id", "runs")))
    bands = [
        F.xxhash64(F.lit(band), F.slice("_hashes", band * ROWS + 1, ROWS)) for band in range(BANDS)
    ]
    return signed.select("id", F.explode(F.array(*bands)).alias("bucket"))

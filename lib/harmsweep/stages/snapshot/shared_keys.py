"""What posts of different groups share: an author, a text, a picture, a domain, a phone number.

All of it becomes the edges of one graph. Its nodes are groups and keys, both by their hash: a group
is tied to each key that one of its posts has, and keys that are near-copies to one another.
"""

from collections.abc import Callable, Mapping
from functools import partial, reduce

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T
from pyspark.sql.pandas.functions import arrow_udf

from harmsweep.known_media.near import SPARK_FROM, near_pairs, near_pairs_spark
from harmsweep.media.pdq import MIN_QUALITY, packed
from harmsweep.stages.snapshot.near_texts import LEAST_RUNS, near_texts, runs
from harmsweep.text.domains import registered_domains

# A domain, phone number or picture that more groups have than this share of all, and more than so
# many, is everybody's and ties nobody. On the research posts, t.co stands in 16 % of the posts, and
# no other domain in more than 0.03 %.
COMMON_SHARE, COMMON_LEAST = 0.001, 20
# Nine digits at least, which no date has, with what people put between them; a country's code and
# a leading zero do not tell numbers apart, so the last nine are the key.
PHONE = r"(?<![\w.,:])(?:\+|\()?\d(?:[ ().\-]{0,2}\d){8,14}(?![\w:])"
PHONE_DIGITS = 9


def group_node() -> Column:
    """The node of a group in the graph."""
    return F.xxhash64(F.lit("group"), "own_group")


def authors(posts: DataFrame) -> DataFrame:
    """The author, where the collection names one: an assigned one says nothing."""
    native = posts.where(F.col("author_origin") == "native")
    return native.select("own_group", F.col("author_id").alias("key"))


def texts(posts: DataFrame) -> DataFrame:
    """The runs of letters of each text that is long enough for a likeness to mean anything."""
    known = posts.select("own_group", runs(F.col("normal_text")).alias("runs"))
    return known.where(F.size("runs") >= LEAST_RUNS).withColumn("key", F.col("runs"))


def domains(posts: DataFrame) -> DataFrame:
    """The registered domains of the links."""
    linked = posts.where(F.col("text").isNotNull())
    return linked.select("own_group", F.explode(_domains("text")).alias("key"))


def phones(posts: DataFrame) -> DataFrame:
    """The last nine digits of the phone numbers."""
    numbers = F.regexp_extract_all("clean_text", F.lit(PHONE), 0)
    found = posts.select("own_group", F.explode(numbers).alias("number"))
    digits = F.regexp_replace("number", r"\D", "")
    return found.select("own_group", F.right(digits, F.lit(PHONE_DIGITS)).alias("key"))


def pictures(media: DataFrame) -> DataFrame:
    """The PDQ hashes of the pictures, and the content of each video.

    Not a video's frames: one, such as a title, may be that of many. `media` has rows of `media_v1`
    with the post's `own_group`.
    """
    usable = media.where((F.col("status") == "ok") & F.col("content_hash").isNotNull())
    # A picture too plain for a good hash ties nobody: all white ones are alike.
    good = (F.col("kind") == "image") & (F.col("pdq_quality") >= MIN_QUALITY)
    hashes = usable.where(good).select("own_group", F.explode("pdq").alias("hash"))
    videos = usable.where(F.col("kind") == "video")
    contents = videos.select("own_group", F.col("content_hash").alias("key"))
    images = hashes.withColumn("key", F.col("hash"))
    return images.unionByName(contents, allowMissingColumns=True)


@arrow_udf(T.ArrayType(T.StringType()))  # type: ignore[call-overload,untyped-decorator]
def _domains(text: pa.Array) -> pa.Array:
    return pa.array([registered_domains(t) for t in text.to_pylist()], pa.list_(pa.string()))


# By the name that a snapshot's facts have, the keys of posts; those of media are beside.
OF_POSTS: Mapping[str, Callable[[DataFrame], DataFrame]] = {
    "author": authors,
    "text": texts,
    "domain": domains,
    "phone": phones,
}
PICTURE = "picture"
KINDS = (*OF_POSTS, PICTURE)
# Those that may be everybody's. An author is one person, and a text of some length, however often
# it is posted, one text.
MAY_BE_COMMON = ("domain", "phone", PICTURE)


def held_keys(posts: DataFrame, media: DataFrame) -> DataFrame:
    """Each group (`group`, its node) with each key (`key`, its node) of its posts, by `kind`.

    A text's row has its `runs`, and a picture's its `hash`, by which near-copies are told.
    """
    keys = {kind: of_posts(posts) for kind, of_posts in OF_POSTS.items()}
    keys[PICTURE] = pictures(media)
    held = [
        found.withColumn("kind", F.lit(kind))
        .withColumn("key", F.xxhash64("kind", "key"))
        .withColumn("group", group_node())
        .drop("own_group")
        for kind, found in keys.items()
    ]
    union = partial(DataFrame.unionByName, allowMissingColumns=True)
    return reduce(union, held).dropDuplicates(["kind", "group", "key"])


def common_keys(held: DataFrame, *, groups: int) -> DataFrame:
    """The keys (`kind`, `key`) that too many of so many groups have to tell anything."""
    most = max(COMMON_LEAST, int(COMMON_SHARE * groups))
    counted = held.where(F.col("kind").isin(*MAY_BE_COMMON)).groupBy("kind", "key").count()
    return counted.where(F.col("count") > most).select("kind", "key")


def edges(held: DataFrame) -> DataFrame:
    """The graph's edges, by `kind`: groups with their keys, and keys with their near-copies."""
    ties = held.select("kind", F.col("group").alias("left"), F.col("key").alias("right"))
    of_texts = held.where("kind = 'text'").select(F.col("key").alias("id"), "runs")
    alike = near_texts(of_texts.dropDuplicates(["id"])).select(F.lit("text").alias("kind"), "*")
    return ties.union(alike).union(_near_pictures(held))


def _near_pictures(held: DataFrame) -> DataFrame:
    """Pairs of near hashes. The distinct hashes, 32 MB a million, come to the driver."""
    spark: SparkSession = held.sparkSession
    found = held.where(F.col("hash").isNotNull()).select("hash", "key").distinct().toArrow()
    # In the hashes' order, so that the search among many is the same each time.
    found = found.sort_by("hash")
    nodes = found.column("key").to_numpy().astype(np.int64)
    hashes = packed(found.column("hash").to_pylist())
    many = len(hashes) >= SPARK_FROM
    pairs = near_pairs_spark(spark, hashes) if many else near_pairs(hashes)
    rows = pa.table({"left": nodes[pairs.left], "right": nodes[pairs.right]})
    return spark.createDataFrame(rows).select(F.lit(PICTURE).alias("kind"), "left", "right")

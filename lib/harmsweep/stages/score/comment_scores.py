"""Comments through the heads of a model, each as the only text; for review, never mixed with posts.

A comment's score says nothing of its post's author. It goes to a table of its own, and no rule
that acts reads it.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from harmsweep.encoders.stored import matrix
from harmsweep.lake import delta
from harmsweep.lake.portions import Portion
from harmsweep.model.columns import columns_of
from harmsweep.model.fusion import Columns
from harmsweep.model.manifest import Manifest
from harmsweep.stages.score.score_batches import as_columns
from harmsweep.stages.score.score_rows import all_probable
from harmsweep.stages.score.write import is_empty, kept, put_rejects, put_scores
from harmsweep.tables.catalog import COMMENT_SCORES, COMMENT_VECTORS, POSTS

_KEY = ["post_id", "revision", "comment_id"]


def score_comments(
    spark: SparkSession, lake: Path, part: Portion, model: Manifest, path: Path
) -> dict[str, int]:
    """Write the highest score per post and harm among its comments; the count of comments scored.

    A score that is no finite number in [0, 1] is a reject. A day without comments writes nothing.
    """
    texts = [source for source in model.inputs if source.name == "text"]
    if not texts or not _has_work(lake, part.day, model.model_version):
        return {}
    posts = delta.read_slice(spark, POSTS, lake, part.by_post).where("status = 'accepted'")
    of_encoder = F.col("encoder_id") == texts[0].encoder_id
    stored = delta.read_slice(spark, COMMENT_VECTORS, lake, part.by_post).where(of_encoder)
    vectors = stored.where(F.col("vector").isNotNull()).select(*_KEY, "vector")
    current = vectors.join(
        posts.select("post_id", "revision"), ["post_id", "revision"], "left_semi"
    )
    outputs = current.mapInArrow(partial(comment_batches, path=str(path)), _schema(model.harms))
    with kept(outputs.withColumn("ok", all_probable(model.harms)), part) as scored:
        counted = {row["ok"]: row["count"] for row in scored.groupBy("ok").count().collect()}
        rejects = _rejects(scored.where(~F.col("ok")), part.day, model.model_version)
        put_rejects(rejects, lake, part, _source(model.model_version), some=False in counted)
        highest = highest_scores(scored.where("ok"), model.harms).withColumns(
            {"day": F.lit(part.day), "model_version": F.lit(model.model_version)}
        )
        # At most one a comment and harm.
        count = sum(counted.values()) * len(model.harms)
        put_scores(highest, COMMENT_SCORES, lake, part, model.model_version, at_most=count)
    return {"comments": _scored_comments(lake, part.day, model.model_version)}


def highest_scores(scored: DataFrame, harms: Sequence[str]) -> DataFrame:
    """Per post and harm the highest score, the comment that has it, and how many were scored."""
    pairs = (F.struct(F.lit(h).alias("harm"), F.col(h).alias("score")) for h in harms)
    each = scored.select(*_KEY, F.inline(F.array(*pairs)))
    # Of comments with one score the first by id, so that a rerun names the same.
    best = F.min_by("comment_id", F.struct(-F.col("score"), "comment_id")).alias("comment_id")
    return each.groupBy("post_id", "revision", "harm").agg(
        F.max("score").alias("score"), best, F.count(F.lit(1)).cast("int").alias("comments")
    )


def comment_batches(batches: Iterator[pa.RecordBatch], *, path: str) -> Iterator[pa.RecordBatch]:
    """One column per head in place of `vector`; everything else that a post may have is unknown."""
    from harmsweep.model.network import load_heads, score_columns

    manifest, heads = load_heads(Path(path))
    for batch in batches:
        scores = score_columns(manifest, heads, _columns(batch["vector"], manifest))
        arrays = [batch[name] for name in _KEY] + as_columns(scores)
        yield pa.RecordBatch.from_arrays(arrays, [*_KEY, *manifest.harms])


def _columns(vectors: pa.Array, manifest: Manifest) -> Columns:
    width = next(source.width for source in manifest.inputs if source.name == "text")
    rows = len(vectors)
    texts, present = {"text": matrix(vectors, width)}, {"text": np.ones(rows, dtype=bool)}
    return columns_of(manifest, rows, texts, present, {})


def _schema(harms: Sequence[str]) -> T.StructType:
    schema = T.StructType([COMMENT_VECTORS.schema[name] for name in _KEY])
    for harm in harms:
        schema = schema.add(harm, "double")
    return schema


def _rejects(failed: DataFrame, day: date, model_version: str) -> DataFrame:
    return failed.select(
        F.lit(day).alias("day"),
        F.lit("score").alias("stage"),
        F.lit(_source(model_version)).alias("source"),
        F.concat_ws("/", *_KEY).alias("item_id"),
        F.lit("rejected").alias("status"),
        F.lit("score_not_finite").alias("reason"),
        F.lit("output is not a probability").alias("detail"),
        "post_id",
        F.lit(day).alias("recorded_day"),
    )


def _source(model_version: str) -> str:
    return f"comments:{model_version}"


def _has_work(lake: Path, day: date, model_version: str) -> bool:
    """Whether there are comments, or rows of an earlier run to replace."""
    where: delta.Slice = {"day": day, "model_version": model_version}
    return day in delta.days(COMMENT_VECTORS, lake) or not is_empty(COMMENT_SCORES, lake, where)


def _scored_comments(lake: Path, day: date, model_version: str) -> int:
    """How many comments of the day's posts the model scored: each row of a post counts them all."""
    where = delta.datafusion_where({"day": day, "model_version": model_version})
    of_posts = f"""SELECT max(comments) AS n FROM {COMMENT_SCORES.name}
        WHERE {where} GROUP BY post_id, revision"""
    found = delta.query(lake, f"SELECT coalesce(sum(n), 0) AS n FROM ({of_posts})")
    return int(found["n"][0].as_py())

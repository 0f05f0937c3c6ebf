"""One day's scores by one model."""

from datetime import date
from functools import partial
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from harmsweep.encoders.conf import load_encoders
from harmsweep.harms import HARMS
from harmsweep.lake import delta
from harmsweep.lake.flow import SCORE
from harmsweep.lake.portions import Portion, planned
from harmsweep.lake.runs import Counts, Outcome, Spark, run_stage
from harmsweep.model.manifest import Manifest, check_encoders, check_harms, load_manifest
from harmsweep.model.reference import ModelRef
from harmsweep.stages.score.comment_scores import score_comments
from harmsweep.stages.score.score_batches import score_batches
from harmsweep.stages.score.score_rows import CARRIED, rows_to_score, with_status
from harmsweep.stages.score.write import kept, put_rejects, put_scores
from harmsweep.tables.catalog import (
    AUTHOR_VECTORS,
    MEDIA,
    POST_FEATURES,
    POST_VECTORS,
    POSTS,
    SCORE_STATUSES,
    SCORES,
)

SOURCES = (POSTS, POST_FEATURES, MEDIA, POST_VECTORS)


def score_day(spark: Spark, lake: Path, day: date, *, model: ModelRef) -> Outcome:
    """Score the day's current revisions with a model; another model's rows stay as they are.

    Raises:
        ManifestRefused: the model's files differ from their hashes, or it was trained on other
            encoders than conf's; nothing is written.
    """
    manifest = load_manifest(model.manifest)
    check_encoders(manifest, {name: e.encoder_id for name, e in load_encoders().items()})
    check_harms(manifest, HARMS)

    def work(part: Portion) -> Counts:
        with planned(spark(), part) as started:
            return _score(started, lake, part, manifest, model.manifest.resolve())

    versions = {"model_version": model.model_version}
    whole = partial(work, Portion(day))
    return run_stage(SCORE, lake, day, whole, versions=versions, some=work)


def _score(spark: SparkSession, lake: Path, part: Portion, model: Manifest, path: Path) -> Counts:
    tables = [
        *(delta.read_slice(spark, table, lake, part.by_post) for table in SOURCES),
        delta.read_slice(spark, AUTHOR_VECTORS, lake, part.by_author),
    ]
    rows = rows_to_score(*tables, manifest=model)
    scored = score_rows(rows, model, path).withColumn("day", F.lit(part.day))
    with kept(scored, part) as scored:
        by_status = scored.groupBy("status").count().collect()
        counted = {row["status"]: int(row["count"]) for row in by_status}
        # Several models score one day: the source keeps their rejects apart.
        source = f"scores:{model.model_version}"
        put_rejects(rejected(scored, source), lake, part, source, some="failed" in counted)
        scores, count = _as_scores(scored, model.model_version), sum(counted.values())
        put_scores(scores, SCORES, lake, part, model.model_version, at_most=count)
    comments = score_comments(spark, lake, part, model, path)
    return _by_status(lake, part.day, model.model_version) | comments


def _by_status(lake: Path, day: date, model_version: str) -> dict[str, int]:
    """The day's current revisions that the model scored, and how many have each status."""
    where = delta.datafusion_where({"day": day, "model_version": model_version})
    sql = f"""SELECT s.status, count(*) AS n FROM (SELECT * FROM scores_v1 WHERE {where}) s
        JOIN (SELECT * FROM posts_v1 WHERE day = '{day}' AND status = 'accepted') p
        ON p.post_id = s.post_id AND p.revision = s.revision GROUP BY s.status"""
    counted = {row["status"]: row["n"] for row in delta.query(lake, sql).to_pylist()}
    return {"posts": sum(counted.values())} | {s: counted.get(s, 0) for s in SCORE_STATUSES}


def score_rows(rows: DataFrame, model: Manifest, path: Path) -> DataFrame:
    """Rows of `rows_to_score` with all of the model's heads, in one pass, and their status."""
    outputs = rows.mapInArrow(partial(score_batches, path=str(path)), output_schema(rows, model))
    return with_status(outputs, model.harms)


def output_schema(rows: DataFrame, model: Manifest) -> T.StructType:
    """What a worker gives back: the carried columns, `trained_on` and one double per head."""
    schema = T.StructType([rows.schema[name] for name in CARRIED]).add("trained_on", "boolean")
    for harm in model.harms:
        schema = schema.add(harm, "double")
    return schema


def _as_scores(scored: DataFrame, model_version: str) -> DataFrame:
    with_version = scored.withColumn("model_version", F.lit(model_version))
    return with_version.select(
        *(F.col(f.name).cast(f.dataType).alias(f.name) for f in SCORES.schema)
    )


def rejected(scored: DataFrame, source: str) -> DataFrame:
    """A reject for each post whose output was no probability."""
    return scored.where(F.col("status") == "failed").select(
        "day",
        F.lit("score").alias("stage"),
        F.lit(source).alias("source"),
        F.concat_ws("/", "post_id", "revision").alias("item_id"),
        F.lit("rejected").alias("status"),
        F.lit("score_not_finite").alias("reason"),
        F.col("reason").alias("detail"),
        "post_id",
        "recorded_day",
    )

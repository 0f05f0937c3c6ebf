"""The stage embed: a vector for each distinct input of the day's posts and authors."""

from datetime import date
from functools import partial
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from harmsweep.encoders.conf import load_encoders
from harmsweep.encoders.ocr_conf import load_ocr_conf
from harmsweep.lake import delta, writes
from harmsweep.lake.flow import EMBED
from harmsweep.lake.runs import Counts, Outcome, Spark, run_stage
from harmsweep.stages.embed.comments import COMMENTS, comment_inputs, comment_vectors
from harmsweep.stages.embed.requests import (
    INPUT,
    Encoders,
    author_inputs,
    distinct_inputs,
    known,
    post_inputs,
)
from harmsweep.stages.embed.vectors import author_vectors, latest, post_vectors
from harmsweep.stages.embed.window_inputs import windows_id
from harmsweep.stages.embed.workers import COLUMNS, Loaded, embed_batches
from harmsweep.tables.catalog import (
    AUTHOR_VECTORS,
    COMMENT_VECTORS,
    EMBEDDINGS,
    POST_FEATURES,
    POST_VECTORS,
)
from harmsweep.tables.spec import Table


def embed_day(
    spark: Spark,
    lake: Path,
    day: date,
    *,
    media_root: Path,
    encoders: Encoders | None = None,
) -> Outcome:
    """Embed what the day needs and the cache lacks; write the day's vectors.

    The counts are the day's posts, its inputs that were embedded now, the vectors of posts,
    authors and comments, how many of the posts' are partial or undecodable, and how often a model
    was loaded.
    """
    chosen = encoders or load_encoders()
    work = partial(_work, spark, lake, day, media_root, chosen)
    ids = [encoder.encoder_id for encoder in chosen.values()] + [load_ocr_conf().reader_id]
    ids += windows_id(chosen).values()
    return run_stage(EMBED, lake, day, work, inputs=",".join(ids))


def _work(spark: Spark, lake: Path, day: date, media_root: Path, encoders: Encoders) -> Counts:
    started = spark()
    loads = started.sparkContext.accumulator(0)
    posts, authors, comments = embedding_requests(started, lake, day, encoders)
    if comments is not None:
        comments.persist()
    # Asked for four times, and a join over three tables each time.
    posts = posts.persist()
    try:
        cached = known(started, lake, day, encoders.values()).select(*INPUT)
        requests = [rows for rows in (posts, authors, comments) if rows is not None]
        lacking = distinct_inputs(*requests).join(cached, on=list(INPUT), how="left_anti")
        fresh = _embedded(lacking, encoders, media_root, loads.add).withColumn("day", F.lit(day))
        embedded = writes.append_missing(fresh, EMBEDDINGS, lake, where={"day": day})
        _write_vectors(lake, day, encoders, posts, authors)
        if comments is not None:
            _write_comments(lake, day, encoders, comments)
    finally:
        posts.unpersist()
        if comments is not None:
            comments.unpersist()
    return {**_counts(lake, day), "embedded": embedded, "model_loads": int(loads.value)}


def embedding_requests(
    spark: SparkSession, lake: Path, day: date, encoders: Encoders
) -> tuple[DataFrame, DataFrame, DataFrame | None]:
    """What the day's posts, authors and comments ask to have embedded."""
    posts = post_inputs(spark, lake, day, encoders, reader_id=load_ocr_conf().reader_id)
    authors = author_inputs(spark, lake, day, encoders)
    return posts, authors, comment_inputs(spark, lake, day, encoders["text"])


def count_inputs(spark: Spark, lake: Path, day: date) -> dict[str, int]:
    """How many distinct inputs the day has `to_embed`, and how many vectors are there to `reuse`.

    It rests on the features and readings that the day has now, and writes nothing.
    """
    encoders, started = load_encoders(), spark()
    requests = [
        rows for rows in embedding_requests(started, lake, day, encoders) if rows is not None
    ]
    cached = known(started, lake, day, encoders.values()).select(*INPUT).distinct()
    inputs = distinct_inputs(*requests).join(
        cached.withColumn("known", F.lit(True)), list(INPUT), "left"
    )
    counts = inputs.agg(F.count("known").alias("reuse"), F.count("*").alias("all")).first()
    assert counts is not None
    return {"to_embed": counts["all"] - counts["reuse"], "to_reuse": counts["reuse"]}


def _embedded(
    lacking: DataFrame, encoders: Encoders, media_root: Path, loaded: Loaded
) -> DataFrame:
    """The embeddings of the inputs, computed on as many cores as there are."""
    fields = {f.name: f for f in EMBEDDINGS.schema}
    function = partial(
        embed_batches,
        encoders={e.cache_id: e.model_dump_json() for e in encoders.values()},
        media_root=media_root.resolve(),
        loaded=loaded,
    )
    # Named by number, so that adaptive execution does not merge a small day into one task.
    cores = lacking.sparkSession.sparkContext.defaultParallelism
    keyed = lacking.withColumnRenamed("cache_id", "encoder_id")
    spread = keyed.repartition(cores, "input_hash")
    return spread.mapInPandas(function, T.StructType([fields[name] for name in COLUMNS]))


def _write_vectors(
    lake: Path, day: date, encoders: Encoders, posts: DataFrame, authors: DataFrame
) -> None:
    cache = known(posts.sparkSession, lake, day, encoders.values())
    windows = windows_id(encoders)
    ids = sorted({*(encoder.encoder_id for encoder in encoders.values()), *windows.values()})
    replace = partial(_replace, lake=lake, day=day, ids=ids)
    rows, most = post_vectors(posts, latest(cache, posts), day), _posts(lake, day) * len(ids)
    replace(rows, POST_VECTORS, of=posts, key=["post_id", "revision"], at_most=most)
    # Most platforms have no descriptions on most days: a commit of nothing costs a second.
    if day in delta.days(AUTHOR_VECTORS, lake) or not authors.isEmpty():
        rows, most = author_vectors(authors, latest(cache, authors), day), _posts(lake, day)
        replace(rows, AUTHOR_VECTORS, of=authors, key=["author_id"], at_most=most)


def _write_comments(lake: Path, day: date, encoders: Encoders, comments: DataFrame) -> None:
    cache = known(comments.sparkSession, lake, day, [encoders["text"]])
    rows = comment_vectors(comments, latest(cache, comments), day)
    ids, key = [encoders["text"].encoder_id], ["post_id", "revision", "comment_id"]
    most = _posts(lake, day) * COMMENTS
    _replace(rows, COMMENT_VECTORS, lake, day, ids, of=comments, key=key, at_most=most)


def _replace(
    rows: DataFrame,
    table: Table,
    lake: Path,
    day: date,
    ids: list[str],
    *,
    of: DataFrame,
    key: list[str],
    at_most: int,
) -> None:
    """Make the day's vectors these, and leave those of other encoders that `of` still has.

    Encoders that conf named before: an older model still scores by them.
    """
    own = delta.datafusion_where({"encoder_id": ids})
    others = _count(table, lake, f"day = '{day}' AND NOT {own}")
    if others:
        stored = delta.read_days(of.sparkSession, table, lake, day)
        of_others = stored.where(~F.col("encoder_id").isin(ids))
        rows = rows.unionByName(of_others.join(of, on=key, how="left_semi"))
    writes.replace_slice(rows, table, lake, where={"day": day}, at_most=at_most + others)


def _counts(lake: Path, day: date) -> Counts:
    today = f"day = '{day}'"
    return {
        "posts": _posts(lake, day),
        "post_vectors": _count(POST_VECTORS, lake, today),
        "not_ok": _count(POST_VECTORS, lake, f"{today} AND status <> 'ok'"),
        "author_vectors": _count(AUTHOR_VECTORS, lake, today),
        "comment_vectors": _count(COMMENT_VECTORS, lake, today),
    }


def _posts(lake: Path, day: date) -> int:
    return _count(POST_FEATURES, lake, f"day = '{day}'")


def _count(table: Table, lake: Path, condition: str) -> int:
    """How many rows, without Spark."""
    sql = f"SELECT count(*) AS n FROM {table.name} WHERE {condition}"
    return int(delta.query(lake, sql).column("n")[0].as_py())

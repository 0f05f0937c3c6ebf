"""The stage embed: a vector for each distinct input of the day's posts and authors."""

from contextlib import ExitStack
from datetime import date
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from harmsweep.encoders.conf import load_encoders
from harmsweep.encoders.ocr_conf import load_ocr_conf
from harmsweep.lake import delta, writes
from harmsweep.lake.flow import EMBED
from harmsweep.lake.portions import Portion, planned, spread
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
    work = partial(_work, spark, lake, media_root=media_root, encoders=chosen)
    ids = [encoder.encoder_id for encoder in chosen.values()] + [load_ocr_conf().reader_id]
    ids += windows_id(chosen).values()
    whole = partial(work, Portion(day))
    return run_stage(EMBED, lake, day, whole, inputs=",".join(ids), some=work)


def _work(
    spark: Spark, lake: Path, part: Portion, *, media_root: Path, encoders: Encoders
) -> Counts:
    started, day = spark(), part.day
    loads = started.sparkContext.accumulator(0)
    with ExitStack() as held:
        held.enter_context(planned(started, part))
        requests = embedding_requests(started, lake, part, encoders)
        requests = requests.kept(part, held)
        hashes = None if part.posts is None else requests.hashes()
        cache = known(started, lake, day, encoders.values(), hashes=hashes)
        lacking = requests.distinct().join(cache.select(*INPUT), on=list(INPUT), how="left_anti")
        if hashes is not None:
            lacking = delta.at_driver(lacking)
        embedded = 0
        if hashes is None or not lacking.isEmpty():
            fresh = _embedded(lacking, part, encoders, media_root, loads.add)
            where: delta.Slice = {"day": day} | ({} if hashes is None else {"input_hash": hashes})
            dated = fresh.withColumn("day", F.lit(day))
            embedded = writes.append_missing(dated, EMBEDDINGS, lake, where=where)
            cache = known(started, lake, day, encoders.values(), hashes=hashes)
        _write_vectors(lake, part, encoders, requests, cache)
    return {**_counts(lake, day), "embedded": embedded, "model_loads": int(loads.value)}


class Requests(NamedTuple):
    """What posts, authors and comments ask to have embedded."""

    posts: DataFrame
    authors: DataFrame
    comments: DataFrame | None

    def kept(self, part: Portion, held: ExitStack) -> "Requests":
        """The same, computed once: each is a join of tables, and asked for several times."""

        def kept(rows: DataFrame) -> DataFrame:
            if part.posts is not None:
                return delta.at_driver(rows)
            held.callback(rows.persist().unpersist)
            return rows

        comments = self.comments
        return Requests(kept(self.posts), kept(self.authors), comments and kept(comments))

    def distinct(self) -> DataFrame:
        """Each input once."""
        return distinct_inputs(*(rows for rows in self if rows is not None))

    def hashes(self) -> list[str]:
        """Of each input its hash."""
        return [row["input_hash"] for row in self.distinct().select("input_hash").collect()]


def embedding_requests(
    spark: SparkSession, lake: Path, part: Portion, encoders: Encoders
) -> Requests:
    """What the posts, their authors and comments ask to have embedded."""
    posts = post_inputs(spark, lake, part, encoders, reader_id=load_ocr_conf().reader_id)
    authors = author_inputs(spark, lake, part, encoders)
    return Requests(posts, authors, comment_inputs(spark, lake, part, encoders["text"]))


def count_inputs(spark: Spark, lake: Path, day: date) -> dict[str, int]:
    """How many distinct inputs the day has `to_embed`, and how many vectors are there to `reuse`.

    It rests on the features and readings that the day has now, and writes nothing.
    """
    encoders, started = load_encoders(), spark()
    requests = embedding_requests(started, lake, Portion(day), encoders)
    cached = known(started, lake, day, encoders.values()).select(*INPUT).distinct()
    inputs = requests.distinct().join(cached.withColumn("known", F.lit(True)), list(INPUT), "left")
    counts = inputs.agg(F.count("known").alias("reuse"), F.count("*").alias("all")).first()
    assert counts is not None
    return {"to_embed": counts["all"] - counts["reuse"], "to_reuse": counts["reuse"]}


def _embedded(
    lacking: DataFrame, part: Portion, encoders: Encoders, media_root: Path, loaded: Loaded
) -> DataFrame:
    """The embeddings of the inputs, computed on as many cores as there are."""
    fields = {f.name: f for f in EMBEDDINGS.schema}
    function = partial(
        embed_batches,
        encoders={e.cache_id: e.model_dump_json() for e in encoders.values()},
        media_root=media_root.resolve(),
        loaded=loaded,
    )
    keyed = lacking.withColumnRenamed("cache_id", "encoder_id")
    return spread(keyed, part, "input_hash").mapInPandas(
        function, T.StructType([fields[name] for name in COLUMNS])
    )


def _write_vectors(
    lake: Path, part: Portion, encoders: Encoders, requests: Requests, cache: DataFrame
) -> None:
    day, (posts, authors, comments) = part.day, requests
    windows, many = windows_id(encoders), _posts(lake, part)
    ids = sorted({*(encoder.encoder_id for encoder in encoders.values()), *windows.values()})
    replace = partial(_replace, lake=lake, where=part.by_post, ids=ids)
    rows, key = post_vectors(posts, latest(cache, posts), day), ["post_id", "revision"]
    replace(rows, POST_VECTORS, of=posts, key=key, at_most=many * len(ids))
    # Most platforms have no descriptions on most days: a commit of nothing costs a second.
    if day in delta.days(AUTHOR_VECTORS, lake) or not authors.isEmpty():
        rows = author_vectors(authors, latest(cache, authors), day)
        of_authors = partial(replace, where=part.by_author, of=authors, key=["author_id"])
        of_authors(rows, AUTHOR_VECTORS, at_most=many)
    if comments is not None:
        ids, key = [encoders["text"].encoder_id], ["post_id", "revision", "comment_id"]
        rows = comment_vectors(comments, latest(cache, comments), day)
        of_comments = partial(replace, ids=ids, of=comments, key=key)
        of_comments(rows, COMMENT_VECTORS, at_most=many * COMMENTS)


def _replace(
    rows: DataFrame,
    table: Table,
    lake: Path,
    *,
    where: delta.Slice,
    ids: list[str],
    of: DataFrame,
    key: list[str],
    at_most: int,
) -> None:
    """Make the slice's vectors these, and leave those of other encoders that `of` still has.

    Encoders that conf named before: an older model still scores by them.
    """
    of_slice = delta.datafusion_where(where)
    of_ids = delta.datafusion_where({"encoder_id": ids})
    others = _count(table, lake, f"{of_slice} AND NOT {of_ids}")
    if others:
        stored = delta.read_slice(of.sparkSession, table, lake, where)
        of_others = stored.where(~F.col("encoder_id").isin(ids))
        rows = rows.unionByName(of_others.join(of, on=key, how="left_semi"))
    writes.replace_slice(rows, table, lake, where=where, at_most=at_most + others)


def _counts(lake: Path, day: date) -> Counts:
    today = f"day = '{day}'"
    return {
        "posts": _posts(lake, Portion(day)),
        "post_vectors": _count(POST_VECTORS, lake, today),
        "not_ok": _count(POST_VECTORS, lake, f"{today} AND status <> 'ok'"),
        "author_vectors": _count(AUTHOR_VECTORS, lake, today),
        "comment_vectors": _count(COMMENT_VECTORS, lake, today),
    }


def _posts(lake: Path, part: Portion) -> int:
    return _count(POST_FEATURES, lake, delta.datafusion_where(part.by_post))


def _count(table: Table, lake: Path, condition: str) -> int:
    """How many rows, without Spark."""
    sql = f"SELECT count(*) AS n FROM {table.name} WHERE {condition}"
    return int(delta.query(lake, sql).column("n")[0].as_py())

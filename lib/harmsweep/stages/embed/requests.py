"""What the day's posts and authors ask to have embedded, and which of it is known already."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import reduce
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep.days import every_day
from harmsweep.encoders.conf import Encoder
from harmsweep.encoders.ocr_conf import ocr_results
from harmsweep.lake.delta import Slice, datafusion_where, query, read_days, read_slice
from harmsweep.lake.portions import Portion
from harmsweep.model.text_windows import END_MARKS
from harmsweep.stages.embed.window_inputs import windows, windows_id
from harmsweep.tables.catalog import AUTHOR_FEATURES, EMBEDDINGS, MEDIA, POST_FEATURES

# A vector is looked for this many days around the day: a backfill finds what later days computed.
WINDOW_DAYS = 30
# The key of `embeddings`: `cache_id` is its encoder_id, the same for all inputs of an encoder.
INPUT = ("input_hash", "cache_id")
Encoders = dict[str, Encoder]
_POST = ("post_id", "revision")


def post_inputs(
    spark: SparkSession, lake: Path, part: Portion, encoders: Encoders, *, reader_id: str
) -> DataFrame:
    """One row per input of a post: its texts, what was read in its images, each image and video.

    A medium that is not ok, or an image that was not read, has a reason in place of its input_hash
    and content. Only inputs that `encoders` names are asked for.
    """
    media = read_slice(spark, MEDIA, lake, part.by_post)
    posts = read_slice(spark, POST_FEATURES, lake, part.by_post)
    contents = None if part.posts is None else _contents(lake, part)
    read_texts = ocr_results(spark, lake, part.day, reader_id, contents=contents)
    rows = [
        texts(posts),
        _hashed(windows(posts)),
        media_texts(media, read_texts),
        _media(media),
    ]
    names = [*encoders, *windows_id(encoders)]
    named = reduce(DataFrame.unionByName, rows).where(F.col("input").isin(names))
    return named.transform(_with_ids, encoders)


def _contents(lake: Path, part: Portion) -> list[str]:
    """The contents of the portion's media."""
    sql = f"""SELECT DISTINCT content_hash FROM {MEDIA.name}
        WHERE {datafusion_where(part.by_post)} AND content_hash IS NOT NULL"""
    found: list[str] = query(lake, sql)["content_hash"].to_pylist()
    return found


def author_inputs(spark: SparkSession, lake: Path, part: Portion, encoders: Encoders) -> DataFrame:
    """One row per author with a description."""
    authors = read_slice(spark, AUTHOR_FEATURES, lake, part.by_author)
    described = authors.where(F.length(F.trim("clean_description")) > 0)
    text = F.col("clean_description")
    rows = described.select(
        F.lit("description").alias("input"),
        "author_id",
        F.sha2(text, 256).alias("input_hash"),
        text.alias("content"),
    )
    return rows.transform(_with_ids, encoders).drop("input")


def texts(posts: DataFrame) -> DataFrame:
    """A post's own words: normal, raw where its disguises were undone, and as a caption."""
    clean, normal = F.col("clean_text"), F.col("normal_text")
    read = F.regexp_replace(normal, END_MARKS, "")
    read = F.when(read == "", normal).otherwise(read)
    forms = {"text": read, "raw_text": F.when(clean != normal, clean), "caption": clean}
    each = F.array(
        *(F.struct(F.lit(n).alias("input"), t.alias("content")) for n, t in forms.items())
    )
    rows = posts.select(*_POST, F.inline(each)).where(F.length(F.trim("content")) > 0)
    return _hashed(rows.withColumns({"position": F.lit(0), "reason": _none()}))


def media_texts(media: DataFrame, read_texts: DataFrame) -> DataFrame:
    """The text read in each post's images, in their order; a row with a reason for each that
    was not read, or in part only.

    The lines of all images of a post are one text: what is said across two pictures is said.
    """
    images = media.where((F.col("kind") == "image") & (F.col("status") == "ok"))
    joined_texts = images.join(read_texts, on="content_hash", how="left")
    read = F.coalesce(F.col("found.status") == "ok", F.lit(False))
    words = read & (F.length(F.trim("found.normal_text")) > 0)
    reason = F.coalesce("found.reason", "found.status", F.lit("the image was not read"))
    line = F.struct(
        "position", F.col("found.normal_text").alias("content"), _none().alias("reason")
    )
    # Of a long text disguises may stand as written: it is read, and has a reason.
    missed = ~read | F.col("found.reason").isNotNull()
    unread = F.struct("position", _none().alias("content"), reason.alias("reason"))
    grouped = joined_texts.groupBy(*_POST).agg(
        F.array_sort(F.collect_list(F.when(words, line))).alias("lines"),
        F.collect_list(F.when(missed, unread)).alias("unread"),
    )
    joined = F.struct(
        F.lit(0).alias("position"),
        F.array_join("lines.content", " ").alias("content"),
        _none().alias("reason"),
    )
    none = F.slice("unread", 1, 0)
    texts_or_reasons = F.when(F.size("lines") > 0, F.array(joined)).otherwise(none)
    rows = grouped.select(*_POST, F.inline(F.concat(texts_or_reasons, "unread")))
    return _hashed(rows.withColumn("input", F.lit("media_text")))


def distinct_inputs(*requests: DataFrame) -> DataFrame:
    """Each input once, however many posts, authors and comments share it."""
    inputs = reduce(DataFrame.unionByName, (rows.select(*INPUT, "content") for rows in requests))
    usable = inputs.where(F.col("input_hash").isNotNull())
    # The same picture may lie under several references: the first by name will do.
    return usable.groupBy(*INPUT).agg(F.min("content").alias("content"))


def known(
    spark: SparkSession,
    lake: Path,
    day: date,
    encoders: Iterable[Encoder],
    *,
    hashes: Sequence[str] | None = None,
) -> DataFrame:
    """The encoders' cached embeddings of the days around the day: of named inputs, or of all."""
    ids = sorted({encoder.cache_id for encoder in encoders})
    if hashes is None:
        stored = read_days(spark, EMBEDDINGS, lake, *_around(day))
    else:
        where: Slice = {"day": every_day(*_around(day)), "input_hash": hashes}
        stored = read_slice(spark, EMBEDDINGS, lake, where)
    cached = stored.where(F.col("encoder_id").isin(ids))
    return cached.withColumnRenamed("encoder_id", "cache_id")


def _around(day: date) -> tuple[date, date]:
    return day - timedelta(days=WINDOW_DAYS), day + timedelta(days=WINDOW_DAYS)


def _media(media: DataFrame) -> DataFrame:
    """Images and videos as their files: the hash of a file is the input's."""
    ok = F.col("status") == "ok"
    return media.select(
        *_POST,
        F.col("kind").alias("input"),
        "position",
        F.when(ok, F.col("content_hash")).alias("input_hash"),
        F.when(ok, F.col("uri")).alias("content"),
        F.when(~ok, F.coalesce("reason", "status")).alias("reason"),
    )


def _hashed(rows: DataFrame) -> DataFrame:
    return rows.withColumn("input_hash", F.sha2("content", 256))


def _with_ids(rows: DataFrame, encoders: Encoders) -> DataFrame:
    """Rows with the ids of their input's encoder, as post_vectors and as the cache key them."""

    def ids(values: dict[str, str]) -> Column:
        return F.create_map(*(F.lit(part) for pair in values.items() for part in pair))

    of_windows = windows_id(encoders)
    cache_ids = {name: encoder.cache_id for name, encoder in encoders.items()}
    columns = {
        "encoder_id": ids({name: e.encoder_id for name, e in encoders.items()} | of_windows),
        "cache_id": ids(cache_ids | dict.fromkeys(of_windows, cache_ids["text"])),
    }
    return rows.withColumns({name: values[F.col("input")] for name, values in columns.items()})


def _none() -> Column:
    return F.lit(None).cast("string")

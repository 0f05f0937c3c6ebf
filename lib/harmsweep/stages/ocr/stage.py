"""The stage ocr: the text in each distinct image of the day that was not read yet."""

from datetime import date, timedelta
from functools import partial
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from harmsweep.encoders.ocr_conf import WINDOW_DAYS, OcrConf, load_ocr_conf, ocr_results
from harmsweep.lake import delta, writes
from harmsweep.lake.flow import OCR
from harmsweep.lake.runs import Counts, Outcome, Spark, run_stage
from harmsweep.stages.ocr.ocr_workers import COLUMNS, Loaded, read_batches
from harmsweep.tables.catalog import MEDIA, MEDIA_TEXTS


def ocr_day(
    spark: Spark, lake: Path, day: date, *, media_root: Path, conf: OcrConf | None = None
) -> Outcome:
    """Read the day's images that no day of the window has read; what is read is added.

    The counts are the day's distinct images, how many were read now, how many of them have text,
    how many could not be read, and how often the models were loaded.
    """
    chosen = conf or load_ocr_conf()
    work = partial(_work, spark, lake, day, media_root, chosen)
    return run_stage(OCR, lake, day, work, inputs=chosen.reader_id)


def _work(spark: Spark, lake: Path, day: date, media_root: Path, conf: OcrConf) -> Counts:
    images = _images(lake, day)
    if not images:
        return {"images": 0, "read": 0}
    if not _lacking(lake, day, conf.reader_id):
        return {"images": images, "read": 0, **_of_day(lake, day, conf.reader_id)}
    started = spark()
    known = ocr_results(started, lake, day, conf.reader_id).select("content_hash")
    lacking = distinct_images(delta.read_days(started, MEDIA, lake, day)).join(
        known, on="content_hash", how="left_anti"
    )
    loads = started.sparkContext.accumulator(0)
    fresh = read_images(lacking, conf, media_root, loads.add)
    dated = fresh.withColumn("day", F.lit(day))
    read = writes.append_missing(dated, MEDIA_TEXTS, lake, where={"day": day})
    counts = {"images": images, "read": read, **_of_day(lake, day, conf.reader_id)}
    return counts | {"model_loads": int(loads.value)}


def distinct_images(media: DataFrame) -> DataFrame:
    """Each picture once, under the first by name of its references."""
    ok = media.where((F.col("kind") == "image") & (F.col("status") == "ok"))
    return ok.groupBy("content_hash").agg(F.min("uri").alias("uri"))


def read_images(images: DataFrame, conf: OcrConf, media_root: Path, loaded: Loaded) -> DataFrame:
    """The readings of pictures, on as many cores as there are."""
    function = partial(
        read_batches,
        conf=conf.model_dump_json(),
        media_root=media_root.resolve(),
        loaded=loaded,
    )
    # Named by number, so that adaptive execution does not merge a small day into one task.
    cores = images.sparkSession.sparkContext.defaultParallelism
    fields = {f.name: f for f in MEDIA_TEXTS.schema}
    schema = T.StructType([fields[name] for name in COLUMNS])
    return images.repartition(cores, "content_hash").mapInPandas(function, schema)


def _images(lake: Path, day: date) -> int:
    """How many distinct images the day has, without Spark: many a day has none."""
    sql = (
        f"SELECT count(DISTINCT content_hash) AS n FROM {MEDIA.name}"
        f" WHERE day = '{day}' AND kind = 'image' AND status = 'ok'"
    )
    return int(delta.query(lake, sql).column("n")[0].as_py())


def _lacking(lake: Path, day: date, reader_id: str) -> bool:
    """Whether an image of the day was not read on any day of the window, without Spark."""
    around = timedelta(days=WINDOW_DAYS)
    sql = f"""SELECT 1 FROM (SELECT content_hash FROM {MEDIA.name}
            WHERE day = '{day}' AND kind = 'image' AND status = 'ok') m
        LEFT ANTI JOIN (SELECT content_hash FROM {MEDIA_TEXTS.name}
            WHERE day BETWEEN '{day - around}' AND '{day + around}'
            AND reader_id = '{reader_id}') t
        ON m.content_hash = t.content_hash LIMIT 1"""
    return bool(delta.query(lake, sql).num_rows)


def _of_day(lake: Path, day: date, reader_id: str) -> Counts:
    where: delta.Slice = {"day": day, "reader_id": reader_id}
    sql = (
        "SELECT count(CASE WHEN text <> '' THEN 1 END) AS with_text,"
        " count(CASE WHEN status <> 'ok' THEN 1 END) AS undecodable"
        f" FROM {MEDIA_TEXTS.name} WHERE {delta.datafusion_where(where)}"
    )
    return {n: int(v) for n, v in delta.query(lake, sql).to_pylist()[0].items()}

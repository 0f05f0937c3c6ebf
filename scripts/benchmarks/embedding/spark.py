"""Our stage, and Spark's predict_batch_udf as documented and with our function."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from pyspark import SparkConf, SparkContext
from pyspark.ml.functions import predict_batch_udf
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from embedding.job import Collected, Engine, Job, embed, folder, share
from harmsweep.encoders.conf import load_encoders
from harmsweep.lake import writes
from harmsweep.lake.session import properties, session
from harmsweep.paths import CONF
from harmsweep.stages.embed.stage import _embedded
from harmsweep.tables.catalog import EMBEDDINGS

DAY = date(2026, 10, 1)
# As Spark's documentation of the function has it, and its users' notebooks for sentence encoders.
DOCUMENTED_BATCH = 100


def ours(job: Job) -> Engine:
    """The stage's own iterator in mapInPandas, and its append to the embeddings table of a lake."""
    spark = _session(job.cores)
    encoder = load_encoders()["text"]

    def fresh() -> DataFrame:
        texts = spark.read.parquet(str(job.texts))
        lacking = texts.select(
            "input_hash",
            F.lit(encoder.cache_id).alias("cache_id"),
            F.col("text").alias("content"),
        )
        loads = spark.sparkContext.accumulator(0)
        return _embedded(lacking, {"text": encoder}, job.scratch, loads.add)

    def write(lake: Path) -> None:
        rows = fresh().withColumn("day", F.lit(DAY))
        writes.append_missing(rows, EMBEDDINGS, lake, where={"day": DAY})

    return Engine(write, lambda: _collected(fresh()), spark.stop)


def predict_documented(job: Job) -> Engine:
    """predict_batch_udf with sentence-transformers inside."""
    return _predict(job, _sentence_transformer, DOCUMENTED_BATCH)


def predict_ours(job: Job) -> Engine:
    """predict_batch_udf with our function inside, a core's share at once."""
    return _predict(job, _our_function, share(job))


def _sentence_transformer() -> Callable[[Any], Any]:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(folder(), device="cpu")

    def predict(texts: Any) -> Any:
        return model.encode(texts.tolist())

    return predict


def _our_function() -> Callable[[Any], Any]:
    def predict(texts: Any) -> Any:
        return np.asarray(embed(texts.tolist()))

    return predict


def _predict(job: Job, make: Callable[[], Any], batch_size: int) -> Engine:
    spark = _session(job.cores)
    # Arrow hands out 10,000 rows at a time by default, which a core's share may exceed by little.
    function = predict_batch_udf(
        make, return_type=T.ArrayType(T.FloatType()), batch_size=batch_size
    )

    def fresh() -> DataFrame:
        texts = spark.read.parquet(str(job.texts))
        return texts.select("input_hash", function("text").alias("vector"))

    def write(path: Path) -> None:
        fresh().write.format("delta").save(str(path))

    return Engine(write, lambda: _collected(fresh()), spark.stop)


def _collected(rows: DataFrame) -> Collected:
    return Collected(rows.select("input_hash", "vector").toArrow())


def _session(cores: int) -> SparkSession:
    """The project's session, on the benchmark's cores instead of those of conf."""
    settings = properties(CONF / "spark" / "local.conf")
    settings |= properties(CONF / "spark" / "delta.conf") | {
        "spark.master": f"local[{cores},4]",
        "spark.default.parallelism": str(cores),
        "spark.sql.shuffle.partitions": str(cores),
    }
    # As spark-submit would: the settings are in the JVM before the session asks for them.
    conf = SparkConf()
    for name, value in settings.items():
        conf.set(name, value)
    SparkContext._ensure_initialized(conf=conf)
    return session("benchmark")

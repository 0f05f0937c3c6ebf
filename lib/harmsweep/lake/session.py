"""The one way to start Spark."""

import os
import sys
from functools import cache
from pathlib import Path

from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from harmsweep.logs import RUN_ID, run_id
from harmsweep.paths import CONF, ROOT

# Read by spark-submit, and by pyspark when it starts a JVM: quiet logs, and the classes that
# scripts/archive_classes archived (an absent or outdated archive is ignored, without a word).
JAVA_OPTIONS = (
    f"-Dlog4j2.configurationFile=file:{CONF}/spark/log4j2.properties"
    f" -XX:SharedArchiveFile={ROOT}/.cache/java-classes.jsa -Xlog:disable"
)


def properties(path: Path) -> dict[str, str]:
    """The settings of a Spark properties file, as `spark-submit --properties-file` reads them."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.split(None, 1) for line in lines if line and not line.startswith("#"))
    return {line[0]: line[1] for line in pairs}


@cache
def session(app: str) -> SparkSession:
    """A Spark session with Delta, once a process.

    What spark-submit or the cluster sets wins; where no master is set, Spark runs in this process
    with the settings of conf/spark/local.conf.
    """
    # Workers run this environment's Python, one thread each: set before the JVM forks them.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    if "SPARK_CONF_DIR" not in os.environ:  # an installation's own settings win
        os.environ.setdefault("SPARK_SUBMIT_OPTS", JAVA_OPTIONS)
    # Settings of spark-submit, or of a line such as its own, are known to the JVM alone.
    if {"PYSPARK_GATEWAY_PORT", "PYSPARK_SUBMIT_ARGS"} & os.environ.keys():
        SparkContext._ensure_initialized()
    conf = SparkConf()
    defaults = properties(CONF / "spark" / "delta.conf")
    if not conf.contains("spark.master") or (conf.get("spark.master") or "").startswith("local"):
        defaults = properties(CONF / "spark" / "local.conf") | defaults
    # Executors log too, and inherit nothing of this process.
    conf.setIfMissing(f"spark.executorEnv.{RUN_ID}", run_id())
    for name, value in defaults.items():
        conf.setIfMissing(name, value)
    spark = SparkSession.builder.config(conf=conf).appName(f"harmsweep {app}").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark

"""Which days of the landing zone hold rows that no run has taken yet."""

from collections import Counter
from datetime import date
from functools import reduce
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from harmsweep.lake import delta
from harmsweep.lake.flow import INGEST
from harmsweep.lake.runs import Spark, is_done
from harmsweep.stages.ingest.landed_rows import landed_rows
from harmsweep.stages.ingest.landing_files import fingerprint


def lacking_days(spark: Spark, lake: Path, before: date, *, landing: Path) -> list[date]:
    """The days before `before`, in order, of which the landing zone holds more than was ingested.

    They were skipped, as in an outage, or rows of theirs landed late. Of a landing zone whose files
    are as they were when `before` was ingested, there are none.
    """
    if is_done(INGEST, lake, before, versions={}, inputs=fingerprint(landing)):
        return []
    frames = [
        rows.select(F.lit(name).alias("source"), F.col("on").alias("day"))
        for name, rows in landed_rows(spark(), landing, lake, before).items()
    ]
    every = reduce(DataFrame.unionAll, frames).where(F.col("day") < F.lit(before))
    counts = every.groupBy("source", "day").count().collect()
    landed = {(row["source"], row["day"]): row["count"] for row in counts}
    known: Counter[tuple[str, date]] = Counter()
    for row in delta.query(lake, "SELECT source, day, landed FROM ingests_v1").to_pylist():
        known[row["source"], row["day"]] += row["landed"]
    return sorted({day for (source, day), count in landed.items() if count > known[source, day]})

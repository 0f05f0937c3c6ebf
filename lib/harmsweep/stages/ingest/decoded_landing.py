"""The landing zone's rows: decoded once a process, and refused as a whole where they drifted."""

import re
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from harmsweep.errors import DataRefused
from harmsweep.stages.ingest.contract import SOURCES, Source
from harmsweep.stages.ingest.decode import decode_lines, decode_records
from harmsweep.stages.ingest.landing_files import files_of, fingerprint

# A column whose values are of another type in more than this share of the rows is drift, and the
# landing zone is refused; where fewer are (or one or two of a short file), those rows are.
DRIFT_SHARE = 0.01
DRIFT_ROWS = 3
# Times come from clients: some wrong ones are their rows' fault, most are a change of the format.
TIME_DRIFT_SHARE = 0.5

# Frames that hold for a landing zone as a whole, each with what it was made of: a landing zone of
# many days is decoded once, not once a day.
_cached: dict[str, tuple[str, DataFrame]] = {}
_days_of_files: dict[str, dict[str, date]] = {}
_DATE = re.compile(r"(?<!\d)(20\d\d)-?(\d\d)-?(\d\d)(?!\d)")


def decoded_sources(spark: SparkSession, landing: Path) -> dict[str, DataFrame]:
    """The decoded rows of each source that the landing zone has; the frames are cached.

    Raises:
        DataRefused: a source has a column that is not known, has none of an expected column, or has
            a column of another type; the message names source, column, expected and found type.
    """
    frames = {}
    for name, source in SOURCES.items():
        files = files_of(landing, name)
        if files:
            made_of = fingerprint(landing, (name,))
            frames[name] = cached(spark, name, made_of, partial(_checked, spark, files, source))
    return frames


def cached(
    spark: SparkSession, name: str, made_of: str, build: Callable[[], DataFrame]
) -> DataFrame:
    """The frame that `build` gives, kept until it is made of something else."""
    key = f"{spark.sparkContext.applicationId} {made_of}"
    known = _cached.get(name)
    if known and known[0] == key:
        return known[1]
    if known:
        del _cached[name]
        known[1].unpersist()
    frame = build().persist()
    _cached[name] = (key, frame)
    return frame


def landed_on(spark: SparkSession, landing: Path, name: str, *, otherwise: date) -> Column:
    """The day with which a row of a source counts: its own, else its file's, else `otherwise`.

    A file's day is that of most of its rows that have one, the later of two, else the one in its
    name.
    """
    key = fingerprint(landing, (name,))
    if key not in _days_of_files:
        _days_of_files[key] = _file_days(decoded_sources(spark, landing)[name])
    days = [F.lit(part) for pair in _days_of_files[key].items() for part in pair]
    of_file = F.create_map(*days)[_file_of_line()] if days else F.lit(None).cast("date")
    return F.coalesce("landed_day", of_file, F.lit(otherwise))


def _file_of_line() -> Column:
    return F.substring_index("line_id", "@", 1)


def _day_of(file: str) -> date | None:
    """The day in a file's name, such as posts-2026-10-01.jsonl or 20261001.parquet."""
    match = _DATE.search(file)
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:  # the 31st of February
        return None


def _file_days(rows: DataFrame) -> dict[str, date]:
    """The day of each file that has rows without one."""
    files = rows.select(_file_of_line().alias("file"), "landed_day")
    undated = files.where("landed_day IS NULL").select("file").distinct()
    counts = files.join(undated, on="file", how="left_semi").groupBy("file", "landed_day").count()
    found = counts.collect()
    days = {file: named for file in {row["file"] for row in found} if (named := _day_of(file))}
    dated = [row for row in found if row["landed_day"]]
    ordered = sorted(dated, key=lambda row: (row["count"], row["landed_day"]))
    return days | {row["file"]: row["landed_day"] for row in ordered}


def _checked(spark: SparkSession, files: list[Path], source: Source) -> DataFrame:
    frame = _decode(spark, files, source).persist()
    try:
        _refuse_drift(frame, source)
    except DataRefused:
        frame.unpersist()
        raise
    return frame


def _decode(spark: SparkSession, files: list[Path], source: Source) -> DataFrame:
    lines = [str(path) for path in files if not path.name.endswith(".parquet")]
    parquet = [str(path) for path in files if path.name.endswith(".parquet")]
    frames = []
    if lines:
        text = spark.read.option("lineSep", "\n").text(lines)
        raw = text.select(F.col("value").cast("binary").alias("value"), _file().alias("file"))
        frames.append(raw.mapInArrow(partial(decode_lines, source=source), source.schema()))
    for path in parquet:
        raw = spark.read.parquet(path).withColumn("_file", _file())
        frames.append(raw.mapInArrow(partial(decode_records, source=source), source.schema()))
    decoded = frames[0]
    for frame in frames[1:]:
        decoded = decoded.unionByName(frame)
    return decoded


def _file() -> Column:
    return F.substring_index(F.input_file_name(), "/", -1)


def _refuse_drift(frame: DataFrame, source: Source) -> None:
    facts = F.explode(F.concat(F.array(F.lit("rows")), "facts")).alias("fact")
    found = frame.select(facts).groupBy("fact").agg(F.count("*").alias("rows")).collect()
    counts = {row["fact"]: row["rows"] for row in found}
    problems = drift(counts, source)
    if problems:
        raise DataRefused(f"{source.name}: " + "; ".join(problems))


def drift(counts: dict[str, int], source: Source) -> list[str]:
    """What drifted, from how many rows have each fact (and `rows`, all of them)."""
    rows = counts.get("rows", 0)
    unknown = sorted(fact.partition(":")[2] for fact in counts if fact.startswith("unknown:"))
    problems = [f"column {name}: not in the contract" for name in unknown]
    # A line that is no JSON says nothing of its columns.
    whole = rows - counts.get("json", 0)
    absent = [name for name in source.expected if whole and counts.get(f"absent:{name}") == whole]
    problems += [f"column {name}: expected, found in no row" for name in absent]
    kinds_of: dict[str, dict[str, int]] = defaultdict(dict)
    for fact, count in counts.items():
        kind, name, what = [*fact.split(":"), "", ""][:3]
        if kind in ("type", "time"):
            kinds_of[name][what or "text that is none"] = count
    for name, kinds in sorted(kinds_of.items()):
        wrong = sum(kinds.values())
        is_time = source.columns[name] in ("time", "day")
        share = TIME_DRIFT_SHARE if is_time else DRIFT_SHARE
        if wrong > share * whole and (wrong >= DRIFT_ROWS or wrong == whole):
            expected, seen = source.columns[name], " and ".join(sorted(kinds))
            where = f"in {wrong} of {whole} rows"
            problems.append(f"column {name}: expected {expected}, found {seen} {where}")
    return problems

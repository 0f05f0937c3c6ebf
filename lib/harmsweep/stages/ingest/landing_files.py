"""The landing zone's files: which there are, whether they changed, and the days that they hold."""

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds

from harmsweep.errors import DataRefused
from harmsweep.stages.ingest.contract import POSTS, SOURCES
from harmsweep.stages.ingest.decode import time_of

SUFFIXES = (".jsonl", ".jsonl.gz", ".parquet")


def files_of(landing: Path, source: str) -> list[Path]:
    """The files of a source, in order: `<source>.jsonl` and the like, or those in `<source>/`."""
    named = [landing / f"{source}{suffix}" for suffix in SUFFIXES]
    folders = [landing / source, *(path for path in named if path.is_dir())]
    inside = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
    # Hidden files are what a writer has not finished, as Spark and Hadoop name them.
    found = [path for path in (*named, *inside) if not path.name.startswith((".", "_"))]
    known = [path for path in found if path.is_file() and path.name.endswith(SUFFIXES)]
    return sorted(path.resolve() for path in known)


def fingerprint(landing: Path, sources: tuple[str, ...] = tuple(SOURCES)) -> str:
    """A hash of the files' paths, sizes and times of change."""
    digest = hashlib.sha256()
    for source in sources:
        for path in files_of(landing, source):
            stat = path.stat()
            digest.update(f"{source} {path} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def landing_days(landing: Path) -> list[date]:
    """The UTC days on which the landing zone's posts were recorded, in order; without Spark.

    Raises:
        DataRefused: there are no posts, or none whose time can be read.
    """
    counts = landing_counts(landing)
    if not counts:
        raise DataRefused(f"{landing}: no post with a time that can be read in posts")
    return sorted(counts)


def landing_counts(landing: Path) -> Counter[date]:
    """How many rows of posts were recorded on each UTC day; without Spark.

    Raises:
        DataRefused: there are no posts.
    """
    return _landing_counts(landing, fingerprint(landing, ("posts",)))


@cache
def _landing_counts(landing: Path, _fingerprint: str) -> Counter[date]:
    files = files_of(landing, "posts")
    if not files:
        raise DataRefused(f"{landing}: no posts (posts.jsonl, posts.parquet or a folder posts)")
    return Counter(day for path in files for day in _days(path))


def _days(path: Path) -> Iterator[date]:
    for record in _records(path):
        times = (time_of(record.get(name)) for name in POSTS.times)
        time = next((time for time in times if time), None)
        if time:
            yield time.date()


def _records(path: Path) -> Iterator[dict[str, Any]]:
    if path.name.endswith(".parquet"):
        data = ds.dataset(path, format="parquet")
        names = [name for name in POSTS.times if name in data.schema.names]
        for batch in data.to_batches(columns=names):
            yield from batch.to_pylist()
        return
    with gzip.open(path) if path.name.endswith(".gz") else path.open("rb") as lines:
        for line in lines:
            try:
                # A file may begin with a byte order mark, which Spark leaves out.
                record = json.loads(line.decode("utf-8-sig", "replace"))
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict):
                yield record

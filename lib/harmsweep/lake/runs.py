"""Run a stage for a day once: skip it where nothing that it reads, writes or is made of changed.

The unit is the slice of files that a stage reads and writes, known from the Delta log alone, so
that an unchanged day costs milliseconds and no Spark. Where a stage can make some of a day's posts,
a change makes those that it reaches alone (portions.py). What a run rests on is recorded as it was
before its work, so that nothing counts as read that came meanwhile. The record is written after the
stage's own commits: a run that is killed in between is simply run again.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from harmsweep.digests import as_json
from harmsweep.lake import delta, table_log, writes
from harmsweep.lake.compaction import compact
from harmsweep.lake.portions import Input, Portion, changed_portion
from harmsweep.logs import log
from harmsweep.paths import ROOT
from harmsweep.tables.catalog import RUNS
from harmsweep.tables.spec import Table

# Stages take the session as a function, so that a skipped one starts no Spark.
Spark = Callable[[], SparkSession]
Counts = Mapping[str, int]
# What whoever asked for a dry run is told at its end.
DRY_RUN = "a dry run: nothing was written"


@dataclass(frozen=True)
class Stage:
    """What a stage reads and writes for one day."""

    name: str
    reads: tuple[Input, ...]
    writes: tuple[Table, ...]
    # Whether it has work on a day of which no table that it reads or writes holds anything.
    always: bool = False
    # What it touches besides, of whatever days: a change there makes no day run again.
    also_reads: tuple[Table, ...] = ()
    also_writes: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How a stage's day went: `items` is what the stage handles, mostly posts."""

    stage: str
    day: date
    items: int
    seconds: float
    skipped: bool = False
    counts: Counts = field(default_factory=dict)
    dry_run: bool = False

    def line(self) -> str:
        """The one-line summary that a log or Airflow shows."""
        if self.skipped:
            return f"{self.stage} {self.day}: unchanged"
        counts = ", ".join(f"{name} {n}" for name, n in self.counts.items())
        written = f"; {DRY_RUN}" if self.dry_run else ""
        return f"{self.stage} {self.day}: {counts} in {self.seconds:.1f} s{written}"


@cache
def code_digest() -> str:
    """A hash of the package's own sources and conf: another code is another run."""
    digest = hashlib.sha256()
    lib, conf = ROOT / "lib" / "harmsweep", ROOT / "conf"
    sources = [*lib.rglob("*.py"), *conf.glob("*.yaml")]
    for path in sorted(sources):
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def run_stage(
    step: Stage,
    lake: Path,
    day: date,
    work: Callable[[], Counts],
    *,
    versions: Mapping[str, str] | None = None,
    inputs: str = "",
    some: Callable[[Portion], Counts] | None = None,
) -> Outcome:
    """Do `work` for the day unless it was done with the same inputs, outputs and code.

    `versions` holds what makes the run one of its own (model_version, policy_version): of a table
    partitioned by them only those slices count. `inputs` is a digest of what the stage reads
    outside the lake. `some` does the work for those posts alone that changes since the last run
    reach. The first of the counts that `work` gives is the items handled. Where the day itself
    holds nothing, neither to read nor written before, there is no work, and no Spark.
    """
    versions = versions or {}
    started, logger = time.monotonic(), log(step.name, day=str(day))
    since = {source.table.name: delta.version(source.table, lake) for source in step.reads}
    read, others = _read_digests(step, lake, day, versions), _others_commits(step, lake)
    last, outputs = _last_run(step, lake, day, versions), _outputs(step, lake, day, versions)
    if last and last["digest"] == _digest(versions, [inputs, *read], outputs):
        seconds = time.monotonic() - started
        logger.info("unchanged", seconds=round(seconds, 2), items=last["posts"])
        return Outcome(step.name, day, last["posts"], seconds, skipped=True)
    with _telling_failures(logger, started):
        # All but the tables that it reads is the same: then their changes say what there is to do.
        if some and last and last["basis"] == _digest(versions, [inputs], outputs):
            work = _work_on_changes(step, lake, day, versions, last, work=work, some=some)
        counts = _counts(step, lake, day, work, versions)
    items, seconds = next(iter(counts.values()), 0), time.monotonic() - started
    outcome = Outcome(step.name, day, items, seconds, counts=counts)
    made_of = _made_of(step, lake, day, versions, inputs=inputs, read=read, others=others)
    _record(outcome, step, lake, versions, made_of, inputs=inputs, since=since)
    logger.info("done", seconds=round(outcome.seconds, 2), items=outcome.items, counts=counts)
    return outcome


@contextmanager
def _telling_failures(logger: Any, started: float) -> Iterator[None]:
    """Log that the work failed; what is wrong the job says itself, in its one line."""
    try:
        yield
    except Exception as error:
        seconds = time.monotonic() - started
        logger.error("failed", seconds=round(seconds, 2), error=type(error).__name__)
        raise


def _work_on_changes(
    step: Stage,
    lake: Path,
    day: date,
    versions: Mapping[str, str],
    last: Mapping[str, Any],
    *,
    work: Callable[[], Counts],
    some: Callable[[Portion], Counts],
) -> Callable[[], Counts]:
    """The work on what changes since the last run reach: none, `some` of the posts, or all."""
    since = json.loads(last["read_versions"])
    part = changed_portion(lake, day, step.reads, since=since, versions=versions)
    if part is None:
        return work
    return partial(json.loads, last["counts"]) if part.is_empty else partial(some, part)


def _counts(
    step: Stage,
    lake: Path,
    day: date,
    work: Callable[[], Counts],
    versions: Mapping[str, str],
) -> Counts:
    """What the work came to, where there is some; its small files are put together."""
    counts = {"posts": 0} if _is_empty(step, lake, day) else dict(work())
    for table in step.writes:
        compact(table, lake, day, versions)
    return counts


def _others_commits(step: Stage, lake: Path) -> list[int]:
    """Of each table that the stage reads, then of each that it writes."""
    tables = [*(source.table for source in step.reads), *step.writes]
    return [writes.others_commits(table, lake) for table in tables]


def _is_empty(step: Stage, lake: Path, day: date) -> bool:
    """Whether the stage has no work: no table that it reads or writes has a file of the day."""
    tables = [*(source.table for source in step.reads), *step.writes]
    daily = [table for table in tables if "day" in table.partition_by]
    return not step.always and not any(day in delta.days(table, lake) for table in daily)


def is_done(
    step: Stage, lake: Path, day: date, *, versions: Mapping[str, str], inputs: str = ""
) -> bool:
    """Whether the stage ran for the day and nothing that it reads or is made of changed since."""
    made_of = [inputs, *_read_digests(step, lake, day, versions)]
    last = _last_run(step, lake, day, versions)
    outputs = _outputs(step, lake, day, versions)
    return last is not None and last["digest"] == _digest(versions, made_of, outputs)


def days_run(
    step: Stage, lake: Path, first: date, before: date, *, versions: Mapping[str, str] | None = None
) -> list[date]:
    """The days from `first` up to `before`, in order, that the stage ran for.

    Of `versions`, where they are given, else of any.
    """
    own = f"AND {delta.datafusion_where({'variant': _variant(versions)})}" if versions else ""
    sql = f"""SELECT DISTINCT day FROM runs_v1 WHERE stage = '{step.name}' {own}
        AND day >= '{first}' AND day < '{before}' ORDER BY day"""
    return list(delta.query(lake, sql).column("day").to_pylist())


def _last_run(
    step: Stage, lake: Path, day: date, versions: Mapping[str, str]
) -> dict[str, Any] | None:
    """What was noted of the stage's last run of the day."""
    return {r["variant"]: r for r in _runs(lake, day, step.name)}.get(_variant(versions))


def _variant(versions: Mapping[str, str]) -> str:
    return "/".join(versions.values())


def _read_digests(step: Stage, lake: Path, day: date, versions: Mapping[str, str]) -> list[str]:
    """A digest of what the stage reads of each table."""
    found = []
    for source in step.reads:
        where: delta.Slice = {"day": source.days(day), **versions}
        found.append(table_log.slice_digest(source.table, lake, where))
    return found


def _made_of(
    step: Stage,
    lake: Path,
    day: date,
    versions: Mapping[str, str],
    *,
    inputs: str,
    read: Sequence[str],
    others: Sequence[int],
) -> list[str]:
    """What a run that ends rests on, from what its start saw; none where that is not known.

    What changed of a table that it reads is its own doing, where no other writer committed there.
    What another writer put beside its output was read by nobody: no later run is the same.
    """
    now = _read_digests(step, lake, day, versions)
    changed = [a != b for a, b in zip(others, _others_commits(step, lake), strict=True)]
    if any(changed[len(read) :]):
        return []
    own = zip(read, now, changed[: len(read)], strict=True)
    return [inputs, *(old if other else new for old, new, other in own)]


def _outputs(step: Stage, lake: Path, day: date, versions: Mapping[str, str]) -> list[str]:
    """A digest of what the stage wrote of each table."""
    where: delta.Slice = {"day": day, **versions}
    return [table_log.slice_digest(table, lake, where) for table in step.writes]


def _digest(versions: Mapping[str, str], made_of: Sequence[str], outputs: Sequence[str]) -> str:
    parts = [code_digest(), as_json(versions), *made_of, *outputs]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _runs(lake: Path, day: date, stage: str) -> list[dict[str, Any]]:
    runs = delta.rows(RUNS, lake, day=day)
    return [row for row in runs.to_pylist() if row["stage"] == stage]


def _record(
    outcome: Outcome,
    step: Stage,
    lake: Path,
    versions: Mapping[str, str],
    made_of: Sequence[str],
    *,
    inputs: str,
    since: Mapping[str, int],
) -> None:
    outputs, variant = _outputs(step, lake, outcome.day, versions), _variant(versions)
    row = {
        "day": outcome.day,
        "stage": outcome.stage,
        "variant": variant,
        "digest": _digest(versions, made_of, outputs) if made_of else "",
        "basis": _digest(versions, [inputs], outputs) if made_of else "",
        "read_versions": as_json(since),
        "posts": outcome.items,
        "counts": as_json(outcome.counts),
        "seconds": outcome.seconds,
        "finished_at": datetime.now(UTC),
        "code_version": code_digest()[:12],
    }
    where: delta.Slice = {"day": outcome.day, "stage": outcome.stage, "variant": variant}
    writes.write_rows([row], RUNS, lake, where=where)
    compact(RUNS, lake, outcome.day, {})

"""Commands in processes of their own, killed with SIGKILL at each point that they pass."""

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from harmsweep.enforcement.state.decisions import DECIDE, version_pair
from harmsweep.lake import delta, failpoints, writes
from harmsweep.lake.runs import run_stage
from harmsweep.operations.switch import SWITCH
from harmsweep.policy.file import load_policy
from harmsweep.tables.catalog import (
    ACTIONS,
    DECISIONS,
    EVIDENCE,
    OPERATIONS,
    PLANS,
    POST_FEATURES,
    POST_VISIBILITY,
    POSTS,
    SCORES,
)
from harmsweep.tables.spec import Table

SECONDS = 300
# At so many of the points that a command passes it is killed; None: at every one.
AT_MOST: int | None = None
DAY = date(2026, 10, 1)
Command = Callable[..., object]  # takes the lake's folder as `lake`

# Children are forked from a server that has imported everything and used nothing: deltalake's
# runtime refuses to work in a fork of a process that used it, and a start of Python takes seconds.
# What code imports where it needs it (pandas, by pyarrow) would take each child a second.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        "harmsweep.cli.main",
        "harmsweep.enforcement.circuit_breaker.approvals",
        "harmsweep.enforcement.webhook",
        "harmsweep.enforcement.plans.apply",
        "harmsweep.enforcement.plans.make",
        "harmsweep.maintenance.tables",
        "harmsweep.reports.plan",
        "harmsweep.review.appeals",
        "harmsweep.review.orders",
        "harmsweep.stages.enforce",
        "harmsweep.stages.measure.stage",
        "harmsweep.text.cleaning",
        "harmsweep.text.words",
        "pandas",
        "pyarrow.pandas_compat",
        "pytest",
        "scipy.stats",
    ]
)


def start(command: Command, lake: Path, *, point: str = "none") -> tuple[BaseProcess, Connection]:
    """Start a command in a process that is killed at a point such as actions_v1:after-commit#2."""
    mine, its = _FORKS.Pipe(duplex=False)
    process = _FORKS.Process(target=_run, args=(command, lake, point, its), daemon=True)
    process.start()
    its.close()
    return process, mine


def _run(command: Command, lake: Path, point: str, said: Connection) -> None:
    os.environ["HARMSWEEP_FAILPOINT"] = point
    command(lake=lake)
    said.send(dict(failpoints.passed))


def run(command: Command, lake: Path) -> list[str]:
    """Run a command to its end; give every point that it passed, with the number of the passage."""
    process, said = start(command, lake)
    process.join(SECONDS)
    assert process.exitcode == 0, command
    passed: dict[str, int] = said.recv()
    return [f"{name}#{n}" for name, times in passed.items() for n in range(1, times + 1)]


def kill(command: Command, lake: Path, point: str) -> None:
    """Run a command until the kernel kills it at a point."""
    process, _ = start(command, lake, point=point)
    process.join(SECONDS)
    assert process.exitcode == -signal.SIGKILL, point


def kills(
    lake: Any,
    command: Command,
    folder: Path,
    *,
    passing: Iterable[str] = (),
    outside: Callable[[], object] = tuple,
) -> Iterator[tuple[str, Any, Any]]:
    """Kill a command at each point; give the point, the lake as it was left, and a clean one.

    The points are those of a whole run, so that none is forgotten when a commit is added; `passing`
    must be among them. What a kill left as one before had (the point before a commit and that after
    the last one) is given once: a repeat has no more to go by. `outside` is what it left elsewhere.
    """
    clean = lake.copy(folder / "clean")
    points, seen = run(command, clean.root), list[object]()
    assert {*passing} <= {*points}
    for n, point in enumerate(_chosen(points, {*passing})):
        killed = lake.copy(folder / str(n))
        kill(command, killed.root, point)
        left = _written(killed.root), outside()
        if left not in seen:
            seen.append(left)
            yield point, killed, clean
        shutil.rmtree(killed.root)
    assert len(seen) > 1


def _chosen(points: list[str], passing: set[str]) -> list[str]:
    """AT_MOST of the points, spread over the whole run, and those that must be among them."""
    if AT_MOST is None or len(points) <= AT_MOST:
        return points
    places = {round(n * (len(points) - 1) / (AT_MOST - 1)) for n in range(AT_MOST)}
    return [point for n, point in enumerate(points) if n in places or point in passing]


def _written(lake: Path) -> set[Path]:
    """The commits of a lake, and its switch."""
    found = (*lake.glob("*/_delta_log/*.json"), *lake.glob(SWITCH))
    return {path.relative_to(lake) for path in found}


def facts(lake: Any) -> dict[str, list[tuple[Any, ...]]]:
    """What a lake holds of effects, row by row: all but when, by whom and in which sweep."""
    shown = ("subject_id", "lane", "jurisdiction", "action", "effect_key")
    return {
        "ledger": _rows(lake, ACTIONS, "entry", "effect_key"),
        "shown": _rows(lake, POST_VISIBILITY, *shown),
        "evidence": _rows(lake, EVIDENCE, "post_id", "digest"),
        "plans": _rows(lake, PLANS, "plan_id", "effect_key", "entry"),
    }


def acts(lake: Any) -> list[tuple[Any, ...]]:
    """The audit: every act with its object."""
    return _rows(lake, OPERATIONS, "act", "object")


def _rows(lake: Any, table: Table, *names: str) -> list[tuple[Any, ...]]:
    found = delta.rows(table, lake.root).to_pylist()
    return sorted((tuple(row[name] for name in names) for row in found), key=repr)


def spread(lake: Any, days: int) -> list[date]:
    """Have the same posts, under other names, on the days that follow; give all days."""
    tables = (POSTS, SCORES, DECISIONS, POST_FEATURES)
    found = [(table, delta.rows(table, lake.root).to_pylist()) for table in tables]
    versions = version_pair("m-1", load_policy(lake.policy()).policy_version)
    others = [DAY + timedelta(days=n) for n in range(1, days)]
    for day in others:
        for table, rows in found:
            made = [row | {"day": day, "post_id": f"{row['post_id']}-{day:%d}"} for row in rows]
            writes.write_rows(made, table, lake.root)
        run_stage(DECIDE, lake.root, day, lambda: {"posts": len(found[0][1])}, versions=versions)
    return [DAY, *others]

"""What each stage of a small day costs in a session that is warm: seconds, CPU seconds, Spark jobs.

    .venv/bin/python scripts/benchmarks/stages.py --posts 100

Takes some days of the sample, so many posts of each, from ingest to metrics with the model that
ships. Of each stage the first day warms it up; printed is the mean of the others, as a table and as
one line of JSON. CPU seconds are those of this process, of Java and of the workers.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

from harmsweep.lake.delta import open_lake
from harmsweep.lake.runs import Outcome
from harmsweep.lake.session import session
from harmsweep.model.reference import load_model_ref
from harmsweep.paths import DEFAULT_MODEL, ROOT
from harmsweep.pipeline.all_days import run_pipeline
from harmsweep.policy.demonstration import mark_demonstration

SAMPLE = ROOT / "tests" / "sample"
TICKS = os.sysconf("SC_CLK_TCK")
Row = dict[str, Any]


def main(*, posts: int, days: int) -> int:
    """Take the days, print what each stage of a warm day took."""
    with tempfile.TemporaryDirectory() as folder:
        landing, lake = land(Path(folder) / "landing", posts, days), Path(folder) / "lake"
        mark_demonstration(lake)
        meter = Meter()
        run_pipeline(
            partial(session, "stages"),
            open_lake(lake),
            posts=landing,
            model=load_model_ref(DEFAULT_MODEL),
            on_progress=meter.on_progress,
        )
    table = {stage: averages(costs[1:]) for stage, costs in meter.costs.items()}
    table["all"] = {name: round(sum(r[name] for r in table.values()), 2) for name in Cost.NAMES}
    print("stage     " + "".join(f"{name:>9}" for name in Cost.NAMES))
    for stage, row in table.items():
        print(f"{stage:<10}" + "".join(f"{row[name]:>9.2f}" for name in Cost.NAMES))
    print(json.dumps({"posts": posts, "stages": table}))
    return 0


def averages(costs: "list[Cost]") -> dict[str, float]:
    """The mean of each number of some days' costs."""
    return {name: round(mean(getattr(cost, name) for cost in costs), 2) for name in Cost.NAMES}


@dataclass(frozen=True)
class Cost:
    """What a stage took for a day."""

    NAMES = ("seconds", "cpu", "jobs")

    seconds: float
    cpu: float
    jobs: int


@dataclass
class Meter:
    """Costs by stage, a day each, as the line reports its progress."""

    costs: dict[str, list[Cost]] = field(default_factory=dict)
    cpu: float = 0.0
    jobs: int = 0

    def on_progress(self, stage: str, _: int, outcome: Outcome | None) -> None:
        """Note what passed since the call before."""
        cpu, jobs = cpu_seconds(os.getpid()), jobs_so_far()
        if outcome is not None:
            cost = Cost(outcome.seconds, cpu - self.cpu, jobs - self.jobs)
            self.costs.setdefault(stage, []).append(cost)
        self.cpu, self.jobs = cpu, jobs


def cpu_seconds(parent: int) -> float:
    """CPU seconds of a process and all that came of it, the ended ones too."""
    used: dict[int, float] = {}
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The second field is a name in parentheses, which may hold spaces.
            fields = path.read_text().rpartition(")")[2].split()
            process = int(path.parent.name)
            used[process] = sum(map(int, fields[11:15])) / TICKS
            children.setdefault(int(fields[1]), []).append(process)
    family = [parent]
    for process in family:
        family += children.get(process, [])
    return sum(used.get(process, 0.0) for process in family)


def jobs_so_far() -> int:
    """How many jobs Spark has begun."""
    jobs = session("stages").sparkContext.statusTracker().getJobIdsForGroup()
    return max(jobs, default=-1) + 1


def land(folder: Path, posts: int, days: int) -> Path:
    """A landing zone of the first posts of the sample's first days, with what is about them."""
    folder.mkdir()
    shutil.copytree(SAMPLE / "media", folder / "media")
    of_day: Counter[str] = Counter()
    lines, ids = [], set()
    for line, row in rows("posts"):
        day = str(row.get("recorded_at"))[:10]
        of_day[day] += 1
        if of_day[day] <= posts and len(of_day) <= days:
            lines.append(line)
            ids.add(row.get("post_id"))
    (folder / "posts.jsonl").write_bytes(b"".join(lines))
    for source in ("users", "interactions", "labels", "account_labels"):
        about = [line for line, row in rows(source) if row.get("post_id") in {None, *ids}]
        (folder / f"{source}.jsonl").write_bytes(b"".join(about))
    return folder


def rows(source: str) -> Iterator[tuple[bytes, Row]]:
    """The lines of one of the sample's sources that hold an object, each with what it says."""
    for line in (SAMPLE / f"{source}.jsonl").read_bytes().split(b"\n"):
        with suppress(ValueError):
            row = json.loads(line)
            if isinstance(row, dict):
                yield line + b"\n", row


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--posts", type=int, default=100, help="posts a day")
    parser.add_argument("--days", type=int, default=3, help="the first warms up")
    sys.exit(main(**vars(parser.parse_args())))

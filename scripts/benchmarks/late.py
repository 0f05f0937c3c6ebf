"""What an unchanged day and a late edit of one post cost beside the day's first run, by stage.

    .venv/bin/python scripts/benchmarks/late.py --data ../shared/data --posts 1000

Takes a day of a landing zone, so many posts of it, through the stages of the daily run in a session
that a small day has warmed: first, once more as it is, and after the next day brought an edit of
one post. Printed is each stage's share of its first run, in seconds and in CPU seconds of this
process, of Java and of the workers, as a table and as one line of JSON. The last column counts the
Spark jobs of the run after the edit.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from stages import SAMPLE, Cost, cpu_seconds, jobs_so_far

from harmsweep.lake.delta import open_lake
from harmsweep.lake.late_posts import find_late, late_days
from harmsweep.lake.session import session
from harmsweep.model.reference import load_model_ref
from harmsweep.paths import CONF, DEFAULT_MODEL
from harmsweep.pipeline.conf import load_schedule
from harmsweep.pipeline.simulate.interactions import write_interactions
from harmsweep.policy.demonstration import approve_for_demonstration, mark_demonstration
from harmsweep.policy.file import load_policy
from harmsweep.stages.decide.stage import decide_day
from harmsweep.stages.embed.stage import embed_day
from harmsweep.stages.enforce import enforce_day
from harmsweep.stages.features.stage import features_day
from harmsweep.stages.ingest.lacking_days import lacking_days
from harmsweep.stages.ingest.stage import ingest_day
from harmsweep.stages.match import match_day
from harmsweep.stages.measure.stage import measure_day
from harmsweep.stages.ocr.stage import ocr_day
from harmsweep.stages.score.stage import score_day

Row = dict[str, Any]
Costs = dict[str, Cost]
RUNS = ("first", "again", "late")
# Enough posts that each stage has something to do.
WARM = 60
LEAST_CPU = 0.01


def main(*, data: Path, posts: int, day: date) -> int:
    """Measure the three runs and print what the later ones cost of the first."""
    with tempfile.TemporaryDirectory() as folder:
        costs_of_runs(Path(folder) / "warm", data, WARM, day)
        costs = costs_of_runs(Path(folder) / "measured", data, posts, day)
    table = {stage: {run: costs[run].get(stage) for run in RUNS} for stage in costs["late"]}
    table["all"] = {run: total(costs[run]) for run in RUNS}
    print(
        f"{'':<10}" + "".join(f"{run + ' s':>9}{'cpu':>8}" for run in RUNS) + "  again   late jobs"
    )
    for stage, of_runs in table.items():
        print(f"{stage:<10}" + line(of_runs))
    numbers = {
        stage: {run: vars(cost) for run, cost in of_runs.items() if cost}
        for stage, of_runs in table.items()
    }
    print(json.dumps({"posts": posts, "stages": numbers}))
    return 0


def line(of_runs: dict[str, Cost | None]) -> str:
    """A stage's seconds in each run, and what the later ones took of the first's CPU seconds."""
    shown = [of_runs[run] or Cost(0.0, 0.0, 0) for run in RUNS]
    first, again, late = shown
    text = "".join(f"{cost.seconds:>9.2f}{cost.cpu:>8.2f}" for cost in shown)
    if first.cpu < LEAST_CPU:
        return f"{text}{'':>14}{late.jobs:>5}"
    return f"{text}{again.cpu / first.cpu:>7.1%}{late.cpu / first.cpu:>7.1%}{late.jobs:>5}"


def total(costs: Costs) -> Cost:
    """The sum of the stages' costs."""
    each = costs.values()
    return Cost(sum(c.seconds for c in each), sum(c.cpu for c in each), sum(c.jobs for c in each))


def costs_of_runs(folder: Path, data: Path, posts: int, day: date) -> dict[str, Costs]:
    """What each stage took in each of the runs, in a lake of its own."""
    zone = folder / "landing"
    landed = land(zone, data, posts, day)
    lake = folder / "lake"
    mark_demonstration(lake)
    open_lake(lake)
    first = costs_of(stages(lake, zone, day, day))
    again = costs_of(stages(lake, zone, day, day))
    edit(zone, landed, day + timedelta(days=1))
    late = costs_of(stages(lake, zone, day, day + timedelta(days=1)))
    return {"first": first, "again": again, "late": late}


def stages(
    lake: Path, zone: Path, day: date, recorded: date
) -> Iterator[tuple[str, Callable[[], object]]]:
    """The tasks of the daily run of `recorded` for a day, by name; a late day where they differ."""
    spark, model = partial(session, "late"), load_model_ref(DEFAULT_MODEL)
    version, is_late = model.model_version, recorded > day
    template, own = CONF / "policy" / "demonstration.yaml", lake / "policy.yaml"
    policy = load_policy(approve_for_demonstration(template, version, own))

    def ingest() -> None:
        for each in [*lacking_days(spark, lake, recorded, landing=zone), recorded]:
            ingest_day(spark, lake, each, landing=zone)

    def list_late() -> None:
        window = timedelta(days=load_schedule().late_days)
        find_late(lake, recorded - window, recorded, model_version=version)
        assert late_days(lake, recorded) == ([day] if is_late else [])

    versions = {"model_version": version, "policy_version": policy.policy_version}
    media = {"media_root": zone}
    yield "ingest", ingest
    yield "late", list_late
    yield "features", partial(features_day, spark, lake, day, **media)
    yield "ocr", partial(ocr_day, spark, lake, day, **media)
    yield "embed", partial(embed_day, spark, lake, day, **media)
    yield "match", partial(match_day, spark, lake, day, **media)
    yield "score", partial(score_day, spark, lake, day, model=model)
    yield "decide", partial(decide_day, spark, lake, day, policy=policy, model=model)
    yield (
        "enforce",
        partial(enforce_day, lake, day, policy=policy, model=model, late_only=is_late),
    )
    yield "measure", partial(measure_day, lake, day, **versions)


def costs_of(tasks: Iterator[tuple[str, Callable[[], object]]]) -> Costs:
    """What each of the tasks took, by its name."""
    session("late")
    costs = {}
    for name, task in tasks:
        cpu, jobs, started = cpu_seconds(os.getpid()), jobs_so_far(), time.monotonic()
        task()
        seconds = time.monotonic() - started
        used = cpu_seconds(os.getpid()) - cpu
        costs[name] = Cost(round(seconds, 2), round(used, 2), jobs_so_far() - jobs)
    return costs


def land(zone: Path, data: Path, posts: int, day: date) -> list[Row]:
    """A landing zone of the day's first posts, with simulated interactions; gives the posts."""
    (zone / "posts").mkdir(parents=True)
    # Copied: a link out of the landing zone is refused.
    shutil.copytree(data / "media", zone / "media")
    chosen = [row for row in rows(data / "posts.jsonl") if recorded_day(row) == str(day)][:posts]
    write(zone / "posts" / f"{day}.jsonl", chosen)
    authors = {row.get("author_id") for row in chosen}
    users = (row for row in rows(data / "users.jsonl") if row.get("user_id") in authors)
    write(zone / "users.jsonl", users)
    write_interactions(zone, zone / "interactions.jsonl", seed=7)
    return chosen


def edit(zone: Path, landed: list[Row], recorded: date) -> None:
    """Land, on a later day, an edit of the post in the middle of those that have only words."""
    worded = [row for row in landed if row.get("text") and not row.get("media")]
    changed = worded[len(worded) // 2]
    changed = changed | {
        "text": f"{changed['text']} And that was all of it.",
        "revision": 2,
        "recorded_at": f"{recorded}T08:00:00+00:00",
    }
    write(zone / "posts" / f"{recorded}.jsonl", [changed])


def recorded_day(row: Row) -> str:
    """The UTC day that a landing row counts with."""
    return str(row.get("recorded_at") or row.get("created_at"))[:10]


def rows(path: Path) -> Iterator[Row]:
    """The objects of a file of JSON lines; what is none is left out."""
    for text in path.read_bytes().split(b"\n"):
        try:
            row = json.loads(text)
        except ValueError:
            continue
        if isinstance(row, dict):
            yield row


def write(path: Path, written: Iterator[Row] | list[Row]) -> None:
    """Write rows as JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in written))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--data", type=Path, default=SAMPLE, help="a landing zone")
    parser.add_argument("--posts", type=int, default=1000, help="so many of the day")
    parser.add_argument("--day", type=date.fromisoformat, default=date(2026, 10, 1))
    sys.exit(main(**vars(parser.parse_args())))

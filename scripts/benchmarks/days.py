"""What a day costs at first, unchanged, and after a long history.

Posts are made-up texts, each day's of its own, and a random model scores them. Two lakes take the
same days in turn through every stage: a young one, and one to whose first day a history was
added, in which each of so many days before holds that first day's files (hard links, so it takes
disk). Prints a table by stage and one line of JSON, in seconds. With --history 0 it takes two
small days, then one of --posts, in one lake, and prints each stage's rate above a small day.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import deltalake
from deltalake.transaction import AddAction
from random_model import make_model

from harmsweep.encoders.conf import load_encoders
from harmsweep.lake.delta import open_lake
from harmsweep.lake.session import session
from harmsweep.model.conf import load_training
from harmsweep.model.fusion import Input
from harmsweep.model.reference import ModelRef, load_model_ref
from harmsweep.pipeline.all_days import run_pipeline
from harmsweep.policy.demonstration import mark_demonstration
from harmsweep.tables.catalog import TABLES
from harmsweep.tables.spec import Table

FIRST = date(2026, 10, 1)
WORDS = "we saw the river rise and nobody came".split()  # noqa: SIM905
SMALL = 200
MOST_UNCHANGED, MOST_AFTER = 0.05, 1.25
Seconds = dict[str, float]


def main(*, folder: Path, posts: int, history: int, rounds: int) -> int:
    """Run all, print; 1 where an unchanged day or one after the history costs too much."""
    encoders = load_encoders()
    inputs = [
        Input(name=name, encoder_id=encoders[name].encoder_id, width=encoders[name].width)
        for name in load_training().inputs
    ]
    model = load_model_ref(make_model(folder / "model", inputs))
    young, old = folder / "young", folder / "old"
    mark_demonstration(young)
    take = partial(day_through, model=model, folder=folder, posts=posts)
    if not history:
        return large_day(take, young, posts)
    take(young, FIRST)
    shutil.copytree(young, old)
    started = time.perf_counter()
    files = sum(add_history(table, old, history) for table in TABLES.values())
    print(f"{history} days of {files} files in {time.perf_counter() - started:.0f} s", flush=True)
    # A day of each that is not counted: the JVM compiles what the first two days run.
    for lake in (old, young):
        take(lake, FIRST + timedelta(days=1))
    days = [FIRST + timedelta(days=n) for n in range(2, rounds + 2)]
    found: dict[str, list[Seconds]] = defaultdict(list)
    for place, day in enumerate(days):
        order = [("first", young), ("after", old)]
        for name, lake in order if place % 2 else reversed(order):
            found[name].append(take(lake, day))
        found["unchanged"].append(take(young, day))
        found["unchanged_after"].append(take(old, day))
    return report(found, posts=posts, history=history)


def large_day(take: Callable[..., Seconds], lake: Path, posts: int) -> int:
    """Posts a core-second of each stage beyond what a small day costs."""
    take(lake, FIRST, posts=SMALL)
    few = take(lake, FIRST + timedelta(days=1), posts=SMALL)
    many = take(lake, FIRST + timedelta(days=2))
    cores = session("days").sparkContext.defaultParallelism
    print("stage     small day  large day  posts a core-second")
    rates = {}
    for stage, seconds in many.items():
        more = max(seconds - few[stage], 0.01)
        rates[stage] = round((posts - SMALL) / more / cores, 1)
        print(f"{stage:<9} {few[stage]:>9.2f}  {seconds:>9.2f}  {rates[stage]:>19,.1f}")
    print(json.dumps({"posts": posts, "small": SMALL, "a_core_second": rates}))
    return 0


def report(found: dict[str, list[Seconds]], *, posts: int, history: int) -> int:
    """Print the medians by stage and in all."""
    median = {name: _medians(runs) for name, runs in found.items()}
    print("stage       first  unchanged   after  unchanged after")
    for stage in median["first"]:
        row = [median[name][stage] for name in ("first", "unchanged", "after", "unchanged_after")]
        print(f"{stage:<9} {row[0]:>7.2f}  {row[1]:>9.3f} {row[2]:>7.2f}  {row[3]:>15.3f}")
    total = {name: seconds["all"] for name, seconds in median.items()}
    shares = {
        "unchanged_share": total["unchanged"] / total["first"],
        "after_ratio": total["after"] / total["first"],
        "unchanged_after_share": total["unchanged_after"] / total["after"],
    }
    facts = {"posts_a_day": posts, "history_days": history, "rounds": len(found["first"])}
    print(json.dumps(facts | {n: round(s, 4) for n, s in shares.items()} | {"seconds": median}))
    least = max(shares["unchanged_share"], shares["unchanged_after_share"]) <= MOST_UNCHANGED
    return 0 if least and shares["after_ratio"] <= MOST_AFTER else 1


def _medians(runs: Sequence[Seconds]) -> Seconds:
    summed = [run | {"all": sum(run.values())} for run in runs]
    return {s: round(statistics.median(run[s] for run in summed), 4) for s in summed[0]}


def day_through(lake: Path, day: date, *, model: ModelRef, folder: Path, posts: int) -> Seconds:
    """Take a day through every stage; the seconds of each."""
    landing = folder / f"landing-{day}"
    if not landing.exists():
        land(landing, day, posts)
    done = run_pipeline(
        partial(session, "days"),
        open_lake(lake),
        posts=landing,
        model=model,
        on_progress=lambda *_: None,
    )
    return {outcome.stage: outcome.seconds for outcome in done.outcomes}


def land(landing: Path, day: date, posts: int) -> None:
    """A day's landing zone: posts with texts of their own, and a like of each."""
    rng = random.Random(str(day))
    landing.mkdir()
    texts, likes = [], []
    for number in range(posts):
        post_id, author = f"p{day:%Y%m%d}-{number}", f"a{rng.randrange(posts)}"
        at = f"{day}T{rng.randrange(24):02d}:00:00Z"
        text = " ".join([*rng.choices(WORDS, k=rng.randint(5, 30)), str(number)])
        texts.append({"post_id": post_id, "author_id": author, "created_at": at, "text": text})
        likes.append(
            {"kind": "like", "post_id": post_id, "post_day": str(day), "author_id": author,
             "actor_id": "a0", "recorded_at": at}
        )  # fmt: skip
    for name, rows in {"posts": texts, "interactions": likes}.items():
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (landing / f"{name}.jsonl").write_text(lines, encoding="utf-8")


def add_history(table: Table, lake: Path, days: int) -> int:
    """Give each of so many days before FIRST the files of FIRST; how many files that made."""
    stored = deltalake.DeltaTable(str(lake / table.name))
    if "day" not in table.partition_by:
        return 0
    added = []
    for action in stored.get_add_actions(flatten=True).to_struct_array().to_pylist():
        if action["partition.day"] != FIRST:
            continue
        for number in range(1, days + 1):
            day = FIRST - timedelta(days=number)
            added.append(_linked(action, lake / table.name, table, day))
    if added:
        stored.create_write_transaction(
            added, "append", stored.schema(), partition_by=list(table.partition_by)
        )
        deltalake.DeltaTable(str(lake / table.name)).create_checkpoint()
    return len(added)


def _linked(action: dict[str, Any], folder: Path, table: Table, day: date) -> AddAction:
    path = action["path"].replace(f"day={FIRST}", f"day={day}")
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    os.link(folder / action["path"], folder / path)
    values = {name: str(action[f"partition.{name}"]) for name in table.partition_by}
    stats = json.dumps({"numRecords": action["num_records"]})
    return AddAction(path, action["size_bytes"], values | {"day": str(day)}, 0, True, stats)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--folder", type=Path, help="where the lakes are made, and kept")
    parser.add_argument("--posts", type=int, default=300, help="posts a day")
    parser.add_argument("--history", type=int, default=1000, help="days before")
    parser.add_argument("--rounds", type=int, default=3)
    options = vars(parser.parse_args())
    with tempfile.TemporaryDirectory() as made:
        sys.exit(main(**options | {"folder": options["folder"] or Path(made)}))

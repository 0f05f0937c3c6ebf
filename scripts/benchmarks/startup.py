"""Where the seconds of a spark-submit go before a stage works.

Each step does what the one before it does and one thing more, as scripts of their own through the
DAGs' spark-submit, in alternating rounds; the difference of the medians is that thing's cost. The
last two are the score stage itself: on a day of an empty lake, and on a day with one post, which
needs Spark. Prints a table and one line of JSON, in seconds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

import deltalake
import pyarrow as pa
from random_model import make_model

from harmsweep.encoders.conf import load_encoders
from harmsweep.lake.delta import open_lake
from harmsweep.lake.session import JAVA_OPTIONS
from harmsweep.model.conf import load_training
from harmsweep.model.fusion import Input
from harmsweep.paths import ROOT
from harmsweep.tables.catalog import POSTS

EMPTY, DAY = date(2026, 10, 1), date(2026, 10, 2)
MOST_SECONDS = 12.0
IMPORTS = """from harmsweep.pipeline.job import parser, run
from harmsweep.stages.score.stage import score_day
"""
SESSION = f"{IMPORTS}from harmsweep.lake.session import session\nspark = session('startup')\n"
READ = (
    f"{SESSION}import sys\nfrom pathlib import Path\nfrom harmsweep.lake.delta import read\n"
    "from harmsweep.tables.catalog import POSTS\nread(spark, POSTS, Path(sys.argv[2])).count()\n"
)
STEPS = {
    "spark-submit and Python": "",
    "imports": IMPORTS,
    "Spark session": SESSION,
    "first read of Delta": READ,
}


def main(*, folder: Path, rounds: int) -> int:
    """Time each step, print the breakdown; 1 where an empty day takes too long."""
    lake = open_lake(folder / "lake")
    add_post(lake)
    encoders = load_encoders()
    inputs = [
        Input(name=name, encoder_id=encoders[name].encoder_id, width=encoders[name].width)
        for name in load_training().inputs
    ]
    model = make_model(folder / "model", inputs)
    commands = {name: script(folder, name, source) for name, source in STEPS.items()}
    commands = {name: [*command, "--lake", str(lake)] for name, command in commands.items()}
    job = [str(ROOT / "jobs" / "score.py"), "--lake", str(lake), "--model", str(model), "--day"]
    runs = commands | {"an empty day": [*job, str(EMPTY)], "a day with a post": [*job, str(DAY)]}
    found: dict[str, list[float]] = {name: [] for name in runs}
    for place in range(rounds + 1):
        forget(lake)
        for name, arguments in runs.items():
            seconds = submit(arguments)
            if place:  # the first round warms the disk's cache and is not counted
                found[name].append(seconds)
    medians = {name: round(statistics.median(each), 2) for name, each in found.items()}
    before = 0.0
    print("step                       seconds   of it")
    for name, seconds in medians.items():
        more = f"{seconds - before:+7.2f}" if name in STEPS else ""
        print(f"{name:<25}  {seconds:>7.2f}  {more}")
        before = seconds
    print(json.dumps({"rounds": rounds, "seconds": medians}))
    return 0 if medians["an empty day"] <= MOST_SECONDS else 1


def script(folder: Path, name: str, source: str) -> list[str]:
    path = folder / f"{name.replace(' ', '-')}.py"
    path.write_text(source, encoding="utf-8")
    return [str(path)]


def submit(arguments: list[str]) -> float:
    """Seconds of a spark-submit as dags/wiring/tasks.py has it."""
    settings = ROOT / "conf" / "spark" / "local.conf"
    command = ["spark-submit", "--master", "local[2,4]", "--properties-file", str(settings)]
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_SUBMIT_OPTS": JAVA_OPTIONS,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "OMP_NUM_THREADS": "1",
    }
    started = time.perf_counter()
    done = subprocess.run(
        [*command, "--name", "startup", "--deploy-mode", "client", *arguments],
        env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return seconds


def add_post(lake: Path) -> None:
    """One post, so that a day needs Spark."""
    noon = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)
    row = {
        "day": DAY, "post_id": "p1", "revision": 1, "event_id": "e1", "sequence": 1,
        "recorded_at": noon, "recorded_day": DAY, "created_at": noon, "status": "accepted",
        "author_id": "a1", "author_origin": "native", "text": "x", "text_flags": [], "media": [],
        "surface": "feed", "country": "ZZ", "dataset": "live", "split_group": "p1",
    }  # fmt: skip
    stored = deltalake.DeltaTable(str(lake / POSTS.name))
    schema = pa.schema(stored.schema().to_arrow())
    deltalake.write_deltalake(stored, pa.Table.from_pylist([row], schema=schema), mode="append")


def forget(lake: Path) -> None:
    """Drop the record of earlier rounds, so that no day counts as unchanged."""
    deltalake.DeltaTable(str(lake / "runs_v1")).delete()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--rounds", type=int, default=3)
    with tempfile.TemporaryDirectory() as made:
        sys.exit(main(folder=Path(made), **vars(parser.parse_args())))

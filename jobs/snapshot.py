"""Take a training snapshot of a day or of a range of days; prints its folder."""

import time
from collections.abc import Iterable
from datetime import date
from functools import partial
from pathlib import Path

from harmsweep.lake.runs import Outcome
from harmsweep.lake.session import session
from harmsweep.model.snapshot import load_snapshot
from harmsweep.pipeline.job import parser, run
from harmsweep.stages.snapshot.stage import take_snapshot


def main(*, lake: Path, days: list[date], out: Path) -> Iterable[Outcome]:
    started = time.monotonic()
    spark = partial(session, "snapshot")
    folder = take_snapshot(spark, lake, first=days[0], last=days[-1], out=out)
    rows = load_snapshot(folder).rows
    print(folder)
    seconds = time.monotonic() - started
    yield Outcome("snapshot", days[-1], sum(rows.values()), seconds, counts=rows)


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--out", type=Path, required=True, help="folder of the snapshots")
    run(main, arguments)

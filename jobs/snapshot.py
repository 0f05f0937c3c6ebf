"""Take a training snapshot of a day or of a range of days; prints its folder, and nothing else.

What it is made of is in the log on stderr, which spark-submit joins to stdout: the folder is then
the last line.
"""

from collections.abc import Iterable
from datetime import date
from functools import partial
from pathlib import Path

from harmsweep.lake.session import session
from harmsweep.pipeline.job import parser, run
from harmsweep.stages.snapshot.stage import take_snapshot


def main(*, lake: Path, days: list[date], out: Path) -> Iterable[str]:
    spark = partial(session, "snapshot")
    yield str(take_snapshot(spark, lake, first=days[0], last=days[-1], out=out))


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--out", type=Path, required=True, help="folder of the snapshots")
    run(main, arguments)

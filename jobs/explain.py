"""Explain the enforced posts of a day, or of a range of days: evidence, notice, statement."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from harmsweep.explain import explain_day
from harmsweep.job import add_model, parser, run
from harmsweep.runs import Outcome


def main(*, lake: Path, days: list[date], model: Path, media: Path | None) -> Iterable[Outcome]:
    for day in days:
        yield explain_day(lake, day, model=model, media=media)


if __name__ == "__main__":
    arguments = parser(__doc__)
    add_model(arguments)
    arguments.add_argument(
        "--media", type=Path, help="folder of the landing zone: search pictures and videos too"
    )
    run(main, arguments)

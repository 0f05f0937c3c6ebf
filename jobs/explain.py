"""Explain enforced posts: evidence, notice, statement.

Without days: those of all days on which something took effect in the last 30 days, by whomever.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

from harmsweep.lake.runs import Outcome
from harmsweep.model.reference import ModelRef
from harmsweep.pipeline.job import add_model, parser, run
from harmsweep.stages.explain import explain_day, recent_days


def main(*, lake: Path, days: list[date], model: ModelRef, media: Path | None) -> Iterable[Outcome]:
    for day in days or recent_days(lake, datetime.now(UTC)):
        yield explain_day(lake, day, model=model, media=media)


if __name__ == "__main__":
    arguments = parser(__doc__, days_required=False)
    add_model(arguments)
    arguments.add_argument(
        "--media", type=Path, help="folder of the landing zone: search pictures and videos too"
    )
    run(main, arguments)

"""Score the posts of a day or of a range of days with a trained model."""

from collections.abc import Iterable
from datetime import date
from functools import partial
from pathlib import Path

from harmsweep.lake.runs import Outcome
from harmsweep.lake.session import session
from harmsweep.model.reference import ModelRef
from harmsweep.pipeline.job import add_late, add_model, parser, run
from harmsweep.stages.score.stage import score_day


def main(*, lake: Path, days: list[date], model: ModelRef) -> Iterable[Outcome]:
    for day in days:
        yield score_day(partial(session, "score"), lake, day, model=model)


if __name__ == "__main__":
    arguments = parser(__doc__)
    add_late(arguments)
    add_model(arguments)
    run(main, arguments)

"""Decide, under a policy, about the scored posts of a day or of a range of days."""

from collections.abc import Iterable
from datetime import date
from functools import partial
from pathlib import Path

from harmsweep.lake.runs import Outcome
from harmsweep.lake.session import session
from harmsweep.model.manifest import load_manifest
from harmsweep.pipeline.job import add_model, parser, run
from harmsweep.policy.certificates import folder_beside
from harmsweep.stages.decide.stage import decide_day


def main(*, lake: Path, days: list[date], model: Path, policy: Path) -> Iterable[Outcome]:
    """Decide about each day in order."""
    decide = partial(decide_day, partial(session, "decide"), lake, policy=policy)
    version, certificates = load_manifest(model).model_version, folder_beside(model)
    for day in days:
        yield decide(day, model_version=version, certificates=certificates)


if __name__ == "__main__":
    arguments = parser(__doc__)
    add_model(arguments)
    arguments.add_argument("--policy", type=Path, required=True, help="policy file")
    run(main, arguments)

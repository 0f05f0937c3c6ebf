"""Suspend the claims in force that people's answers rule out, and draw posts of the days to judge.

The last line is a warning where a claim was suspended: from then on it leads to review alone.
"""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from harmsweep.model.reference import ModelRef
from harmsweep.pipeline.job import add_model, add_policy, parser, run
from harmsweep.policy.file import Policy
from harmsweep.release.conf import load_release
from harmsweep.release.watch import draw_audits, suspend_failed


def main(*, lake: Path, days: list[date], model: ModelRef, policy: Policy) -> Iterable[str]:
    """Suspend first, so that the day's decisions go by it; then draw."""
    config = load_release().watch
    failed = suspend_failed(lake, model, policy, config)
    for day in days:
        drawn = draw_audits(lake, day, model, policy, config)
        yield f"watch {day}: {drawn} posts to judge"
    for one in failed:
        yield f"warning: suspended {one.pair}/{one.claim.name}: {one.found}"


if __name__ == "__main__":
    arguments = parser(__doc__)
    add_model(arguments)
    add_policy(arguments)
    run(main, arguments)

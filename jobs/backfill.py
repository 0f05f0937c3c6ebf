"""Plan the stages of past days, show such a plan as a line of JSON, or start it by its id."""

from collections.abc import Iterable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from harmsweep.lake.session import session
from harmsweep.pipeline.backfill.record import newest_backfill, plan_backfill, start_backfill
from harmsweep.pipeline.backfill.request import Request, stages
from harmsweep.pipeline.job import add_by, add_model, add_policy, parser, run


def main(*, act: str, lake: Path, days: list[date], by: str, **options: Any) -> Iterable[Any]:
    plan, model, policy = (options.pop(name) for name in ("plan", "model", "policy"))
    files = {"model": model.manifest, "policy": policy.path}
    request = Request(first=days[0], last=days[-1], **options, **files)
    if act == "plan":
        yield plan_backfill(partial(session, "backfill"), lake, request, by=by)
    elif act == "show":
        print(newest_backfill(lake, request).model_dump_json())
    else:
        print(start_backfill(lake, plan, request, by=by).model_dump_json())


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("act", choices=("plan", "show", "start"))
    arguments.add_argument("--stages", type=stages, required=True, help="joined by ,")
    add_model(arguments)
    arguments.add_argument("--landing", type=Path, required=True, help="the landing zone")
    add_policy(arguments)
    arguments.add_argument("--reason", required=True, help="why; kept in the audit")
    arguments.add_argument("--plan", default="", help="with start, the plan's id")
    add_by(arguments)
    run(main, arguments)

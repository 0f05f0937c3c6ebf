"""The command for people, `harmsweep`: ask the lake and its days, keep banks, act and repair.

It imports what the command needs, so that a short one is quick, and starts no Spark. Data goes to
stdout, everything else to stderr. Exit codes are those of the jobs: 0 done, 1 failed, 2 usage, 3
refused, 4 held.
"""

import os
import sys
from pathlib import Path

from cyclopts import App, CycloptsError

from harmsweep.cli.for_another import advised
from harmsweep.cli.options import DEFAULT_LAKE
from harmsweep.errors import FAILED, USAGE, exit_code, one_line
from harmsweep.logs import clean
from harmsweep.paths import SWITCH

app = App(
    name="harmsweep",
    help="Ask the tables, keep banks, check labels, plan and repair enforcement.",
)
COMMANDS = (
    *("query:query", "table_list:tables", "day_status:days", "doctor:doctor"),
    *(
        "status:status",
        "explain_post:explain",
        "label_quality:agreement",
        "label_quality:label_errors",
    ),
    *("bank:bank", "policy_check:policy"),
    *("plan_acts:plan", "plan_acts:show", "plan_acts:approve", "plan_acts:apply"),
    *("sweeps:undo", "sweeps:hold", "sweeps:replay", "sweeps:ramp", "sweeps:stop", "sweeps:start"),
    *("certify_acts:certify", "learn_acts:learn"),
    *("review_acts:verdict", "review_acts:appeal", "review_acts:order", "review_acts:exempt"),
)
for command in COMMANDS:
    app.command(f"harmsweep.cli.{command}")


def main() -> None:
    """The console script: run a command; an error is one line on stderr and an exit code."""
    try:
        if not sys.argv[1:] or sys.argv[1] in app.help_flags:
            app.resolved_commands()  # which alone know what each is for
        command, bound, _ = app.parse_args(sys.argv[1:], exit_on_error=False)
        if command.__name__ != "start":  # which ends it
            say_if_stopped(bound.arguments.get("lake") or DEFAULT_LAKE)
        command(*bound.args, **bound.kwargs)
    except CycloptsError:
        sys.exit(USAGE)
    except Exception as error:
        if os.environ.get("HARMSWEEP_TRACE"):
            raise
        text = str(error) if exit_code(error) != FAILED else one_line(error)
        print(f"harmsweep: {clean(advised(text))}", file=sys.stderr)
        sys.exit(exit_code(error))


def say_if_stopped(lake: Path) -> None:
    """Say on stderr that a lake's switch is off, and who turned it off, when and why."""
    switch = lake / SWITCH
    if switch.exists():
        said = clean(switch.read_text(encoding="utf-8").strip())
        print(f"STOPPED: nothing automatic takes effect here; {said}", file=sys.stderr)

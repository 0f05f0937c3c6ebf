"""The command for people, `harmsweep`: ask the lake and its days, keep banks, act and repair.

Importing it starts no Spark and imports no torch. Data goes to stdout, everything else to stderr.
Exit codes are those of the jobs: 0 done, 1 failed, 2 usage, 3 refused, 4 held.
"""

import os
import sys
from typing import Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter

from harmsweep.cli import plan_acts, review_acts
from harmsweep.cli import sweeps as acts
from harmsweep.cli.bank import DEFAULT_LAKE, Lake, bank
from harmsweep.cli.day_status import days
from harmsweep.cli.doctor import print_checks
from harmsweep.cli.explain_post import explain
from harmsweep.cli.for_another import advised
from harmsweep.cli.label_quality import agreement, label_errors
from harmsweep.cli.output import show
from harmsweep.cli.policy_check import policy
from harmsweep.cli.query import ask
from harmsweep.cli.table_list import print_table, print_tables
from harmsweep.errors import FAILED, USAGE, exit_code, one_line
from harmsweep.logs import clean

app = App(
    name="harmsweep",
    help="Ask the tables, keep banks, check labels, plan and repair enforcement.",
)
app.command(bank)
app.command(agreement)
app.command(label_errors)
app.command(explain)
app.command(days)
app.command(policy)
ACTS: tuple[Any, ...] = (
    *(plan_acts.plan, plan_acts.show, plan_acts.approve, plan_acts.apply),
    *(acts.undo, acts.hold, acts.replay),
    *(acts.ramp, acts.stop, acts.start),
    *(review_acts.verdict, review_acts.appeal, review_acts.order, review_acts.exempt),
)
for act in ACTS:
    app.command(act)


@app.command
def query(
    sql: str,
    *,
    lake: Lake = DEFAULT_LAKE,
    as_of: Annotated[list[str] | None, Parameter(negative=())] = None,
    format: Literal["table", "csv", "json"] = "table",
    limit: int | None = None,
) -> None:
    """Answer a SELECT over the lake's tables.

    Parameters
    ----------
    sql
        One SELECT; a table goes by its name, scores_v1, or without the version, scores.
    as_of
        Read a table as it was at version N; with several tables, TABLE=N, once for each.
    format
        csv and json are for other programs: csv disarms cells that a spreadsheet would run.
    limit
        Rows at most; by default 100 as a table, and all as csv or json.
    """
    most = 100 if limit is None and format == "table" else limit
    # One more row than is shown tells whether there are more.
    rows = ask(lake, sql, as_of=as_of or [], limit=None if most is None else most + 1)
    show(rows.slice(0, most), format)
    if most is not None and rows.num_rows > most:
        print(f"the first {most} rows; --limit N gives more", file=sys.stderr)


@app.command
def tables(name: str | None = None, *, lake: Lake = DEFAULT_LAKE) -> None:
    """List the tables with their keys, rows and days, or the columns of one and who uses it.

    Parameters
    ----------
    name
        A table, such as scores: gives its columns, what each is for, and who writes and reads it.
    """
    if name is None:
        print_tables(lake)
    else:
        print_table(lake, name)


@app.command
def doctor(
    *, repair: str | None = None, dry_run: acts.DryRun = False, lake: Lake = DEFAULT_LAKE
) -> None:
    """Check Python, Java, the environments, JARs, encoders and tables; say how to mend each.

    Parameters
    ----------
    repair
        Make this damaged table again from what has all that it held, and check nothing else.
    """
    if repair:
        from harmsweep.maintenance.repair import repair as make_again

        print(make_again(lake, repair, dry_run=dry_run))
    elif not print_checks(lake):
        sys.exit(FAILED)


def main() -> None:
    """The console script: run a command; an error is one line on stderr and an exit code."""
    try:
        app(sys.argv[1:], exit_on_error=False)
    except CycloptsError:
        sys.exit(USAGE)
    except Exception as error:
        if os.environ.get("HARMSWEEP_TRACE"):
            raise
        text = str(error) if exit_code(error) != FAILED else one_line(error)
        print(f"harmsweep: {clean(advised(text))}", file=sys.stderr)
        sys.exit(exit_code(error))

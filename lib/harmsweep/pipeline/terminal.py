"""What a person sees while the line runs and when it has ended."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from harmsweep.lake.runs import Outcome
from harmsweep.pipeline.all_days import OnProgress, PipelineRun
from harmsweep.reports import lake_figures
from harmsweep.reports.lake import records


@contextmanager
def progress(console: Console) -> Iterator[OnProgress]:
    """A bar a stage on a terminal, elsewhere a line a stage and day, with items and seconds."""
    columns = (
        TextColumn("{task.description:<9}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("days"),
        TextColumn("{task.fields[items]:>7,} items"),
        TimeElapsedColumn(),
    )
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:

        def on_progress(stage: str, days: int, outcome: Outcome | None) -> None:
            if stage not in tasks:
                for task in tasks.values():
                    bars.update(task, completed=bars.tasks[task].total)
                    bars.stop_task(task)
                tasks[stage] = bars.add_task(stage, total=days, items=0)
            if outcome is not None:
                items = bars.tasks[tasks[stage]].fields["items"] + outcome.items
                bars.update(tasks[stage], advance=1, items=items)
            if not console.is_terminal:
                line = outcome.line() if outcome else f"{stage}…"
                console.print(line, highlight=False, soft_wrap=True)

        yield on_progress


def print_summary(
    console: Console, done: PipelineRun, lake: Path, report: Path, explained: Sequence[str]
) -> None:
    """The closing table: what holds now and why, where the tables are, what to ask first."""
    effects = records(lake_figures.in_force(lake))
    table = Table(title="Posts under an action now", title_justify="left")
    for name in ("action", "harm", "posts", "why"):
        table.add_column(name, justify="right" if name == "posts" else "left")
    for row in effects:
        why = "the input was damaged or nothing of it could be scored"
        if row["lowest_score"] is not None:
            why = f"scores from {row['lowest_score']:.3f}, threshold {row['threshold']:.2f}"
        table.add_row(row["action"], row["harm"], str(row["posts"]), why)
    console.print(table)
    if not done.changed:
        console.print(f"Nothing changed: all {len(done.outcomes)} stages and days were up to date.")
    question = "SELECT day, action, harm, count(*) AS posts FROM decisions_now GROUP BY 1, 2, 3"
    lines = [f"tables  {lake}", f"report  {report}"]
    lines += [f'ask     .venv/bin/harmsweep query --lake {lake} "{question}"']
    if explained:
        lines += [f"why     .venv/bin/harmsweep explain --lake {lake} {shlex.quote(explained[0])}"]
        every = f"jobs/explain.py --lake {lake} --model {done.model.manifest} --media {done.posts}"
        lines += [f"all     .venv/bin/python {every}"]
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True, markup=False)

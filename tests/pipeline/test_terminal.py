"""What stands where no terminal is, such as in a log."""

from datetime import date
from io import StringIO

from rich.console import Console

from harmsweep.lake.runs import Outcome
from harmsweep.pipeline.terminal import progress


def test_a_stage_of_a_day_is_one_line() -> None:
    console = Console(file=StringIO(), width=40)
    counts = {f"a_long_name_{n}": n for n in range(9)}
    outcome = Outcome("ingest", date(2026, 10, 1), items=1, seconds=2.0, counts=counts)
    with progress(console) as on_progress:
        on_progress("ingest", 1, None)
        on_progress("ingest", 1, outcome)
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue().splitlines() == ["ingest…", outcome.line()]

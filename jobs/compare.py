"""Compare the model's design with the alternatives to it; run with the trainer's own Python.

Prints one line of JSON: the comparison's path, and that of its tables in Markdown.
"""

import json
from pathlib import Path

from rich.console import Console

from harmsweep.training.experiments.comparison import compare
from harmsweep.training.experiments.comparison_tables import markdown, printed
from harmsweep.training.trainer_job import parser, run


def main(*, snapshot: Path, out: Path, seeds: int, config: Path) -> dict[str, str]:
    """Compare; show the tables and write them beside the comparison."""
    path = compare(snapshot, out=out, seeds=seeds, config=config)
    content = json.loads(path.read_text(encoding="utf-8"))
    path.with_suffix(".md").write_text(markdown(content), encoding="utf-8")
    Console(stderr=True).print(printed(content))
    return {"comparison": str(path), "tables": str(path.with_suffix(".md"))}


if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--out", type=Path, required=True, help="folder of the comparisons")
    arguments.add_argument("--seeds", type=int, default=3, help="trainings of each (default: 3)")
    run(main, arguments)

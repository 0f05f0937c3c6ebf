"""Compare the model's design with the alternatives to it; run with the trainer's own Python.

Prints one line of JSON: the comparison's path, and that of its tables in Markdown.
"""

import argparse
import json
import warnings
from pathlib import Path
from typing import Any

from rich.console import Console

from harmsweep.errors import finish
from harmsweep.paths import CONF
from harmsweep.training.experiments.comparison import compare
from harmsweep.training.experiments.comparison_tables import markdown, printed


def main(**options: Any) -> dict[str, str]:
    """Compare; show the tables and write them beside the comparison."""
    path = compare(**options)
    content = json.loads(path.read_text(encoding="utf-8"))
    path.with_suffix(".md").write_text(markdown(content), encoding="utf-8")
    Console(stderr=True).print(printed(content))
    return {"comparison": str(path), "tables": str(path.with_suffix(".md"))}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--snapshot", type=Path, required=True, help="folder of the snapshot")
    parser.add_argument("--out", type=Path, required=True, help="folder of the comparisons")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each (default: 3)")
    parser.add_argument("--config", type=Path, default=CONF / "training.yaml")
    options = vars(parser.parse_args())
    # petastorm 0.13.1 calls interfaces that pyarrow 14 still has and says so at every row group.
    warnings.simplefilter("ignore", FutureWarning)
    finish(lambda: [json.dumps(main(**options))], parser.prog)

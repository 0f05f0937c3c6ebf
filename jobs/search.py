"""Search for better options of the fit within a budget; run with the trainer's own Python.

Prints one line of JSON: trials, the lowest validation loss, the first trial's (what conf has), and
the options, for the section `fit` of conf/training.yaml. Run again, it goes on.
"""

from pathlib import Path

from harmsweep.paths import CONF
from harmsweep.training.experiments.search import search
from harmsweep.training.trainer_job import parser, run

if __name__ == "__main__":
    arguments = parser(__doc__)
    arguments.add_argument("--tracking", type=Path, required=True, help="folder of MLflow's files")
    arguments.add_argument("--minutes", type=float, default=10, help="budget (default: 10)")
    arguments.add_argument("--trials", type=int, help="in all, those of earlier calls too")
    arguments.add_argument("--space", type=Path, default=CONF / "search.yaml")
    run(search, arguments)
